"""A folder → the articles of its files that are new since last time. A file that is still being written waits."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from feeds.finish import clipped
from feeds.intake import read_file
from feeds.limits import Limits
from feeds.load import article_in
from feeds.received import Delivery, Faulty, Item, Received, digest, faulty
from feeds.tables import is_table, read_table
from records.errors import SourceError, SourceUnreadable
from records.times import Clock

SETTLE_SECONDS = 2.0
"""A file changed less than this long ago is looked at twice: its writer may not be done."""
_UNFINISHED_SUFFIXES = (".tmp", ".part", ".partial", ".crdownload", ".swp", "~")

Stamp = tuple[int, int]
"""Size and time of the last change, ns."""


class Folder:
    """One folder with what was taken in from it before."""

    def __init__(
        self, path: str, known: Mapping[str, str], clock: Clock, limits: Limits, pause: Callable[[float], None]
    ) -> None:
        """`known`: entry digest → version digest. `pause` sleeps so many seconds."""
        self._path = path
        self._known = known
        self._clock = clock
        self._limits = limits
        self._pause = pause

    def read(self) -> Delivery:
        """Its new and changed files in the order of their names, subfolders included, hidden files left out.

        Raises SourceUnreadable when it is no folder that can be listed.
        """
        delivery = Delivery(iter(()))
        files = self._stamps()
        new = {}
        for path, stamp in files.items():
            if self._known.get(digest(path)) == _version(stamp):
                delivery.known += 1
            else:
                new[path] = stamp
        delivery.items = self._items(new)
        return delivery

    def _items(self, new: Mapping[str, Stamp]) -> Iterator[Item]:
        growing = self._growing(new)
        for path, stamp in new.items():
            if path in growing:
                yield _unfinished(path)
            else:
                yield from self._file(path, stamp)

    def _growing(self, new: Mapping[str, Stamp]) -> set[str]:
        """Those whose size or time changes while they are watched for a moment."""
        now = self._clock().timestamp()
        young = {path: stamp for path, stamp in new.items() if now - stamp[1] / 1e9 < SETTLE_SECONDS}
        if not young:
            return set()
        self._pause(SETTLE_SECONDS)
        return {path for path, stamp in young.items() if _stamp(path) != stamp}

    def _file(self, path: str, stamp: Stamp) -> Iterator[Item]:
        name, whole = os.path.relpath(path, self._path), True
        last: Received | None = None
        try:
            for item in self._read(path):
                if isinstance(item, Faulty):
                    yield replace(item, name=f"{name}, {item.name}")
                    continue
                if last is not None:
                    yield last
                last = item
        except SourceError as error:
            whole = False
            yield faulty(name, error)
        if _stamp(path) != stamp:
            yield _unfinished(path)
            whole = False
        if last is not None:  # the file counts as taken in with its last article, and only if it was read to its end
            yield replace(last, entry=digest(path), version=_version(stamp)) if whole else last

    def _read(self, path: str) -> Iterator[Item]:
        if is_table(path):
            yield from read_table(path, self._clock, self._limits)
        else:
            yield Received(clipped(article_in(read_file(path, self._limits), self._clock(), self._limits)))

    def _stamps(self) -> dict[str, Stamp]:
        def fail(error: OSError) -> None:
            raise error

        found: dict[str, Stamp] = {}
        try:
            for folder, folders, names in os.walk(self._path, onerror=fail):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in sorted(names):
                    path = str(Path(folder) / name)
                    stamp = None if name.startswith(".") or name.endswith(_UNFINISHED_SUFFIXES) else _stamp(path)
                    if stamp is not None:
                        found[path] = stamp
        except OSError as error:
            raise SourceUnreadable(f"The folder {self._path} cannot be listed: {error.strerror or error}.") from error
        return found


def _stamp(path: str) -> Stamp | None:
    """None for what is gone or no plain file: a pipe would never end."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_size, status.st_mtime_ns


def _version(stamp: Stamp) -> str:
    return digest(*map(str, stamp))


def _unfinished(path: str) -> Faulty:
    return Faulty(Path(path).name, "unfinished", f"{path} is still being written; it is read next time.")
