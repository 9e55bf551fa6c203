"""What a model wrote, before anybody sees it: no addresses, no markup, no control characters, no orders to the reader.

A summary of news needs none of these. Whatever made a model write one (its article, its weights), the sentence is left out and
counted; nothing is repaired.
"""

import re

from agent.guard_addressed import judge
from agent.sentences import split_sentences
from records.analysis import Claim
from records.defences import Defence, holds
from records.reading import Fact, Mention, Reading

_ADDRESS = re.compile(
    r"\b(?:https?|ftp|file|data|javascript|vbscript|mailto|tel|blob|ws|wss)\s*:\s*/{0,2}\s*[\w%.@+-]|\bwww\s*\."
    r"|\bhxxps?\b|[\w.+-]+@[\w-]+\.\w{2,}"
    r"|\b(?:[\w-]+\.)+(?:com|net|org|info|biz|xyz|top|site|online|click|link|shop|example|test|ru|cn|io|co|ai|app"
    r"|dev|me|to|ly|gg|zip|mov)\b(?:/|\?|(?=\s*$|[\s,;:!)\]\"'”’]))",
    re.IGNORECASE,
)
_PLAIN_NAMES = re.compile(r"\b(?:[A-Z][\w-]*\.(?:com|net|ai|io|co|org))\b(?!/|\?)")
"""Amazon.com, JD.com, C3.ai: companies written with their ending, a capital first and no path behind."""
_MARKUP = re.compile(
    r"!?\[[^\]\n]{0,200}\]\s*[(\[<]|<\s*[a-z!/?][^>\n]{0,300}>?|&(?:lt|gt|#\d+|#x[0-9a-f]+);|```|^\s{0,3}#{1,6}\s"
    r"|\{\{|\{%|\bsrc\s*=|\bhref\s*=|\bon(?:error|load|click)\s*=",
    re.IGNORECASE | re.MULTILINE,
)
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
_ORDER = re.compile(
    r"(?:^|[.!?:;,]\s+|[\"“(]\s*|\bplease\s+|\byou (?:can|should|must|may|will)\s+|\band\s+|\bto (?=click|tap|scan|visit))"
    r"(?:buy|sell|short|dump|invest(?: in)?|act|call|click|tap|download|install|subscribe|sign up|register"
    r"|log ?in|visit|scan|donate|"
    r"transfer|send|wire|deposit|join|follow|share|contact|e-?mail|text|whatsapp|telegram)\b[^.!?\n]{0,40}\b(?:now"
    r"|today|immediately|at once|here|"
    r"this link|the link|below|before it'?s too late|us at|your (?:bank|account|wallet|password|details|funds|money"
    r"|shares?|position))\b"
    r"|(?:^|[.!?:;]\s+|[\"“]\s*)(?:strong |must[- ])?(?:buy|sell|short|dump|sell all|buy all)\s+(?:everything|all"
    r"|the (?:stock|shares?|dip)|your|more|[A-Z]{1,5}\b(?!\s*[a-z]))"
    r"|\b(?:we|i) (?:strongly )?(?:recommend|advise|urge) (?:you|investors|readers|clients|everyone|all)? ?(?:to "
    r"|that )?(?:buy|sell|short|dump|invest|click|visit|buying|selling|shorting)"
    r"|\b(?:you|readers?|investors) (?:should|must|need to|have to|are (?:urged|advised|told) to) (?:immediately "
    r"|now |urgently )?(?:buy|sell|short|dump|click|visit|call|download|install|transfer|send)\b"
    r"|\bguaranteed (?:profit|return|gain)s?\b|\b(?:don'?t|do not) miss (?:out|this)\b|\blimited[- ]time offer\b",
    re.IGNORECASE,
)
_REASONS = (
    ("it carries an address", _ADDRESS), ("it carries markup", _MARKUP), ("it carries control characters", _CONTROL),
    ("it tells the reader what to do", _ORDER),
)  # fmt: skip


LEFT_OUT = "(sentence left out)"


def fault_of(text: str) -> str | None:
    """Why `text` may not be shown as our words; None if it may."""
    if not holds(Defence.OUTPUT_FILTER):
        return None
    bare = _PLAIN_NAMES.sub("", text)
    found = next((reason for reason, pattern in _REASONS if pattern.search(bare)), None)
    return found or ("it addresses a model" if judge(text) is not None else None)


def clean_prose(text: str) -> tuple[str, int]:
    """The sentences that may be shown, and how many were left out. May be empty."""
    sentences = [words for _, words in split_sentences(text)]
    kept = [words for words in sentences if fault_of(words) is None]
    return (text, 0) if len(kept) == len(sentences) else (" ".join(kept), len(sentences) - len(kept))


def clean_reading(reading: Reading, title: str) -> tuple[Reading, tuple[str, ...]]:
    """The reading with the model's sentences, facts and names that may be shown, and what was left out, in sentences."""
    summary, cut = clean_prose(reading.summary)
    facts = tuple(fact for fact in reading.facts if _shown(fact))
    mentions = tuple(mention for mention in reading.mentions if fault_of(mention.name) is None)
    missing = []
    if cut:
        missing.append(
            f"{cut} {'sentence' if cut == 1 else 'sentences'} of the summary left out: {fault_of(reading.summary)}"
        )
    if len(facts) < len(reading.facts):
        missing.append(
            f"{len(reading.facts) - len(facts)} facts left out: an address, markup or an order to the reader"
        )
    if len(mentions) < len(reading.mentions):
        missing.append(
            f"{len(reading.mentions) - len(mentions)} names left out: an address, markup or an order to the reader"
        )
    if not missing:
        return reading, ()
    changed = {
        "summary": summary or _instead(facts, title),
        "facts": facts,
        "mentions": tuple(_quotable(mention) for mention in mentions),
    }
    return reading.model_copy(update=changed), tuple(missing)


def clean_claims(claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    """Claims with those dropped whose words may not be shown."""
    return tuple(_claim(claim) for claim in claims)


def _claim(claim: Claim) -> Claim:
    """Words that may not be shown stand in no record either, whatever became of the claim."""
    fault = fault_of(claim.text)
    if fault is None:
        return claim
    return claim.model_copy(update={"text": LEFT_OUT, "verdict": "dropped", "faults": (fault,)})


def _shown(fact: Fact) -> bool:
    return fault_of(fact.text) is None and fault_of(fact.quote) is None


def _quotable(mention: Mention) -> Mention:
    return (
        mention
        if mention.quote is None or fault_of(mention.quote) is None
        else mention.model_copy(update={"quote": None})
    )


def _instead(facts: tuple[Fact, ...], title: str) -> str:
    """The article's own words where none of the model's are left."""
    return " ".join(fact.quote for fact in facts[:2]) or (
        title if fault_of(title) is None else "No summary can be shown."
    )
