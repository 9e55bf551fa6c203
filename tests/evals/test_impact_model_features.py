"""What a language model adds to the score: the sample, the answers that are kept, and the arithmetic."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr  # type: ignore[import-untyped]
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

from agent.read_embedded import Calibration, EmbeddedReader
from agent.score import ScoreModel
from evals.impact import weighted
from evals.impact.bootstrap import Interval
from evals.impact.model_features import Sample, fit, gain, measure, tables
from evals.impact.reading_answers import FEATURES, IMPACT, SURPRISE, answered, features_of, sentiment_of
from evals.impact.reading_sample import Forecast, Story, drawn_stories, forecasts, in_order
from markets.reference import reference
from models.scripted import Choice, ScriptedModel
from prompts import PromptLibrary
from records.errors import SourceUnreachable


def rows(count: int = 3000, seed: int = 1) -> list[dict[str, Any]]:
    """Stories of 2014 to 2016, about a sixth of them movers, some twice a day, some telling the price."""
    moves = np.random.default_rng(seed).standard_t(3, count)
    events = [number - (number % 10 in (1, 3)) for number in range(count)]
    return [
        {
            "id": f"s{number}",
            "event_id": f"E{event}",
            "date": date(2014, 1, 1) + timedelta(days=event % 1000),
            "ticker": "T",
            "company": f"Company {event % 50}",
            "headline": f"Headline {number}",
            "body": f"Lead {number}",
            "price_leak": number % 10 == 0,
            "z01": float(moves[event]) if event % 97 else None,
        }
        for number, event in enumerate(events)
    ]


def story(name: str, *, mover: bool = False) -> Story:
    return Story(name, f"{name} Inc", f"{name} says", "More.", mover, 0.01)


def test_the_sample_takes_each_event_once_by_its_first_story_that_does_not_tell_the_price() -> None:
    given = rows()
    drawn = drawn_stories(given, (2014, 2015), seed=0)
    names = [each.event_id for each in drawn]
    assert len(set(names)) == len(names)
    for each in drawn:
        first = next(row for row in given if row["event_id"] == each.event_id and not row["price_leak"])
        assert each.headline == first["headline"]
        assert first["date"].year in (2014, 2015)
        assert each.mover == (abs(first["z01"]) > 2)


def test_the_weights_of_a_stratum_sum_to_its_share_of_all_events() -> None:
    given = [row for row in rows() if row["date"].year == 2014 and not row["price_leak"] and row["z01"] is not None]
    movers = {row["event_id"] for row in given if abs(row["z01"]) > 2}
    drawn = drawn_stories(given, (2014,), seed=0)
    share = len(movers) / len({row["event_id"] for row in given})
    assert sum(each.weight for each in drawn if each.mover) == pytest.approx(share)
    assert sum(each.weight for each in drawn) == pytest.approx(1.0)


def test_the_same_seed_draws_the_same_sample_and_another_seed_another() -> None:
    given = rows(6000)
    assert drawn_stories(given, (2014, 2015), 0) == drawn_stories(given, (2014, 2015), 0)
    assert drawn_stories(given, (2014, 2015), 0) != drawn_stories(given, (2014, 2015), 1)


def test_every_beginning_of_the_order_has_a_third_of_movers_and_does_not_depend_on_the_order_given() -> None:
    stories = [story(f"M{at}", mover=True) for at in range(50)] + [story(f"O{at}") for at in range(100)]
    ordered = in_order(stories, seed=0)
    assert ordered == in_order(stories[::-1], seed=0)
    assert ordered != in_order(stories, seed=1)
    for length in range(3, 151, 3):
        assert sum(each.mover for each in ordered[:length]) == length // 3


def script(count: int) -> list[Choice]:
    """Answers for `count` stories, in the order of the calls."""
    one = [
        Choice({"positive": 0.5, "negative": 0.2, "neutral": 0.3}),
        Choice({"Positive": 0.7, "Negative": 0.3}),
        Choice(dict(zip(SURPRISE, (0.1, 0.2, 0.4, 0.2, 0.1), strict=True))),
        Choice(dict(zip(IMPACT, (0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.0), strict=True))),
    ]
    return one * count


def read(stories: Sequence[Story], answers: Path, model: ScriptedModel | None, name: str = "script") -> dict[str, Any]:
    def open_it() -> ScriptedModel:
        assert model is not None, "nothing was missing, so the model stays closed"
        return model

    return dict(answered(stories, answers, name, open_it, lambda _: None))


def test_a_run_asks_only_for_what_is_not_kept_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    kept = tmp_path / "answers.jsonl"
    stories = [story("A"), story("B"), story("C")]
    first = read(stories[:2], kept, ScriptedModel(script(2)))
    again = read(stories, kept, ScriptedModel(script(1)))
    assert {name: again[name] for name in first} == first
    assert read(stories, kept, None) == again


def test_a_line_that_was_cut_off_is_asked_again_and_spoils_nothing(tmp_path: Path) -> None:
    kept = tmp_path / "answers.jsonl"
    stories = [story("A"), story("B")]
    whole = read(stories, kept, ScriptedModel(script(2)))
    kept.write_text(kept.read_text(encoding="utf-8")[:-30], encoding="utf-8")
    assert read(stories, kept, ScriptedModel(script(1))) == whole
    assert read(stories, kept, None) == whole


def test_another_text_subject_or_model_is_asked_anew(tmp_path: Path) -> None:
    kept = tmp_path / "answers.jsonl"
    read([story("A")], kept, ScriptedModel(script(1)))
    read([replace(story("A"), lead="Other.")], kept, ScriptedModel(script(1)))
    read([replace(story("A"), company="Other Inc")], kept, ScriptedModel(script(1)))
    read([story("A")], kept, ScriptedModel(script(1)), name="another")
    assert len(kept.read_text(encoding="utf-8").splitlines()) == 4


def test_no_text_of_a_story_is_kept(tmp_path: Path) -> None:
    kept = tmp_path / "answers.jsonl"
    read([story("Secretive")], kept, ScriptedModel(script(1)))
    assert "Secretive" not in kept.read_text(encoding="utf-8")


def test_digits_become_their_expectation(tmp_path: Path) -> None:
    found = features_of(read([story("A")], tmp_path / "a", ScriptedModel(script(1)))["A"], Calibration.shipped())
    assert found["surprise"] == pytest.approx(2.0)
    assert found["impact"] == pytest.approx(5.0, abs=1e-3)
    assert 0 < found["sentiment"] < 1


def test_the_sentiment_is_the_embedded_reader_s_own(tmp_path: Path) -> None:
    answers = read([story("A")], tmp_path / "a", ScriptedModel(script(1)))["A"]
    reader = EmbeddedReader(ScriptedModel(script(1)[1::-1]), PromptLibrary(), lambda _: None)
    assert sentiment_of(answers, Calibration.shipped()) == reader._sentiment("A Inc")


def test_kept_forecasts_serve_the_same_events_and_no_others(tmp_path: Path) -> None:
    cache = tmp_path / "forecasts.json"
    made = Forecast("A", 0.1, -1.5, 735_000, True)
    kept = {"score": ScoreModel().version, "asked": ["A", "B"], "forecasts": [asdict(made)]}
    cache.write_text(json.dumps(kept), encoding="utf-8")
    assert forecasts(tmp_path, [story("B")], [story("A")], cache, print) == {"A": made}
    with pytest.raises(SourceUnreachable):
        forecasts(tmp_path, [story("C")], [story("A")], cache, print)
    cache.write_text(json.dumps(kept | {"score": "another"}), encoding="utf-8")
    with pytest.raises(SourceUnreachable):
        forecasts(tmp_path, [story("B")], [story("A")], cache, print)


def test_weights_of_one_give_the_plain_rank_correlation_and_auc() -> None:
    generator = np.random.default_rng(0)
    x, y = generator.integers(0, 6, 80).astype(float), generator.normal(size=80)
    label = y + x > 3
    ones = np.ones(80)
    assert float(weighted.spearman(x, y, ones)) == pytest.approx(spearmanr(x, y).statistic)
    assert float(weighted.auc(label, x, ones)) == pytest.approx(roc_auc_score(label, x))


def test_a_weight_of_two_is_the_event_twice() -> None:
    generator = np.random.default_rng(1)
    x, y = generator.integers(0, 9, 40).astype(float), generator.normal(size=40)
    counts = generator.integers(0, 4, 40)
    twice_x, twice_y = np.repeat(x, counts), np.repeat(y, counts)
    assert float(weighted.spearman(x, y, counts.astype(float))) == pytest.approx(spearmanr(twice_x, twice_y).statistic)
    label = y > 0
    assert float(weighted.auc(label, x, counts.astype(float))) == pytest.approx(
        roc_auc_score(np.repeat(label, counts), twice_x)
    )


def test_draws_take_whole_days() -> None:
    days = np.array([5, 5, 9, 9, 9])
    drawn = weighted.drawn_weights(np.array([1.0, 2.0, 1.0, 1.0, 3.0]), days, draws=50, seed=0)
    assert drawn.shape == (50, 5)
    assert np.array_equal(drawn[:, 1], 2 * drawn[:, 0])
    assert np.array_equal(drawn[:, 4], 3 * drawn[:, 2])
    assert len(np.unique(drawn[:, 0])) == 3


def test_a_constant_has_no_rank_correlation() -> None:
    drawn = np.random.default_rng(0).random((200, 7))
    assert np.isnan(weighted.spearman(np.ones(7), np.arange(7.0), drawn)).all()


def sample(n: int, coefficient: float, seed: int) -> Sample:
    """Events whose true scale is exp(log_s + coefficient · surprise) before the calibration of the score."""
    generator, ref, model = np.random.default_rng(seed), reference(), ScoreModel()
    log_s, x = generator.normal(0.3, 0.3, n), generator.normal(2.0, 1.0, n)
    scale = model.finish(log_s + coefficient * (x - 2.0)).scale
    z = scale * ref.quantile(generator.random(n)) * generator.choice([-1, 1], n)
    others = {name: generator.normal(size=n) for name in (*FEATURES, "direction")}
    return Sample(
        log_s=log_s,
        z=z,
        y=ref.cdf(np.abs(z)),
        day=np.arange(n) // 3,
        hard=generator.random(n) < 0.5,
        weight=generator.uniform(0.5, 1.5, n),
        features={**others, "surprise": x},
    )


@pytest.mark.long
def test_an_effect_that_is_there_is_found_and_holds() -> None:
    model, ref = ScoreModel(), reference()
    development, validation = sample(1200, 0.3, 1), sample(1200, 0.3, 2)
    term = fit(development.features["surprise"], development, model, seed=0)
    assert term.coefficient == pytest.approx(0.3, abs=3 * term.standard_error)
    assert 0 < term.standard_error < 0.05
    assert gain(validation.features["surprise"], term, validation, model, ref, seed=0).holds


def test_noise_gains_nothing() -> None:
    model, ref = ScoreModel(), reference()
    development, validation = sample(600, 0.0, 1), sample(600, 0.0, 2)
    term = fit(development.features["impact"], development, model, seed=0)
    assert abs(term.coefficient) < 3 * term.standard_error
    assert not gain(validation.features["impact"], term, validation, model, ref, seed=0).holds


@pytest.mark.long
def test_what_another_fitting_sample_would_bring_widens_the_interval_and_a_certain_coefficient_does_not() -> None:
    model, ref, validation = ScoreModel(), reference(), sample(400, 0.3, 2)
    x = validation.features["surprise"]
    term = fit(x, validation, model, seed=0)
    likely = np.linspace(term.coefficient - 1, term.coefficient + 1, len(term.drawn))
    found = gain(x, replace(term, drawn=likely), validation, model, ref, seed=0)
    assert found.crps is not None
    assert found.crps_refitted is not None
    assert found.crps_refitted.value == found.crps.value
    assert width(found.crps_refitted) > 2 * width(found.crps)
    same = gain(x, replace(term, drawn=np.full_like(term.drawn, term.coefficient)), validation, model, ref, seed=0)
    for refitted, fixed in ((same.spearman_refitted, same.spearman), (same.crps_refitted, same.crps)):
        assert refitted is not None
        assert fixed is not None
        assert (refitted.low, refitted.high) == pytest.approx((fixed.low, fixed.high))


def width(one: Interval) -> float:
    return one.high - one.low


def test_a_term_of_zero_changes_nothing() -> None:
    model, ref, validation = ScoreModel(), reference(), sample(300, 0.3, 2)
    term = replace(fit(validation.features["surprise"], validation, model, seed=0), coefficient=0.0)
    found = gain(validation.features["surprise"], term, validation, model, ref, seed=0)
    assert found.spearman == found.crps == Interval(0.0, 0.0, 0.0)
    assert not found.holds


def test_the_report_is_json_and_its_tables_name_every_feature() -> None:
    report = measure(sample(120, 0.0, 1), sample(120, 0.0, 2), ScoreModel(), reference(), seed=0)
    again = json.loads(json.dumps(report, allow_nan=False))
    assert tables(again) == tables(report)
    assert all(title in tables(report) for title in FEATURES.values())
    assert report["n"] == {"development": 120, "validation": 120}


def test_a_guess_that_is_the_score_itself_loses_nothing_to_it() -> None:
    model, given = ScoreModel(), sample(120, 0.0, 1)
    same = replace(given, features={**given.features, "impact": model.finish(given.log_s).score})
    found = measure(same, same, model, reference(), seed=0)
    assert found["score_less_guess"]["validation"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert found["features"]["impact"]["ranking"]["validation"] == found["score"]["validation"]


def test_the_page_shows_the_numbers_of_the_file_beside_it() -> None:
    folder = Path(__file__).parents[2] / "docs" / "evaluations"
    report = json.loads((folder / "model-features.json").read_text(encoding="utf-8"))
    page = (folder / "model-features.md").read_text(encoding="utf-8")
    assert tables(report) in page
    assert all(f"{count:,}" in page for count in report["n"].values())
