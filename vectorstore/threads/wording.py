"""Why two articles are near, in words taken from what they share."""

from vectorstore.threads.features import Shared
from vectorstore.threads.fingerprint import words_of
from vectorstore.threads.sketch import Sketch
from vectorstore.threads.terms import terms_of

SHOWN_TERMS = 4


def why(new: Sketch, old: Sketch, found: Shared) -> str:
    """One line for a person."""
    if new.print.digest == old.print.digest:
        return "the same words"
    reasons = []
    if found.body_contained is not None and found.body_contained >= 0.3:
        reasons.append(f"{found.body_contained:.0%} of the shorter text is in the other")
    both = sorted(new.tickers & old.tickers)
    if both:
        reasons.append(f"both concern {', '.join(both)}")
    if found.event_type == 1.0:
        reasons.append("same event type")
    common = sorted(new.title_set & old.title_set, key=lambda term: (-new.weights[term], term))[:SHOWN_TERMS]
    if common:
        reasons.append(f"shared terms: {', '.join(_spelled(new, common))}")
    if found.dense is not None:
        reasons.append(f"meaning {found.dense:.2f}")
    return "; ".join(reasons) or "no word in common"


def _spelled(new: Sketch, terms: list[str]) -> list[str]:
    """The terms as the headline writes them."""
    written = {term: word for word in reversed(words_of(new.print.title)) for term in terms_of(word)}
    return [written.get(term, term) for term in terms]
