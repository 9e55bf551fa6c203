"""Which language a text is in, offline: a naive Bayes model over byte n-grams that comes with py3langid."""

from functools import cache
from itertools import islice

from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

# The languages of large financial wires. The full model knows 140; the rare ones only win by mistake on short texts.
_LANGUAGES = (  # ISO 639-1
    "ar", "bg", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hr", "hu", "id", "it", "ja", "ko",
    "ms", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sv", "th", "tr", "uk", "vi", "zh",
)  # fmt: skip
_SURE = 0.7  # calibrated probability: headlines of four words or less mostly stay below, sentences are above .95
_FEWEST_LETTERS = 8  # Chinese and Japanese headlines can be that short
_SAMPLE = 20_000  # characters: more does not change the answer


def detect_language(text: str) -> str | None:
    """The ISO 639-1 code; None when the text is too short or no language is clearly ahead."""
    sample = text[:_SAMPLE]
    letters = (True for letter in sample if letter.isalpha())
    if sum(islice(letters, _FEWEST_LETTERS)) < _FEWEST_LETTERS:
        return None
    code, probability = _identifier().classify(sample)
    return str(code) if probability >= _SURE else None


@cache
def _identifier() -> LanguageIdentifier:
    """The model, read once per process on first use (0.4 s)."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_LANGUAGES)
    return identifier
