"""The product's own words, checked and then read by another ruler: does an unsupported number or name get through?

Without a model the composer of the embedded profile writes over readings made in code (facts: the article's sentences; companies by
name; event type by keyword rules; no tone, no precedents). With one, whole analyses are run (`evals/words/analysed.py`).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time

from agent.check import check
from agent.evidence import Evidence
from agent.explain_composed import compose
from agent.score import Question, ScoreModel
from evals.starter.labeller import label
from evals.tickers.grade import Share
from evals.words.holding import reading_of
from evals.words.sources import REPRINTS, Told
from markets.desk import MarketDesk
from records.analysis import Claim

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?|(?<!\d)\.\d+")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}")


@dataclass(frozen=True)
class Written:
    """The checked sentences of one article with the texts they cite."""

    article: str
    claims: tuple[Claim, ...]
    """Of the analysis; then the summary's sentences, if a model wrote one."""
    cited: Callable[[Claim], str]
    analysis: str | None = None
    """`rhyme show` shows it again; None: it was composed without a model."""
    left_out: int = 0
    """Sentences of the summary that the check dropped: they stand in no record."""


@dataclass(frozen=True)
class Counted:
    """What the second ruler found in one article's words."""

    article: str
    analysis: str | None
    sentences: int
    dropped: int
    numbers: tuple[int, ...]
    """Places of the kept sentences with a number that no cited text has in its digits."""
    names: tuple[int, ...]
    """Those with a name that no cited text has."""
    refused: str | None = None
    """Kind of the typed error in place of an analysis; None: there is one."""


@dataclass(frozen=True)
class WordsReport:
    """Counts over all articles."""

    writer: str
    articles: int
    sentences: int
    dropped: int
    unsupported_number: int
    """Kept sentences with a number that no cited text has in its digits."""
    unsupported_claim: int
    """Kept sentences with such a number, or a name that no cited text has."""
    failures: tuple[tuple[str, int], ...]
    """(article, number of the sentence) of those."""
    analyses: tuple[tuple[str, str], ...] = ()
    """(article, analysis) of each that a model wrote."""
    refused: tuple[tuple[str, str], ...] = ()
    """(article, kind of the typed error) where there is none."""

    @property
    def kept(self) -> int:
        """Sentences after the check."""
        return self.sentences - self.dropped

    def shares(self) -> dict[str, Share]:
        """By the stable names."""
        return {
            "unsupported_number_rate": Share(self.unsupported_number, self.kept),
            "unsupported_claim_rate": Share(self.unsupported_claim, self.kept),
            "dropped_rate": Share(self.dropped, self.sentences),
        }


def examine(written: Iterable[Written], writer: str) -> WordsReport:
    """Counts what the second ruler finds in the kept sentences."""
    return summed(map(count, written), writer)


def count(one: Written) -> Counted:
    """Of one article."""
    numbers, names = [], []
    for place, claim in enumerate(one.claims):
        if claim.verdict == "supported":
            cited = one.cited(claim)
            numbers += [place] if strange_numbers(claim.text, cited) else []
            names += [place] if strange_names(claim.text, cited) else []
    dropped = sum(claim.verdict == "dropped" for claim in one.claims)
    return Counted(
        one.article,
        one.analysis,
        len(one.claims) + one.left_out,
        dropped + one.left_out,
        tuple(numbers),
        tuple(names),
    )


def summed(counted: Iterable[Counted], writer: str) -> WordsReport:
    """The counts of all articles; those that were refused are named and count for nothing else."""
    found = list(counted)
    told = [one for one in found if one.refused is None]
    failures = [(one.article, place) for one in told for place in sorted({*one.numbers, *one.names})]
    return WordsReport(
        writer,
        len(told),
        sum(one.sentences for one in told),
        sum(one.dropped for one in told),
        sum(len(one.numbers) for one in told),
        len(failures),
        tuple(failures),
        tuple((one.article, one.analysis) for one in told if one.analysis),
        tuple((one.article, one.refused) for one in found if one.refused),
    )


def strange_numbers(text: str, cited: str) -> list[str]:
    """Numbers of `text` whose digits, however scaled or rounded, no number of `cited` has."""
    known = {_digits(number) for number in _NUMBER.findall(cited)}
    said = [number for number in _NUMBER.findall(text) if number.strip(",.")]
    return [one for one in said if not any(_alike(_digits(one), other) for other in known)]


def _digits(number: str) -> str:
    return number.replace(",", "").replace(".", "").strip("0")


def _alike(said: str, known: str) -> bool:
    if said == known or not said:
        return True
    return len(known) > len(said) and str(round(int(known) / 10 ** (len(known) - len(said)))).strip("0") == said


def strange_names(text: str, cited: str) -> list[str]:
    """Capitalised words within `text` whose first letters do not occur in `cited`."""
    return [name for name in _NAME.findall(text) if name[:5].lower() not in cited.lower()]


def composed(told: Iterable[Told], desk: MarketDesk) -> Iterator[Written]:
    """The embedded profile's paragraph for each story that names a listed company, written without any model."""
    score = ScoreModel()
    seen: set[str] = set()
    for one in told:
        if one.body in seen or one.group != REPRINTS:
            continue
        seen.add(one.body)
        evidence = _scored(one, desk, score)
        if evidence is not None:
            yield Written(one.id.rsplit(":", 2)[0], check(compose(evidence), evidence), _cited_in(evidence))


def _scored(one: Told, desk: MarketDesk, score: ScoreModel) -> Evidence | None:
    text = one.body[len(one.headline) :].strip()
    moment = datetime.combine(one.published_on, time(20), UTC) if one.published_on else datetime.now(UTC)
    candidates = desk.candidates(one.headline, text, moment)
    primary = next((found for found in candidates if not found.ambiguous and found.in_title), None)
    if primary is None:
        return None
    event_type = label(one.headline, text)
    question = Question(instrument=primary.instrument, event_type=event_type, headline=one.headline)
    impact = score.forecast(question, (), as_of=moment)
    return Evidence(one.body, reading_of(one.body, event_type), impact, (), (), candidates, moment, one.published_on)


def _cited_in(evidence: Evidence) -> Callable[[Claim], str]:
    """Everything the claim may rest on: what it cites, the headline and the instruments."""
    allowed = evidence.body.partition("\n\n")[0] + " ".join(
        f" {one.name} {one.instrument.name}" for one in evidence.candidates
    )

    def cited(claim: Claim) -> str:
        texts = [passage.text for passage in evidence.passages() if passage.source in claim.support]
        return "\n".join((allowed, *texts))

    return cited
