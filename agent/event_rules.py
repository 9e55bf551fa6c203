"""Keyword rules that name an event type from a headline and its lead: the words alone, no model, nothing about the price.

They typed the stories that the score was fitted and graded on, where thousands had to be typed alike. In an analysis they stand
beside the model's reading: it may move the score a little from where the words put it, and no further (agent/score.py).
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from records.taxonomy import EventType

TEXTS_KEPT = 256
"""Headlines and leads whose rule is kept: an analysis asks for its own several times."""


@dataclass(frozen=True)
class Rule:
    """One line of the table."""

    event_type: EventType
    small: re.Pattern[str]
    """What it looks for in a text of small letters; several times faster than in any case."""

    @cached_property
    def any_case(self) -> re.Pattern[str]:
        """The same in a text as it is."""
        return re.compile(self.small.pattern, re.IGNORECASE)


def _rule(event_type: EventType, words: str) -> Rule:
    return Rule(event_type, re.compile(rf"\b(?:{words})"))


_COMMENTARY = (
    r"analysis[:-]|insight[-:]|column[-:]|breakingviews|breakingviews-|factbox|timeline[-:]|preview|"
    r"wrapup|roundup|research roundup|factors to watch|stocks to watch|global markets|us stocks|wall "
    r"st(reet)?\b.*\b(ends|opens|closes|higher|lower)|market(s)? (wrap|update|today)|shares? (rise|fall|"
    r"drop|jump|surge|slip|climb|gain|tumble|plunge|soar)|stock(s)? (rise|fall|drop|jump|surge|slip|climb|"
    r"gain|tumble|plunge|soar)|trading options|better buy|should you|why .*stock|\d+ (stocks|reasons|"
    r"things)|is it (time|a buy)|zacks|motley fool|price watch|prediction:|q&a|diary|hot stocks"
)
_RESULTS = (
    r"(q[1-4]|[1-4]q|quarter(ly)?|first-half|half-year|full-year|annual|interim|[1-4](st|nd|rd|th)[- "
    r"]q\w*)[^.]{0,40}(results?|profit|earnings|net|loss|revenue|sales|eps|income)|(profit|earnings|net "
    r"income|net loss|loss|revenue)s? (rises?|falls?|drops?|jumps?|surges?|slips?|climbs?|doubles?|more "
    r"than|beats?|miss(es)?|tops?|tumbles?|down|up|soars?|plunges?|narrows?|widens?|grows?|declines?|"
    r"halves|sinks?|slumps?|lags?|flat|above|below|edges?)|(reports?|posts?) [^.]{0,40}(profit|loss|"
    r"earnings|results|revenue)|(beats?|miss(es)?|tops?) [^.]{0,20}(estimates|expectations|forecasts|"
    r"street|views)|earnings (call|report)"
)

RULES: tuple[Rule, ...] = (
    _rule(EventType.MARKET_COMMENTARY, _COMMENTARY),
    _rule(
        EventType.ANALYST_RATING,
        r"(up|down)grad(e|es|ed) (to|by|at)|price target|initiate[sd]? (coverage|with)|target price|raises? "
        r"target|cuts? target|\bto (neutral|outperform|underperform|overweight|underweight)\b|maintained at|"
        r"reiterates? (buy|hold|sell)|(goldman|barclays|jefferies|ubs|citi|jpmorgan|credit suisse|deutsche "
        r"bank|wedbush) (cuts|raises|ups|starts)",
    ),
    _rule(
        EventType.CREDIT_RATING,
        r"moody'?s|fitch|s&p (cuts|raises|affirms|revises|says|lowers|downgrades|upgrades|assigns|rates)|text "
        r"?-+ ?s&p|credit rating|rating (outlook|agency)|junk status|investment grade",
    ),
    _rule(
        EventType.BANKRUPTCY_DISTRESS,
        r"bankrupt|chapter 11|insolven|going concern|creditor protection|default(s|ed)? on|liquidat(e|ion)|"
        r"bailout|administration$",
    ),
    _rule(
        EventType.CYBER_INCIDENT,
        r"hack(s|ed|ers?|ing)?\b|cyber ?-?(attack|security breach|incident)|cyberattack|data breach|breach "
        r"(of|at|affect|expos|hit)|ransomware|malware|outages?\b|service disruption|goes down",
    ),
    _rule(
        EventType.INDEX_CHANGE,
        r"(to )?(join|joins|joining|added to|replace[sd]?|leave|removed from)[^.]{0,40}(s&p (500|400|600|mid)|"
        r"nasdaq-?100|dow jones|dow\b|russell)",
    ),
    _rule(
        EventType.PRODUCT_RECALL_SAFETY,
        r"recall(s|ed|ing)?\b|defect(s|ive)?\b|safety (warning|probe|concern|issue)|fire risk|"
        r"grounds?\b.*\b(fleet|jets|737|787)|airbag|contaminat|food poisoning|e\. coli",
    ),
    _rule(
        EventType.REGULATORY_APPROVAL,
        r"(fda|u\.s\.|eu|europe(an)?|regulators?|antitrust|commission|ema|health canada|china|panel|advisers|"
        r"watchdog|court)\b[^.]{0,40}(approv|clear(s|ed|ance)?\b|reject|backs?\b|green ?light|declin(es|ed) "
        r"to approve|block(s|ed)?\b|nod)|(wins?|gets?|receives?|secures?|seeks?) [^.]{0,30}(approval|"
        r"clearance|licen[cs]e|nod)|fda\b|approval (for|of|to)",
    ),
    _rule(
        EventType.MERGER_ACQUISITION,
        r"acqui(re|res|red|ring|sition)|merg(e|es|er|ers|ing)\b|takeover|buyout|(to|will|would|agrees to) "
        r"buy\b|buys? (out|rest|stake|rival|maker|firm|u\.s\.|uk|unit|company|assets)|(takeover|hostile|rival|"
        r"rejects?|raises?|makes?|sweetened|unsolicited|weighs?|mulls?|\$\S+ (bln|mln|billion|million)) (bid|"
        r"offer)\b|bid (for|to buy)|\bbids? for|in talks (to|with|on|over)[^.]{0,30}(buy|combin|deal)|tie-?up|"
        r"be (bought|acquired)|going private|\bdeal to buy|snaps? up",
    ),
    _rule(
        EventType.DIVESTITURE_RESTRUCTURING,
        r"spin[- ]?off|spins? off|(to|will|agrees to|plans? to|may|looks to) sell\b|sells? (its |their )?\S* "
        r"?(unit|stake|business|division|assets|arm|operations|plant)|sale of [^.]{0,30}(unit|business|assets|"
        r"arm|division)|divest|(job|cost) cuts?\b|cut[s]? [^.]{0,20}jobs|layoffs?|lay off|restructur|"
        r"break-?up|clos(e|es|ing|ure of) [^.]{0,30}(stores?|plants?|factor|unit|operations|mine|brazil)|"
        r"shut(s|ting|ter)? (down )?|exit(s|ing)? |slash[^.]{0,20}(jobs|costs)|split (into|up)",
    ),
    _rule(
        EventType.CAPITAL_RETURN,
        r"dividend|buy ?back|share repurchase|repurchas|special payout|stock split|return (of )?(cash|capital) to",
    ),
    _rule(
        EventType.GUIDANCE,
        r"(raises?|cuts?|lowers?|ups?|lifts?|trims?|boosts?|reaffirms?|affirms?|backs|slashes?|withdraws?|"
        r"warns? (of|on)|narrows?|hikes?|issues?|keeps?) [^.]{0,40}(forecasts?|outlook|guidance|view|targets?|"
        r"estimates?|profit|earnings|sales)|profit warning|(sees|expects|forecasts?) [^.]{0,40}(profit|"
        r"earnings|revenue|sales|eps|results|growth|margin|q[1-4]|20[12]\d|fy)|outlook\b|guidance\b",
    ),
    _rule(EventType.EARNINGS_RESULTS, _RESULTS),
    _rule(
        EventType.LABOR_DISPUTE,
        r"strikes?\b(?! (deal|oil|out|back|fee|price|gold|partnership))|union(s|ized?|ization)?\b(?! pacific| "
        r"european)|walkout|lockout|labou?r (deal|contract|talks|dispute)|pay (deal|talks|dispute)|uaw|"
        r"pilots? (vote|reject|union)|wage",
    ),
    _rule(
        EventType.ACCIDENT_DISASTER,
        r"crash(es|ed)?\b|explosion|explod|blast\b|fire (at|hits|in|breaks|damages)|oil spill|spill\b|derail|"
        r"hurricane|storm\b|earthquake|tsunami|flood|collapse[sd]? (at|of)|mine accident|emergency landing|"
        r"killed|dam (burst|disaster|collapse)|pandemic|coronavirus|wildfire",
    ),
    _rule(
        EventType.REGULATORY_ACTION,
        r"probes?\b|investigat|fine[sd]?\b|antitrust|subpoena|(sec|doj|ftc|cftc|finra|fca|fsa|eu|regulators?|"
        r"prosecutors?|justice dep\w*|watchdog|attorney general|treasury|senator|lawmakers?) [^.]{0,40}(charg|"
        r"sue|accus|orders?|probe|warn|sanction|penal|seek|question|review|asks?|bans?)|(pay|pays|paying|"
        r"reimburse)[^.]{0,40}(settle|penalty|fines?|finra|sec\b)|money laundering|bribe|insider trading|"
        r"sanctions? (breach|violation)|raid(s|ed)?\b|export (controls?|curbs?|licen[cs]e|restrictions?|ban|"
        r"rules?)",
    ),
    _rule(
        EventType.LITIGATION,
        r"lawsuits?|sue[sd]?\b|suing|court\b|judge\b|jury|verdict|settle(s|d|ment)?\b|patents? (case|trial|"
        r"fight|suit|infring|dispute|war)|class[- ]action|appeals?\b|trial over|arbitration|legal (fight|"
        r"battle)|infring",
    ),
    _rule(
        EventType.OWNERSHIP_STAKE,
        r"activist|icahn|ackman|elliott|loeb|einhorn|peltz|stake in|(raises?|cuts?|takes?|buys?|discloses?|"
        r"builds?|trims?|reports?|sells?) [^.]{0,30}stake|13[dgf]\b|shareholder (group|urges|calls|seeks)|"
        r"hedge fund|insider (buys|sells|sale)|(director|ceo|cfo|evp|officer)[^.]{0,40}(sells|sold|buys) "
        r"[^.]{0,30}shares|proxy (fight|battle)|board seats?|berkshire",
    ),
    _rule(
        EventType.MANAGEMENT_CHANGE,
        r"(names?|appoints?|hires?|taps|elects?|picks|promotes?|replaces?|poach\w*) [^.]{0,60}\b(ceo|cfo|coo|"
        r"chief|president|chair\w*|head|director|boss|executive|officer|vp)\b|(ceo|cfo|coo|chief|president|"
        r"chair\w*|head|director|boss|executive|banker|trader)[^.]{0,50}(resigns?|steps? down|retires?|"
        r"leaves?|quits?|to (leave|depart|retire|join)|ousted|fired|departs?|departure|successor|succeed)|"
        r"(new|interim) (ceo|cfo|chief|chair\w*)|appoint(s|ed|ment)|succession|joins [^.]{0,30}board",
    ),
    _rule(
        EventType.FINANCING,
        r"(senior |convertible )?notes (offering|due)|(share|stock|equity|bond|debt|secondary|public|rights|"
        r"note) (offering|sale|issue|placement)|ipos?\b|raises? \S*\$|(prices?|sells?|issues?|launches?|"
        r"markets?) [^.]{0,40}(bonds?|notes|shares|debt)|(term )?loans?\b|credit (facility|line|agreement)|"
        r"refinanc|funding (round|from)|raise[sd]? (capital|funds|money)|bond\b|capital (raising|increase)|"
        r"financing|tender offer|mandate",
    ),
    _rule(
        EventType.CONTRACT_PARTNERSHIP,
        r"contracts?\b|orders? (for|from|worth|of)|(wins?|gets?|lands?|secures?|awarded|bags)[^.]{0,50}(deal|"
        r"order|contract|award|business)|partner(s|ship|ed|ing)?\b|alliance|joint venture|\bjv\b|(signs?|"
        r"inks?|strikes?|reach(es)?|announces?) [^.]{0,60}(deal|agreement|pact|accord|mou)|collaborat|team(s|"
        r"ed)? up|teams? with|supply (deal|agreement)|licen[cs]ing (deal|agreement)|memorandum|to (supply|"
        r"provide|build) |agreement (with|to|for)|deal (with|to|for)|\bpact\b|selected (by|to|as)|invest(s|"
        r"ing|ment)? [^.]{0,30}in\b",
    ),
    _rule(
        EventType.MONETARY_POLICY,
        r"fed(eral reserve)? (raises|cuts|holds|keeps|leaves|hikes|lowers|minutes|chair|officials?|signals)|"
        r"fomc|rate (cut|hike|decision|rise)|interest rates?|ecb (raises|cuts|holds|keeps|signals)|bank of "
        r"(england|japan|canada) (raises|cuts|holds|keeps|signals)|quantitative easing|powell|yellen|bernanke",
    ),
    _rule(
        EventType.MACRO_DATA,
        r"(consumer|annual|core) inflation|consumer prices|cpi\b|payrolls?|unemployment|jobless|gdp\b|housing "
        r"starts|retail sales (rise|fall)|pmi\b|jobs report|economic growth|u\.s\. economy",
    ),
    _rule(
        EventType.GEOPOLITICS_TRADE,
        r"tariffs?|trade (war|deal|talks|agreement|tensions)|sanctions?|embargo|election|war\b|missile|"
        r"invasion|coup\b|military|brexit|nationali[sz]|trump|beijing (ban|bars|tells)|china (bans?|bars?|"
        r"blocks?|tells)",
    ),
    _rule(
        EventType.LEGISLATION_POLICY,
        r"bill\b|lawmakers?|congress|senate|house (panel|vote)|parliament|legislation|law\b|subsid(y|ies)|tax "
        r"(credit|break|reform|hike|law|plan|bill)|budget|government (plan|program)|regulat(ion|ions|ory)|"
        r"rules?\b|white house|executive order|policy|epa\b|minister|ai act|chips act",
    ),
    _rule(
        EventType.SUPPLY_PRODUCTION,
        r"output|production|(crude|oil|gas|copper|gold|ore) (discovery|find|supply)|opec|shortage|capacity|"
        r"refinery|(oil|gas|lng)\b[^.]{0,30}(field|project|plant|terminal|well|block)|pipeline|mine\b|smelter|"
        r"assembly line|ramp[- ]?up|force majeure|drill|(plant|factory)\b|restart",
    ),
    _rule(
        EventType.PRODUCT_LAUNCH,
        r"launch(es|ed|ing)?\b|unveils?|introduc(es|ed|ing)|debuts?|rolls? out|new (phone|product|model|drug|"
        r"service|tablet|chip|car|app|device|engine|jet)|(trial|study|drug|vaccine|phase)\b[^.]{0,50}(meets?|"
        r"fails?|shows?|succe|results?|data|positive|goal|benefit|effective|safe|halt|misses|cuts|reduces|"
        r"improves)|(to )?(offer|release|test|develop)s?\b|iphone|ipad|prototype|technology|late-stage|"
        r"mid-stage|clinical|reveals|announces new|available",
    ),
    _rule(
        EventType.OPERATIONS_UPDATE,
        r"sales\b|traffic|deliveries|stores?\b|expan(d|ds|sion)|plans?\b|strategy|same-store|comparable|"
        r"passengers?|shipments?|subscribers?|users\b|market share|demand|revenue|profit|costs?\b|invest|"
        r"open(s|ing)? |build|moves?|talks|sees\b|says\b|cuts?\b|raises?\b|starts?\b|reports?\b|considers?|"
        r"mulls|aims|targets|prices?\b",
    ),
)


_SLUG = re.compile(r"^(?:(?:update|corrected|refile|brief|exclusive|wrapup|rpt)[ \d]*[-:]\s*)+", re.IGNORECASE)
_ODD_LETTERS = re.compile("[\u0130\u0131\u017f]")
"""That `re` takes for an i or an s in any case, though small letters of them are not that (found by trying every character)."""


def label(headline: str, lead: str = "") -> EventType:
    """The event type the first matching rule names; NOT_MARKET_RELEVANT when none matches."""
    return _named_in(_without_slug(headline)) or _named_in(lead) or EventType.NOT_MARKET_RELEVANT


@lru_cache(maxsize=TEXTS_KEPT)
def _named_in(text: str) -> EventType | None:
    if _ODD_LETTERS.search(text):
        return next((rule.event_type for rule in RULES if rule.any_case.search(text)), None)
    small = text.lower()
    return next((rule.event_type for rule in RULES if rule.small.search(small)), None)


def _without_slug(headline: str) -> str:
    """The headline without the wire's prefix: "UPDATE 2-", "BRIEF-", "REFILE-"."""
    return _SLUG.sub("", headline)
