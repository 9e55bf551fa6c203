"""The words of financial figures: scales, currencies, units, number words, fractions and multiples."""

from agent.anycase import Anycase

SCALES = {
    "dozen": 12.0, "hundred": 1e2, "thousand": 1e3, "k": 1e3, "lakh": 1e5, "million": 1e6, "mln": 1e6, "mm": 1e6, "mn": 1e6,
    "m": 1e6, "crore": 1e7, "billion": 1e9, "bln": 1e9, "bn": 1e9, "b": 1e9, "trillion": 1e12, "trn": 1e12, "tn": 1e12,
    "t": 1e12,
}  # fmt: skip
SCALE = r"(?:dozen|hundred|thousand|lakh|million|billion|trillion|crore|mln|bln|trn|mm|mn|bn|tn|[kmb](?![a-z])|(?<=\d)t(?![a-z]))s?"

SYMBOLS = {
    "us$": "USD", "c$": "CAD", "ca$": "CAD", "a$": "AUD", "au$": "AUD", "hk$": "HKD", "nz$": "NZD", "s$": "SGD", "r$": "BRL",
    "nt$": "TWD", "mx$": "MXN", "$": "USD", "£": "GBP", "€": "EUR", "¥": "¥", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY",
    "rs": "INR", "rs.": "INR", "rm": "MYR",
}  # fmt: skip
"""`¥` alone is yen or yuan."""
CODES = (
    "USD EUR GBP JPY CHF CNY RMB INR CAD AUD NZD HKD SGD KRW TWD BRL MXN ZAR SEK NOK DKK RUB TRY PLN ILS SAR AED THB MYR IDR"
).split()
SYMBOL = (
    r"(?:(?:us|ca|c|au|a|hk|nz|s|r|nt|mx)?\$|[£€¥₹₩₽₺]|\b(?:rs\.?|rm)(?=\s?\d)|\b(?:" + "|".join(CODES) + r")(?=\s?\d))"
)
_MONEY_WORDS = {
    r"(?:u\.?s\.?\s+)?dollars?": "USD",
    r"canadian\s+dollars?": "CAD",
    r"australian\s+dollars?": "AUD",
    r"new\s+zealand\s+dollars?": "NZD",
    r"hong\s+kong\s+dollars?": "HKD",
    r"singapore\s+dollars?": "SGD",
    r"euros?": "EUR",
    r"pounds?(?:\s+sterling)?|stg|sterling": "GBP",
    r"yen": "JPY",
    r"yuan|renminbi": "CNY",
    r"rupees?": "INR",
    r"swiss\s+francs?|francs?": "CHF",
    r"swedish\s+(?:crowns?|kron[ao]r?)": "SEK",
    r"norwegian\s+(?:crowns?|kroner?)": "NOK",
    r"danish\s+(?:crowns?|kroner?)": "DKK",
    r"rou?bles?": "RUB",
    r"rand": "ZAR",
    r"reais|real(?=\b(?!\s+estate))": "BRL",
    r"pesos?": "MXN",
    r"(?<=lion\s)won": "KRW",
    r"(?:u\.?s\.?\s+)?cents?|¢": "cent",
    r"pence|p(?=\s+(?:per|a)\s+share)": "penny",
}
MONEY = r"(?:" + "|".join([*_MONEY_WORDS, *CODES]) + r")(?!\w)"
_MONEY_PATTERNS = [(Anycase(words), code) for words, code in _MONEY_WORDS.items()]

