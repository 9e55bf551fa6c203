"""The whole of it with the real default embedder and the shipped precedents."""

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from models.catalog import DEFAULT_EMBEDDER
from models.embedding import load_embedder
from records.database import Database
from records.embedder import Embedder
from records.errors import ModelMissing
from records.taxonomy import EventType
from vectorstore.memory import EventMemory
from vectorstore.starter import DATA, EVENTS_FILE, load_starter, read_events, shipped_vectors

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SEED = (
    "OpenAI and UK sign new AI agreement to boost security, infrastructure. The company and the government will explore "
    "research into AI safety and investment in British AI infrastructure such as data centres."
)


@pytest.fixture(scope="module")
def real_embedder() -> Embedder:
    """Of Rhyme's model folder (RHYME_HOME, else the user's data folder); skips when it is not pulled."""
    home = Path(os.environ.get("RHYME_HOME") or platformdirs.user_data_dir("rhyme"))
    try:
        return load_embedder(DEFAULT_EMBEDDER, home / "models")
    except ModelMissing as error:
        pytest.skip(str(error))


def test_shipped_vectors_are_what_this_machine_computes(real_embedder: Embedder) -> None:
    events = read_events(DATA / EVENTS_FILE)[::60]
    shipped = shipped_vectors(events, real_embedder.digest, DATA)
    computed = real_embedder.embed([event.summary for event in events])
    cosines = [float(shipped[event.id].astype(np.float32) @ row) for event, row in zip(events, computed, strict=True)]
    assert min(cosines) > 0.98  # int8 kernels differ a little between processors


def test_the_seed_story_finds_precedents_of_its_kind(tmp_path: Path, real_embedder: Embedder) -> None:
    with (
        Database.open(tmp_path / "rhyme.sqlite3") as database,
        EventMemory.open(tmp_path / "memory", database, real_embedder) as memory,
    ):
        load_starter(memory)
        recall = memory.recall(SEED, NOW, 5, event_type=EventType.CONTRACT_PARTNERSHIP, tickers=["MSFT"])
        assert len(recall.precedents) == 5
        assert recall.strategy.startswith("chroma")
        assert any("MSFT" in each.tickers for each in recall.precedents)
        assert sum("same event type" in each.why for each in recall.precedents) >= 2
        assert all(each.similarity >= 0.25 and "shared terms" in each.why for each in recall.precedents)
        assert memory.recall("How to bake sourdough bread at home: five recipes", NOW, 5).status == "no_precedent"


def test_chroma_finds_what_an_exact_scan_finds(tmp_path: Path, real_embedder: Embedder) -> None:
    with (
        Database.open(tmp_path / "rhyme.sqlite3") as database,
        EventMemory.open(tmp_path / "memory", database, real_embedder) as memory,
    ):
        load_starter(memory)
        known = memory._upkeep.current().base
        probes = known.vectors[:: len(known) // 25]
        exact = np.argsort(-(probes @ known.vectors.T), axis=1, kind="stable")[:, :20]
        (part,) = memory._upkeep.parts.all
        found = memory._upkeep.index.nearest(part.collection, probes, 200)
        shares = [
            len({known.id_of(row) for row in rows} & set(ids)) / 20 for rows, ids in zip(exact, found, strict=True)
        ]
        assert np.mean(shares) > 0.99
