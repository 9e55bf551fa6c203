"""The language of a text, or None."""

import pytest

from feeds.language import detect_language

SENTENCES = {
    "en": "Harbor Foods lowered its full-year profit forecast on Thursday.",
    "de": "Die Deutsche Bank senkt ihre Prognose für das laufende Jahr.",
    "fr": "Le groupe a relevé ses prévisions de bénéfice pour l'année en cours.",
    "es": "El banco central mantuvo los tipos de interés sin cambios este jueves.",
    "it": "La banca ha alzato le stime sugli utili per l'anno in corso.",
    "pt": "O banco central manteve a taxa de juros inalterada nesta quinta-feira.",
    "nl": "De bank verhoogde donderdag haar winstverwachting voor het hele jaar.",
    "pl": "Bank centralny pozostawił stopy procentowe bez zmian w czwartek.",
    "ru": "Компания повысила прогноз прибыли на текущий год.",
    "zh": "中国人民银行周一宣布下调存款准备金率。",
    "ja": "トヨタ自動車は月曜日に業績予想を上方修正した。",
    "ko": "삼성전자는 월요일 영업이익이 증가했다고 발표했다.",
    "ar": "رفعت الشركة توقعاتها للأرباح للعام الحالي يوم الخميس.",
}


@pytest.mark.parametrize(("code", "sentence"), SENTENCES.items())
def test_sentence_is_recognised(code, sentence):
    assert detect_language(sentence) == code


@pytest.mark.parametrize(
    "text", ["", "12 34 56.78", "AAPL", "Q3 EPS 1.2", "$1.20 +3% 2026-11-23", "FOMC minutes", "Tesla"]
)
def test_too_little_text_is_undecided(text):
    assert detect_language(text) is None
