"""What a model wrote, before anybody sees it: no addresses, no markup, no control characters, no orders to the reader.

A summary of news needs none of these. Whatever made a model write one (its article, its weights), the sentence is left out and
counted; nothing is repaired.
"""

import re
from collections.abc import Collection
from functools import lru_cache

from agent.evidence import Evidence
from agent.guard_addressed import judge
from agent.guard_news import News
from agent.sentences import joined, split_sentences
from records.analysis import Claim
from records.article import Article
from records.defences import Defence, holds
from records.market import Candidate
from records.reading import Fact, Mention, Reading, Span

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
_ADDRESS_MARK = re.compile(r"@|www|hxxp|(?:http|https|ftp|file|data|script|mailto|tel|blob|ws|wss)\s*:|\.\w")
_MARKUP_MARK = re.compile(r"[\[<&`#{=]")
"""Without one of these, in small letters, there is no address and no markup."""
_ENDINGS = (".com", ".net", ".ai", ".io", ".co", ".org")
"""One of these has every name that _PLAIN_NAMES matches."""
_ORDERED = frozenset(
    "buy sell short dump click visit call download install transfer send recommend advise urge guaranteed miss limited".split()
)
_ACTS = frozenset(
    """
    buy sell short dump invest act call click tap download install subscribe sign register log login visit scan donate transfer
    send wire deposit join follow share contact email mail text whatsapp telegram
    """.split()
)
_AT_ONCE = frozenset("now today immediately once here link below late us your".split())
"""Every order has a word of _ORDERED, or one of _ACTS and one of _AT_ONCE."""
_WORD = re.compile(r"\w+")
_BEFORE_ADDRESS = re.compile(r"(?:\s*\bsource(?: text)?(?: for [\w ]{1,20})?)?[\s:(\[<-]*$", re.IGNORECASE)
_SHORTEST = 20
"""Characters of a fact that are worth showing when its address is cut off."""


def _may_carry_address(text: str) -> bool:
    return not text.isascii() or _ADDRESS_MARK.search(text.lower()) is not None


def _may_carry_markup(text: str) -> bool:
    return _MARKUP_MARK.search(text) is not None


def _may_carry_order(text: str) -> bool:
    if not text.isascii():
        return True
    words = set(_WORD.findall(text.lower()))
    return not (words.isdisjoint(_ORDERED) and (words.isdisjoint(_ACTS) or words.isdisjoint(_AT_ONCE)))


_REASONS = (
    ("it carries an address", _may_carry_address, _ADDRESS),
    ("it carries markup", _may_carry_markup, _MARKUP),
    ("it carries control characters", bool, _CONTROL),
    ("it tells the reader what to do", _may_carry_order, _ORDER),
)
"""Each with what is cheap to ask first: False where the pattern, which it costs tens of microseconds to search, cannot match."""

TEXTS_KEPT = 4_096
"""Texts whose fault is kept: a claim is looked at when it is written and when it is shown."""
LEFT_OUT = "(sentence left out)"


def fault_of(text: str) -> str | None:
    """Why `text` may not be shown as our words; None if it may."""
    return _fault_of(text) if holds(Defence.OUTPUT_FILTER) else None


@lru_cache(maxsize=TEXTS_KEPT)
def _fault_of(text: str) -> str | None:
    bare = _PLAIN_NAMES.sub("", text) if any(ending in text for ending in _ENDINGS) else text
    for reason, may_carry, pattern in _REASONS:
        if may_carry(bare) and pattern.search(bare):
            return reason
    return "it addresses a model" if judge(text) is not None else None