_UNITS = {
    "bpd": r"bpd|b/d|boe/d|boepd|(?:barrels?|bbls?)(?:\s+of\s+\w+(?:\s+equivalent)?)?(?:\s+(?:per|a)\s+day|/d(?:ay)?)",
    "barrel": r"barrels?|bbls?",
    "tonne": r"(?:metric\s+|short\s+)?(?:tonnes?|tons?)|mt",
    "ounce": r"ounces?|oz",
    "kilogram": r"kilograms?|kilos?|kg",
    "acre": r"acres?",
    "hectare": r"hectares?",
    "share": r"(?:common\s+|ordinary\s+|preferred\s+|class\s+\w\s+|new\s+|its\s+|of\s+its\s+)*(?:shares|stock\s+options)",
    "person": r"(?:full-time\s+|new\s+|of\s+its\s+)*(?:employees|workers|staff|jobs|positions|people|roles|staffers)",
    "customer": r"(?:new\s+|net\s+|paying\s+)*(?:customers|subscribers|users|members|clients|accounts)",
    "site": r"(?:new\s+|retail\s+|company-owned\s+)*(?:stores|shops|outlets|locations|restaurants|branches)",
    "vehicle": r"(?:new\s+|electric\s+)*(?:vehicles|cars|trucks)",
    "aircraft": r"(?:new\s+)*(?:aircraft|airplanes|planes|jets|jetliners)",
    "patient": r"patients",
    "year": r"years?",
    "month": r"months?",
    "week": r"weeks?",
    "day": r"(?:trading\s+|business\s+)?days?",
    "hour": r"hours?",
    "quarter": r"(?:straight\s+|consecutive\s+)?quarters(?!\s+of\s+(?:the|a|its)\b)",
    "megawatt": r"megawatts?|mw",
    "gigawatt": r"gigawatts?|gw",
    "mile": r"miles?",
    "kilometre": r"kilomet(?:re|er)s?|km",
    "country": r"countries",
    "patent": r"patents",
}
UNIT = r"(?:" + "|".join(f"(?:{words})" for words in _UNITS.values()) + r")(?!\w)"
_UNIT_PATTERNS = [(name, Anycase(words)) for name, words in _UNITS.items()]

PERCENT = r"%(?:-?\s?points?\b)?|percentage[\s-]+points?\b|per\s?cent(?:age)?(?:[\s-]+points?)?\b|pct(?:\s+points?)?\b|pp(?:ts?)?\b"
BASIS = r"basis[\s-]+points?\b|bps?\b"
FOLD = r"-?fold\b|×|x\b|times\b"
SIGMA = r"σ|sigmas?\b|standard\s+deviations?\b"
PER = Anycase(
    r"\s*(?:per|a|an|/)\s*(?:diluted\s+|common\s+|basic\s+|ordinary\s+)*(share|adr|ads|barrel|ounce|tonne|ton|gallon|day|week|month|unit|user)\b"
)

NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
        nineteen""".split()
    )
} | {word: 10 * tens for tens, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}  # fmt: skip

ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}

FRACTIONS = {
    "half": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
}  # fmt: skip

MULTIPLES = {
    "doubl": 2.0, "tripl": 3.0, "trebl": 3.0, "quadrupl": 4.0, "quintupl": 5.0, "halv": 0.5, "twice": 2.0, "thrice": 3.0,
    "twofold": 2.0, "threefold": 3.0, "fourfold": 4.0, "fivefold": 5.0, "sixfold": 6.0, "tenfold": 10.0,
}  # fmt: skip


def currency_of(written: str) -> tuple[str | None, float]:
    """The currency of a symbol, code or word, and the value of one of it (0.01 for cents); None for no money."""
    word = " ".join(written.lower().split())
    if word in SYMBOLS:
        return SYMBOLS[word], 1.0
    if word.upper() in CODES:
        return "CNY" if word == "rmb" else word.upper(), 1.0
    for pattern, code in _MONEY_PATTERNS:
        if pattern.fullmatch(word) or (code in ("KRW", "penny") and word in ("won", "p")):
            return {"cent": ("USD", 0.01), "penny": ("GBP", 0.01)}.get(code, (code, 1.0))
    return None, 1.0


def unit_of(written: str) -> str | None:
    """The unit a word counts in, e.g. "person" for "jobs"; None for one that is not known."""
    return next((name for name, pattern in _UNIT_PATTERNS if pattern.fullmatch(written.strip())), None)
