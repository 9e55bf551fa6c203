"""What tags cost nothing to guess: the commonest one for every article, and a few words for each tag."""

from collections import Counter
from collections.abc import Mapping, Sequence

from evals.tags.topics import Tagged
from markets.tokens import name_key
from records.taxonomy import Tag

CUES: Mapping[Tag, frozenset[str]] = {
    Tag.EARNINGS: frozenset("profit net shr qtr earnings loss revs dividend div results shrs oper".split()),
    Tag.MERGERS: frozenset("acquire acquisition merger stake tender buy offer takeover bought acquires".split()),
    Tag.OIL_GAS: frozenset("oil crude barrel barrels opec gas refinery petroleum energy".split()),
    Tag.MONETARY_POLICY: frozenset("rate rates bank prime fed bundesbank liquidity monetary money discount".split()),
    Tag.TRADE: frozenset("trade tariff tariffs exports imports deficit surplus protectionist protectionism".split()),
    Tag.TRANSPORT_LOGISTICS: frozenset("ship ships shipping vessel port cargo tanker gulf seamen".split()),
    Tag.MACRO: frozenset("inflation gdp gnp unemployment index pct prices economy reserves payments".split()),
    Tag.AGRICULTURE_FOOD: frozenset(
        "wheat corn grain sugar coffee cocoa soybean crop tonnes cattle beef farmers".split()
    ),
    Tag.METALS_MINING: frozenset("gold silver copper aluminium aluminum zinc steel mine metal tin ounces".split()),
}
"""Words of which two kinds in an article stand for the tag."""
NEEDED = 2


def commonest(articles: Sequence[Tagged]) -> frozenset[Tag]:
    """The tag that most articles carry."""
    counts = Counter(tag for article in articles for tag in article.tags)
    return frozenset({counts.most_common(1)[0][0]})


def by_words(text: str) -> frozenset[Tag]:
    """Every tag of which at least two words stand in the text."""
    words = set(name_key(text))
    return frozenset(tag for tag, cues in CUES.items() if len(words & cues) >= NEEDED)