def clean_prose(text: str, news: News) -> tuple[str, tuple[str, ...]]:
    """The sentences that may be shown, and why the others were left out. May be empty."""
    sentences = [words for _, words in split_sentences(text)]
    faults = [fault_of(words) or news.fault(words) for words in sentences]
    kept = [words for words, fault in zip(sentences, faults, strict=True) if fault is None]
    return (text, ()) if len(kept) == len(sentences) else (" ".join(kept), tuple(one for one in faults if one))


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def clean_reading(
    reading: Reading, article: Article, candidates: Collection[Candidate]
) -> tuple[Reading, tuple[str, ...]]:
    """The reading with the model's sentences, facts and names that may be shown, and what was left out, in sentences."""
    news = News.of(article.title, article.text, candidates)
    summary, cut = clean_prose(reading.summary, news)
    facts = tuple(one for fact in reading.facts if (one := _shown(fact, news)) is not None)
    mentions = tuple(mention for mention in reading.mentions if fault_of(mention.name) is None)
    mentions = tuple(_quotable(mention, news) for mention in mentions)
    missing = []
    if cut:
        told = ", ".join(dict.fromkeys(cut))
        missing.append(f"{_number(len(cut), 'sentence')} of the summary left out: {told}")
    if len(facts) < len(reading.facts):
        missing.append(f"{_number(len(reading.facts) - len(facts), 'fact')} left out: {_WHY_LEFT_OUT}")
    if len(mentions) < len(reading.mentions):
        missing.append(f"{_number(len(reading.mentions) - len(mentions), 'name')} left out: {_WHY_LEFT_OUT}")
    if not missing and (facts, mentions) == (reading.facts, reading.mentions):
        return reading, ()
    shown = summary or _instead(facts, article.title)
    return reading.model_copy(update={"summary": shown, "facts": facts, "mentions": mentions}), tuple(missing)


_WHY_LEFT_OUT = "an address, markup, words to the reader or nothing of the article's news"


def clean_claims(claims: tuple[Claim, ...], evidence: Evidence, *, ours: bool = False) -> tuple[Claim, ...]:
    """Claims with those dropped whose words may not be shown. `ours`: composed in code, of facts that may be shown."""
    title, _, text = evidence.body.partition("\n\n")
    news = None if ours else News.of(title, text, evidence.candidates)
    return tuple(_claim(claim, news) for claim in claims)


def _claim(claim: Claim, news: News | None) -> Claim:
    """Words that may not be shown stand in no record either, whatever became of the claim."""
    fault = fault_of(claim.text) or (news.claim_fault(claim.text, claim.support) if news else None)
    if fault is None:
        return claim
    return claim.model_copy(
        update={"text": LEFT_OUT, "verdict": "dropped", "faults": (fault,), "grounds": (), "spans": ()}
    )


def _shown(fact: Fact, news: News) -> Fact | None:
    """The fact; up to an address if it ends in one ("Source text: http://…" of the wires); None if it may not be shown."""
    if fault_of(fact.text) is None and fault_of(fact.quote) is None:
        return None if any(news.fault(text) for text in dict.fromkeys((fact.quote, fact.text))) else fact
    quote = _before_address(fact.quote)
    text = quote if fact.text == fact.quote else _before_address(fact.text)
    if min(len(quote), len(text)) < _SHORTEST or fault_of(quote) or fault_of(text):
        return None
    if news.fault(quote) or news.fault(text):
        return None
    span = Span(start=fact.span.start, end=fact.span.start + len(quote))
    return fact.model_copy(update={"text": text, "quote": quote, "span": span})


def _before_address(text: str) -> str:
    found = _ADDRESS.search(text)
    return text if found is None else _BEFORE_ADDRESS.sub("", text[: found.start()])


def _quotable(mention: Mention, news: News) -> Mention:
    """The mention; without its quote if that may not be shown."""
    may = mention.quote is None or (fault_of(mention.quote) is None and news.fault(mention.quote) is None)
    return mention if may else mention.model_copy(update={"quote": None})


def _instead(facts: tuple[Fact, ...], title: str) -> str:
    """The article's own words where none of the model's are left."""
    return joined(fact.quote for fact in facts[:2]) or (
        title if fault_of(title) is None else "No summary can be shown."
    )
