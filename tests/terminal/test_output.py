import json
import math
from types import SimpleNamespace

import jsonschema  # type: ignore[import-untyped]
import pytest

from records.analysis import Analysis
from terminal.output import AnalysisOutput, analysis_schema, as_json

PROMISED = {
    "": "id article summary analysis tags tickers sentiment impact precedents claims dropped provenance",
    "article": "title url source published_at first_seen_at language",
    "sentiment": "label negative neutral positive",
    "impact": "score low high p_material multiplier rank evidence n_eff drivers",
    "provenance": "model prompts embedder store as_of calls input_tokens output_tokens cost_usd seconds cache_hit",
    "precedents.0": "id summary event_type tickers published_at similarity why differs reaction",
    "precedents.0.reaction": "ticker abnormal_return simple_return z window known_at",
    "claims.0": "text support verdict",
}
"""The names other programs rely on; none may ever go."""


def _object(analysis: Analysis) -> dict[str, object]:
    data = json.loads(as_json(AnalysisOutput.of(analysis)))
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize("place", PROMISED)
def test_every_promised_name_is_there(analysis: Analysis, place: str) -> None:
    node: object = _object(analysis)
    for step in filter(None, place.split(".")):
        node = node[int(step)] if isinstance(node, list) else node[step]  # type: ignore[index]
    assert isinstance(node, dict)
    assert set(PROMISED[place].split()) <= set(node)


def test_outputs_match_their_schema(analysis: Analysis, unscoreable: Analysis) -> None:
    schema = analysis_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for each in (analysis, unscoreable):
        validator.validate(_object(each))
    broken = _object(analysis) | {"dropped": "one"}
    assert not validator.is_valid(broken)


def test_the_analysis_holds_the_supported_sentences_only(analysis: Analysis) -> None:
    data = _object(analysis)
    assert data["analysis"] == "Sales are to grow 4 percent. A like outlook moved the share by 3.1 %."
    assert data["dropped"] == 1
    assert [claim["verdict"] for claim in data["claims"]] == ["supported", "supported", "dropped"]  # type: ignore[attr-defined]


def test_a_program_is_given_a_move_in_log_and_as_the_fall_of_the_price(fallen: Analysis) -> None:
    reaction = AnalysisOutput.of(fallen).precedents[0].reaction
    assert reaction.abnormal_return == -0.644
    assert reaction.simple_return == pytest.approx(-0.4748, abs=1e-4)


def test_the_scored_ticker_comes_first_and_none_repeats(analysis: Analysis) -> None:
    assert _object(analysis)["tickers"] == ["GIS", "K"]


def test_an_unscoreable_article_has_null_and_never_a_middle_value(unscoreable: Analysis) -> None:
    data = _object(unscoreable)
    impact = data["impact"]
    assert isinstance(impact, dict)
    assert {impact[name] for name in ("score", "low", "high", "p_material", "multiplier", "rank", "n_eff")} == {None}
    assert impact["reason"]
    assert data["sentiment"] is None
    assert data["analysis"] == ""


def test_json_is_ascii_so_that_no_locale_or_terminal_changes_it(build: SimpleNamespace) -> None:
    article = build.article(title="Nestlé \x9b2J \u202e General Mills raises its outlook")
    text = as_json(AnalysisOutput.of(build.analysis(article=article, reading=build.reading(article, facts=()))))
    assert text.isascii()
    assert json.loads(text)["article"]["title"] == article.title


def test_a_number_json_cannot_hold_is_refused_rather_than_printed() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json({"x": math.nan})
