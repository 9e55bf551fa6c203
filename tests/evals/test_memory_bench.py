import json
from pathlib import Path

import numpy as np
import pytest

from evals.memory import corpus as corpora
from evals.memory.corpus import Corpus
from evals.memory.peers import PEERS, Exact, best
from evals.memory.questions import SHARES, WARM_UP, ask
from evals.memory.run import Request, bench_recall, verdict
from evals.memory.scoring import answers, hybrid_levels, levels
from evals.memory.synthetic import CHUNK, World, event_id, row_of
from evals.memory.table_embedder import TableEmbedder
from evals.memory.truth import MIN_SIMILARITY, TOP, recall_at_10
from records.errors import UsageError
from records.times import to_epoch
from terminal.bench_recall import table

EVENTS, SEED = 2_000, 7

whole_run = pytest.mark.timeout(
    900
)  # seven processes one after another: seconds on a quiet machine, minutes on a busy one


def silent(_: str) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def world() -> World:
    return World(EVENTS, SEED)


@pytest.fixture(scope="module")
def corpus(world: World, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return corpora.make(tmp_path_factory.mktemp("corpus"), world, 20, silent)


def test_the_same_seed_makes_the_same_events(world: World) -> None:
    again, other = World(EVENTS, SEED), World(EVENTS, SEED + 1)
    assert np.array_equal(world.vectors(0), again.vectors(0))
    assert world.chunk_events(0) == again.chunk_events(0)
    assert not np.array_equal(world.vectors(0), other.vectors(0))


def test_a_chunk_does_not_depend_on_the_chunks_before_it() -> None:
    whole, part = World(CHUNK + 500, SEED), World(CHUNK + 500, SEED)
    list(whole.chunks())
    assert np.array_equal(whole.vectors(CHUNK), part.vectors(CHUNK))


def test_vectors_are_unit_rows_and_events_lie_in_order_of_when_they_were_known(world: World) -> None:
    assert np.allclose(np.linalg.norm(world.vectors(0), axis=1), 1, atol=1e-5)
    events = world.chunk_events(0)
    assert [row_of(event.id) for event in events] == list(range(EVENTS))
    known = [event.reaction.known_at for event in events if event.reaction is not None]
    assert known == sorted(known)
    assert [to_epoch(each) for each in known] == world.plan.known_at.tolist()
    assert all(event.reaction.known_at > event.published_at for event in events if event.reaction is not None)


def test_copies_of_a_burst_are_near_and_close_in_time(world: World) -> None:
    plan, vectors = world.plan, world.vectors(0)
    bursts = np.flatnonzero(plan.burst_of & (plan.size_of >= 50))
    assert len(bursts) >= 2
    for burst in bursts:
        rows = np.flatnonzero(plan.story == burst)
        similarity = vectors[rows] @ vectors[rows].T
        assert similarity.min() > 0.95
        assert np.ptp(plan.published_at[rows]) <= 5 * 86_400_000_000


def test_neighbours_are_as_near_as_in_real_headlines(world: World) -> None:
    vectors = world.vectors(0)
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -1)
    assert 0.08 < np.median(similarity) < 0.18  # minilm-int8 on 4,815 headlines: .13
    assert 0.5 < np.median(similarity.max(axis=1)) < 0.9  # there: .70


def test_questions_aim_at_bursts_that_nobody_knew_yet() -> None:
    world = World(CHUNK, SEED)  # enough for bursts after each as_of
    questions = ask(world, 50)
    vectors = world.vectors(0)
    later = [place for place, each in enumerate(questions.asked) if each.kind == "later"]
    assert later
    for place in later:
        nearest = best(vectors @ questions.vectors[place])
        assert max(nearest) >= questions.asked[place].visible
    assert {each.share for each in questions.asked if each.kind == "later"} == set(SHARES) - {1.0}


def test_questions_are_interleaved_and_the_first_ones_warm_up(world: World) -> None:
    asked = ask(world, 30).asked
    assert [each.counted for each in asked] == [False] * WARM_UP * len(SHARES) + [True] * 30 * len(SHARES)
    assert len({each.share for each in asked[WARM_UP * len(SHARES) :][:20]}) >= 3
    assert len({each.text for each in asked}) == len(asked)
    for share in SHARES:
        visible = {each.visible for each in asked if each.share == share}
        assert len(visible) == 1
        assert visible.pop() / EVENTS == pytest.approx(share, abs=0.03)


def test_recall_counts_wanted_rows_and_those_exactly_as_near() -> None:
    wanted = np.arange(10)
    assert recall_at_10([0, 1, 2, 3, 4], wanted, 0.5, [0.9, 0.8, 0.7, 0.6, 0.5]) == 0.5
    assert recall_at_10([0, 99], wanted, 0.5, [0.9, 0.4]) == 0.1
    assert recall_at_10([0, 99], wanted, 0.5, [0.9, 0.5]) == 0.2
    assert recall_at_10([3], np.array([3, -1, -1]), 0.5, [0.7]) == 1.0


