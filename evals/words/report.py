"""The report of the words: `report.json` for programs, `report.md` for people. Ids and places only; unknown is null, never 0."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from evals.impact.page import table
from evals.tickers.grade import Share
from evals.words.grade import CITINGS, CLOSEST_FACTS, WHOLE, Alarm, CheckReport, Citing
from evals.words.written import WordsReport

SCHEMA_VERSION = 1
FALSE_ALARMS_ASKED = 0.03
DROPPED_ASKED = 0.10
CLAIMS_ASKED = 0.02

NOTES = (
    "True sentences: summaries of earnings calls by a news desk, and headline and lead of one newsroom version held against the "
    "other version of the same story (headlines in capitals throughout left out). They often say more than the text they are held "
    "against. An alarm is right when the article does not say it: found by a ruler that shares no code with the check (no number "
    "with the same digits, no name with the same letters, no word of expectations), or by a reader. All others count as false.",
    "A sentence made false has one mistake of a known kind. Some of them stay true by chance (a figure put for another that the "
    "article has too, a quarter that it names elsewhere): the shares caught are lower bounds.",
    "Where a sentence cites the whole article, any place of it may carry a figure: the check can tell less there. An analysis "
    "cites one to three facts a sentence, for which the closest sentences stand.",
    "Articles fall in two halves by a hash of their id. The check was built on one; the report is of the other.",
)


def write_report(folder: Path, report: CheckReport, words: WordsReport, data: Mapping[str, object]) -> None:
    """Writes report.md and report.json into `folder`, made if missing; files of the same names are replaced."""
    told = json.dumps(to_json(report, words, data), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.md").write_text(_page(report, words, data), encoding="utf-8")
    (folder / "report.json").write_text(told, encoding="utf-8")


def metrics(report: CheckReport, words: WordsReport) -> dict[str, object]:
    """The four rates, each with `_low`, `_high` (Wilson, 95 %) and `_n`; null where nothing was counted."""
    shares = words.shares() | {"false_alarm_rate": report.false_alarms(WHOLE)}
    found: dict[str, object] = {}
    for name, share in shares.items():
        told = share.to_json()
        found |= {name: told["value"], f"{name}_low": told["low"], f"{name}_high": told["high"], f"{name}_n": told["n"]}
    return found


def to_json(report: CheckReport, words: WordsReport, data: Mapping[str, object]) -> dict[str, object]:
    """The report in words of JSON. The names never change."""
    return {
        "schema_version": SCHEMA_VERSION,
        "metrics": metrics(report, words),
        "written": {
            "writer": words.writer,
            "articles": words.articles,
            "sentences": words.sentences,
            "dropped": words.dropped,
            "failures": [{"article": article, "sentence": place} for article, place in words.failures],
            "analyses": dict(words.analyses),
            "refused": dict(words.refused),
        },
        "true_sentences": {
            citing: {
                "all": _counted(report, citing, None),
                **{group: _counted(report, citing, group) for group in report.sentences},
            }
            for citing in CITINGS
        },
        "altered_sentences": {
            citing: {kind: report.recall(citing, kind).to_json() for kind in report.kinds} for citing in CITINGS
        },
        "alarms": [_alarm(one) for one in report.alarms],
        "missed": [{"id": one.told, "citing": one.citing, "kind": one.kind} for one in report.misses],
        "data": {**data, "sentences": dict(report.sentences), "articles": report.articles},
        "targets": targets(report, words),
    }


def targets(report: CheckReport, words: WordsReport) -> list[dict[str, object]]:
    """What is asked of the words, and what was found."""
    shares = words.shares()
    asked = (
        ("unsupported_number_rate", 0.0, shares["unsupported_number_rate"]),
        ("unsupported_claim_rate", CLAIMS_ASKED, shares["unsupported_claim_rate"]),
        ("dropped_rate", DROPPED_ASKED, shares["dropped_rate"]),
        ("false_alarm_rate", FALSE_ALARMS_ASKED, report.false_alarms(WHOLE)),
        ("false_alarm_rate, closest facts", FALSE_ALARMS_ASKED, report.false_alarms(CLOSEST_FACTS)),
    )
    return [
        {
            "name": name,
            "at_most": wanted,
            **share.to_json(),
            "met": None if share.n == 0 else share.hits / share.n <= wanted,
        }
        for name, wanted, share in asked
    ]


def _counted(report: CheckReport, citing: Citing, group: str | None) -> dict[str, object]:
    return {
        "false_alarms": report.false_alarms(citing, group).to_json(),
        "all_alarms": report.raised(citing, group).to_json(),
    }


def _alarm(alarm: Alarm) -> dict[str, object]:
    return {
        "id": alarm.told,
        "group": alarm.group,
        "citing": alarm.citing,
        "kinds": list(alarm.kinds),
        "verdict": alarm.verdict,
        "by": alarm.by,
        "spans": [[one.start, one.end] for one in alarm.spans],
    }


def _page(report: CheckReport, words: WordsReport, data: Mapping[str, object]) -> str:
    parts = [
        "# Words: what the check lets through, and what it stops",
        f"{sum(report.sentences.values()):,} true sentences about {report.articles:,} articles, each also made false in up to "
        f"{len(report.kinds)} ways. In brackets: Wilson's 95 % intervals.",
        "## Asked and found\n\n"
        + table(("measure", "at most", "found", "n", "met"), (_target_row(one) for one in targets(report, words))),
        _true_sentences(report),
        _altered(report),
        f"## The product's own words\n\nWriter: {words.writer}. {words.articles:,} articles, {words.sentences:,} sentences, "
        f"{words.dropped:,} dropped, {len(words.refused):,} articles refused. The kept ones were read by another ruler: "
        "numbers by their digits, names by letters.",
        _alarms(report.alarms),
        "## Data\n\n" + table(("what", "value"), [(name, str(value)) for name, value in data.items()]),
        "## Notes\n\n" + "\n".join(f"- {note}" for note in NOTES),
    ]
    return "\n\n".join(parts) + "\n"


def _true_sentences(report: CheckReport) -> str:
    rows = [
        [
            f"{group or 'all'}, {CITINGS[citing]}",
            _cell(report.false_alarms(citing, group)),
            _cell(report.raised(citing, group)),
        ]
        for citing in CITINGS
        for group in (None, *report.sentences)
    ]
    return "## True sentences\n\n" + table(("sentences, what they cite", "false alarms", "all alarms"), rows)


def _altered(report: CheckReport) -> str:
    rows = [
        [kind, *(f"{_cell(share)} of {share.n}" for citing in CITINGS for share in [report.recall(citing, kind)])]
        for kind in report.kinds
    ]
    return "## Sentences made false: the share caught\n\n" + table(("mistake", *CITINGS.values()), rows)


def _alarms(alarms: Sequence[Alarm]) -> str:
    counts = Counter((one.citing, kind, one.verdict) for one in alarms for kind in one.kinds)
    rows = [[citing, kind, verdict, count] for (citing, kind, verdict), count in sorted(counts.items())]
    open_ones = [one for one in alarms if one.verdict != "right" and one.citing == WHOLE]
    listed = "\n".join(f"- `{one.told}`: {', '.join(one.kinds)} ({one.verdict})" for one in open_ones)
    return (
        "## Alarms\n\n"
        + table(("citing", "kind", "verdict", "sentences"), rows)
        + "\n\nFalse or unread, the whole article cited (all others are in report.json):\n\n"
        + (listed or "none")
    )


def _target_row(target: Mapping[str, object]) -> list[object]:
    found = Share(int(str(target["hits"])), int(str(target["n"])))
    return [target["name"], target["at_most"], _cell(found), target["n"], target["met"]]


def _cell(share: Share) -> str:
    told = share.to_json()
    if told["value"] is None:
        return "–"
    return f"{share.hits / share.n:.3f} ({told['low']} to {told['high']})"
