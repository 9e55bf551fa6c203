"""What `rhyme eval tickers|sentiment|tags` share: a model on demand, the file of kept answers, and where a report came from."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from records.errors import SourceUnreachable
from terminal.home import Home
from terminal.settings import load_settings
from terminal.version import rhyme_version

if TYPE_CHECKING:
    from evals.kept_answers import KeptAnswers
    from models.interface import LanguageModel


@contextmanager
def model_of(options: argparse.Namespace) -> "Iterator[LanguageModel | None]":
    """The model of --model behind its gateway, closed at the end; None without the option. Raises ModelError, SettingsError."""
    if options.model is None:
        yield None
        return
    from terminal.assembly import Assembly

    with Assembly(load_settings({"home": options.home, "model": options.model}).settings) as parts:
        yield parts.model


def answers_of(options: argparse.Namespace, suite: str) -> "KeptAnswers":
    """Where the answers of a run with a model are kept: the file of --resume, else one in the home folder that begins anew.

    Raises StoreError, SettingsError.
    """
    from evals.kept_answers import KeptAnswers

    if options.model is None:
        return KeptAnswers(None, resume=False)
    own = Home(load_settings({"home": options.home}).settings.home).path / "evals" / f"{suite}.jsonl"
    return KeptAnswers(Path(options.resume) if options.resume else own, resume=options.resume is not None)


def data_folder(text: str, needs: str) -> Path:
    """The folder of --data. Raises SourceUnreachable that says what belongs there."""
    folder = Path(text)
    if not folder.is_dir():
        raise SourceUnreachable(f"There is no folder {folder}. Give one with {needs}.")
    return folder


def provenance(options: argparse.Namespace) -> dict[str, object]:
    """Version, day and what was asked for; no path and no machine."""
    return {
        "rhyme": rhyme_version(),
        "made_on": datetime.now(UTC).date().isoformat(),
        "limit": options.limit,
        "seed": options.seed,
    }