def test_exact_search_is_right_and_never_short(corpus: Corpus, tmp_path: Path) -> None:
    peer = Exact()
    peer.build(corpus, tmp_path, silent)
    for search in peer.searches().values():
        found = levels(answers(search, corpus.questions), corpus.questions, corpus.truth, corpus.vectors)
        assert [level["kept"] for level in found] == list(SHARES)
        assert all(level["recall_at_10"] == 1.0 for level in found)
        assert all(level["short"] == level["leaked"] == 0 for level in found)


def test_short_and_unknowable_answers_are_counted(corpus: Corpus) -> None:
    found = answers(lambda question, _: [0, question.visible], corpus.questions)
    dense = levels(found, corpus.questions, corpus.truth, corpus.vectors)
    whole = hybrid_levels(found, corpus.questions, corpus.truth)
    for level in dense:
        assert level["short"] == level["leaked"] == level["n_queries"] == 20
        assert level["recall_at_10"] <= 0.1
    assert all(level["short"] == level["n_eligible"] <= level["n_queries"] for level in whole)
    assert whole[-1]["short"] > 0


def test_eligible_events_are_old_enough_and_tell_a_story_of_their_own(corpus: Corpus, world: World) -> None:
    vectors, plan = corpus.vectors, world.plan
    for question, vector, eligible in zip(
        corpus.questions.asked, corpus.questions.vectors, corpus.truth.eligible, strict=True
    ):
        similar = vectors @ vector >= MIN_SIMILARITY
        old = plan.known_at <= to_epoch(question.as_of) - corpora.REPRINT_DAYS * 86_400_000_000
        assert eligible == (similar & old & (plan.size_of[plan.story] == 1)).sum()


def test_the_embedder_of_the_questions_knows_only_them(corpus: Corpus) -> None:
    embedder = TableEmbedder(corpus)
    first = corpus.questions.asked[0].text
    assert np.array_equal(embedder.embed([first])[0], corpus.questions.vectors[0])
    with pytest.raises(KeyError):
        embedder.embed(["another"])


def test_an_unknown_peer_is_refused() -> None:
    with pytest.raises(UsageError, match="choose from exact"):
        bench_recall(Request(EVENTS, ["oracle"], SEED, None), silent, None, "none")


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """A whole run with the peers that are installed here."""
    work = tmp_path_factory.mktemp("work")
    request = Request(EVENTS, list(PEERS), SEED, work, per_share=10)
    first = bench_recall(request, silent, None, "no embedder here")
    again = bench_recall(Request(EVENTS, [], SEED, work, per_share=10), silent, None, "no embedder here")
    assert again["store_reused"]
    assert again["add_per_second"] == first["add_per_second"]
    return first


@pytest.mark.long
@whole_run
def test_a_run_has_the_names_that_stay(figures: dict[str, object]) -> None:
    read = json.loads(json.dumps(figures, allow_nan=False))
    assert set(read) >= {
        "selectivity", "hybrid", "peers", "peers_missing", "peer_costs", "add_per_second", "memory_mb", "disk_mb",
        "reopen_seconds", "bytes_per_event_memory", "bytes_per_event_disk", "embedding", "machine", "n_queries", "events",
        "seed", "date", "verdict", "memory_anonymous_mb", "memory_mapped_mb",
    }  # fmt: skip
    assert read["embedding"] is None
    assert [level["kept"] for level in read["selectivity"]] == list(SHARES)
    for levels_of in [read["selectivity"], *read["peers"].values()]:
        assert all(set(level) >= {"kept", "p50_ms", "p95_ms", "recall_at_10", "short"} for level in levels_of)
    assert all("recall_at_10" not in level for level in read["hybrid"])


@pytest.mark.long
@whole_run
def test_every_peer_asked_for_is_measured_or_said_to_be_missing(figures: dict[str, object]) -> None:
    costs, missing = figures["peer_costs"], figures["peers_missing"]
    assert isinstance(costs, dict)
    assert isinstance(missing, dict)
    assert set(costs) | set(missing) == set(PEERS)
    assert set(missing) == {name for name, offer in PEERS.items() if offer.missing}
    assert all(reason.startswith("not installed: pip install") for reason in missing.values())


@pytest.mark.long
@whole_run
def test_the_memory_is_never_short_and_never_ahead_of_its_time(figures: dict[str, object]) -> None:
    for name in ("selectivity", "hybrid"):
        found = figures[name]
        assert isinstance(found, list)
        assert sum(level["short"] + level["leaked"] for level in found) == 0
    assert "short 0 and 0 (none): met" in str(figures["verdict"])


@pytest.mark.long
@whole_run
def test_the_table_shows_every_contestant_and_the_verdict(figures: dict[str, object]) -> None:
    shown = table(figures | {"peers_missing": {"oracle": "not installed: pip install oracle"}})
    for word in ("Rhyme, nearest", "Rhyme, whole recall", "exact_prefix", "oracle: not installed", "Verdict: p95"):
        assert word in shown
    assert verdict(figures) in " ".join(shown.split())


def test_ids_and_rows_are_one_another() -> None:
    assert row_of(event_id(123_456)) == 123_456
    assert TOP == 10
