"""An analysis in another language than it was written and checked in."""

from typing import Annotated

from pydantic import Field

from records.base import Record


class TranslatedSentence(Record):
    """One sentence as it is shown."""

    source: Annotated[str, Field(description="the English sentence, which is the one that was checked")]
    text: Annotated[str, Field(description="what is shown: the translation, or `source` again")]
    faults: Annotated[
        tuple[str, ...], Field(description="why the translation was not taken and the English is shown; empty: it was")
    ] = ()


class Translation(Record):
    """The summary and the supported sentences of the analysis, each held against its English sentence."""

    language: Annotated[str, Field(description="ISO 639-1")]
    summary: tuple[TranslatedSentence, ...]
    analysis: Annotated[
        tuple[TranslatedSentence, ...], Field(description="one for each supported claim, in their order")
    ]

    @property
    def kept_english(self) -> int:
        """How many sentences are shown in English."""
        return sum(bool(one.faults) for one in (*self.summary, *self.analysis))
