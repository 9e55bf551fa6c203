"""Whether Chroma and the copy on disk hold what the database says, and putting right what they do not.

The database is the truth. What merely waits, because a process wrote to the database and no memory was opened since, is no
difference: the next opening takes it in.
"""

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from records.database import Database, EmbedderIdentity, IndexPart
from records.embedder import Embedder
from records.errors import StoreCorrupt
from vectorstore.chroma_place import ChromaPlace
from vectorstore.difference import Checked, Difference, Say, still
from vectorstore.folder_lock import lock_folder
from vectorstore.index import EventIndex
from vectorstore.known import KnownEvents
from vectorstore.parts import Parts
from vectorstore.upkeep import Upkeep, copy_folder
from vectorstore.verify_copy import check_copy
from vectorstore.verify_index import IndexCheck, IndexVerifier

SECOND_LOOK_SECONDS = 5.0
"""After which another writer's batch, 2,000 vectors at most, is finished, removals too: Chroma takes 2 s for one."""

REFILL_SHARE = 0.5
"""A part with more wrong vectors than this is filled anew: a graph whose vectors are replaced one by one gets worse."""


@dataclass(frozen=True)
class Verification:
    """What was found, done, and is left."""

    found: Checked
    repaired: tuple[str, ...] = ()
    """What was put right, in sentences; empty when nothing was, or was not asked for."""
    left: Checked | None = None
    """The look after the repair; None: there was none."""

    @property
    def whole(self) -> bool:
        """Nothing differs any more."""
        return (self.left or self.found).whole


class Verifier:
    """Of one memory. `waits`: seconds before the second look in a shared place; `sleep` is handed in for tests."""

    def __init__(
        self,
        directory: Path,
        place: ChromaPlace,
        database: Database,
        embedder: EmbedderIdentity,
        *,
        say: Say,
        waits: float = SECOND_LOOK_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._directory = directory
        self._place = place
        self._database = database
        self._embedder = embedder
        self._say = say
        self._waits = waits
        self._sleep = sleep

    def verify(
        self, *, repair_with: Callable[[], Embedder] | None = None, lock_wait_seconds: float = 5.0
    ) -> Verification:
        """Compares; `repair_with`, which gives the embedder if one is needed, asks for repair and a last look. Raises
        StoreLocked when another process has an embedded memory open, StoreUnreachable, StoreRefused, ModelError."""
        with ExitStack() as closing:
            if not self._place.shared:
                closing.callback(lock_folder(self._directory, lock_wait_seconds).release)
            found = self._twice()
            if repair_with is None or (found.whole and not found.unembedded and not found.waiting):
                return Verification(found)
            repaired = self._repair(found, repair_with)
            return Verification(found, tuple(repaired), self._twice())

    def _twice(self) -> Checked:
        """One look; in a shared place another one at what was found."""
        first = self._look(())
        if first.whole or not self._place.shared:
            return first
        self._say(f"Looking again in {self._waits:g} seconds: other processes may be writing …")
        self._sleep(self._waits)
        second = self._look(first.differences)
        left = still(first.differences, second.differences)
        return Checked(
            second.events, second.parts, second.sampled, second.unembedded, second.waiting, second.copy_rows, left
        )

    def _look(self, suspects: Collection[Difference]) -> Checked:
        self._say("Reading the database …")
        differences = [Difference("database", text) for text in self._database.check()]
        try:
            index = self._index(suspects)
        except StoreCorrupt as error:
            differences.append(Difference("index_damaged", str(error)))
            index = IndexCheck((), 0, 0)
        self._say("Comparing the copy on disk …")
        copy = check_copy(self._database, self._embedder, copy_folder(self._directory, self._embedder))
        events = self._database.count_events()
        return Checked(
            events=events,
            parts=len(self._database.index_parts(self._embedder)),
            sampled=index.sampled + copy.sampled,
            unembedded=events - self._database.count_vectors(self._embedder),
            waiting=index.waiting,
            copy_rows=copy.rows,
            differences=(*differences, *index.differences, *copy.differences),
        )

    def _index(self, suspects: Collection[Difference]) -> IndexCheck:
        index = EventIndex.open(self._place, self._embedder)
        try:
            return IndexVerifier(self._database, self._embedder, index).check(self._say, suspects)
        finally:
            index.close()

    # putting right

    def _repair(self, found: Checked, repair_with: Callable[[], Embedder]) -> list[str]:
        kinds = {each.kind for each in found.differences}
        if "index_damaged" in kinds:
            return [self._built_anew(repair_with())]
        done = []
        if found.unembedded:
            self._say(f"Embedding {found.unembedded:,} events …")
            upkeep = Upkeep(self._directory, self._place, self._database, repair_with())
            done.append(f"Embedded {upkeep.embed_missing(None):,} events.")
        index = EventIndex.open(self._place, self._embedder)
        try:
            done += self._mend_index(index, found.differences)
        finally:
            index.close()
        if any(kind.startswith("copy_") for kind in kinds):
            self._say("Building the copy on disk anew …")
            copy = KnownEvents(copy_folder(self._directory, self._embedder), self._database, self._embedder)
            done.append(f"Built the copy on disk anew: {len(copy.rebuild()):,} events.")
        return done

    def _built_anew(self, embedder: Embedder) -> str:
        self._say("Building the index anew …")
        upkeep = Upkeep(self._directory, self._place, self._database, embedder)
        try:
            upkeep.open(True, lambda done, total: self._say(f"{done:,} of {total:,}"))
        finally:
            upkeep.close()
        return "Built the index and the copy on disk anew."

    def _mend_index(self, index: EventIndex, differences: Sequence[Difference]) -> list[str]:
        verifier, done = IndexVerifier(self._database, self._embedder, index), list[str]()
        verifier.parts.load()  # makes collections that are gone
        for each in differences:
            if each.kind == "abandoned":
                for text in each.ids:
                    index.drop(text.split(",")[0])
                done.append(f"Deleted {len(each.ids)} collections that belonged to no part.")
            elif each.part is not None and each.part in verifier.parts.all:
                self._say(f"Putting right: {each.text}")
                done += self._mend_part(index, verifier, each, each.part)
        filled = verifier.parts.catch_up(lambda now, total: self._say(f"Indexing {now:,} of {total:,}"))
        index.settle()
        return [*done, f"Gave Chroma {filled:,} events that it had not been given."] if filled else done

    def _mend_part(self, index: EventIndex, verifier: IndexVerifier, fault: Difference, part: IndexPart) -> list[str]:
        """What is wrong now, not what was: another process may have put it right, or moved it, since."""
        parts: Parts = verifier.parts
        contents = parts.contents(part)
        if fault.kind in ("strays", "misplaced"):
            wrong = sorted(fault.ids - contents.expected)
            with index.writing(part.collection):
                index.delete(part.collection, wrong)
            parts.unmark(part, wrong)
            return [f"Took {len(wrong):,} events that do not belong there out of Chroma."]
        differing = (
            verifier.differing(part, contents.marked & contents.held) if fault.kind == "vectors_differ" else set()
        )
        wrong_ids = (contents.marked & contents.expected) - contents.held if fault.kind == "missing" else differing
        anew = fault.kind in ("not_found", "count") or len(wrong_ids) > REFILL_SHARE * len(contents.expected)
        if anew:
            parts.refill(part)
            return [f"Filled a part of {len(contents.expected):,} events anew."]
        parts.put(part, sorted(wrong_ids))
        return [f"Wrote {len(wrong_ids):,} vectors into Chroma again."] if wrong_ids else []
