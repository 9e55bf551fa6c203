"""What an update or a correction changed, in lines that both pages show."""

from collections.abc import Sequence

from records.analysis import Analysis
from records.changes import Change, FigureChange, QuoteChange, ScoreChange, ScoreState, TagsChange, TickersChange
from terminal import wording

NOTHING = "Nothing that is measured or stated changed."
LONGEST_QUOTE = 200
"""Characters of a quoted statement: its beginning says which it is."""


def former_line(analysis: Analysis) -> str | None:
    """The analysis that was compared with; None: there was none."""
    if analysis.former_id is None or analysis.former_as_of is None:
        return None
    return f"against the story's analysis {analysis.former_id} as of {wording.moment(analysis.former_as_of)}"


def change_lines(analysis: Analysis) -> tuple[str, ...]:
    """A line a change, or that there was none; empty when there was nothing to compare with."""
    if analysis.former_id is None:
        return ()
    return tuple(change_line(one) for one in analysis.changes) or (NOTHING,)


def change_line(change: Change) -> str:
    """One change in words, from → to."""
    match change:
        case ScoreChange():
            return f"score {_score(change)}"
        case FigureChange():
            return _figure(change)
        case QuoteChange():
            return (
                f"{'newly said' if change.change == 'new' else 'no longer said'}: {_quoted(_shortened(change.quote))}"
            )
        case TickersChange() | TagsChange():
            return f"{change.kind}: {_lists(change.added, change.removed)}"
    if change.kind == "p_material":
        return f"P(>2σ) {_share(change.before)} → {_share(change.after)}"
    if change.kind == "sentiment":
        return f"sentiment {wording.sentiment(change.before)} → {wording.sentiment(change.after)}"
    return f"event {wording.words(change.before)} → {wording.words(change.after)}"


SINGLE = str.maketrans({"“": "‘", "”": "’", '"': "’"})


def _quoted(text: str) -> str:
    """In quotation marks; those inside are single ones."""
    return f"“{text.translate(SINGLE)}”"


def _score(change: ScoreChange) -> str:
    before, after = change.before, change.after
    if before.ticker != after.ticker:
        return f"{_state(before)} for {before.ticker or 'no instrument'} → {_state(after)} for {after.ticker or 'no instrument'}"
    return f"{_state(before)} → {_state(after)}"


def _state(state: ScoreState) -> str:
    if state.score is None or state.low is None or state.high is None:
        return "not scoreable"
    return f"{state.score:.2f} ({state.low:.2f}–{state.high:.2f})"


def _share(value: float | None) -> str:
    return "unknown" if value is None else wording.share(value)


def _figure(change: FigureChange) -> str:
    if change.change == "corrected":
        return f"corrected: {change.words}; before: {change.before}"
    return f"{'new figure' if change.change == 'new' else 'figure no longer stated'}: {change.words}"


def _lists(added: Sequence[str], removed: Sequence[str]) -> str:
    parts = []
    if added:
        parts.append(f"now also {', '.join(added)}")
    if removed:
        parts.append(f"no longer {', '.join(removed)}")
    return "; ".join(parts)


def _shortened(quote: str) -> str:
    if len(quote) <= LONGEST_QUOTE:
        return quote
    return quote[:LONGEST_QUOTE].rsplit(" ", 1)[0] + " …"
