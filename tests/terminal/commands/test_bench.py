import json
from types import SimpleNamespace

import pytest

from terminal.commands.bench import Run, figures_of
from terminal.main import main


def test_start_up_is_measured_in_a_process_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "start", "--runs", "2", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["runs"] == 2
    assert 0.01 < figures["cpu_seconds_least"] <= figures["cpu_seconds_median"] < 5


def test_figures_are_medians_by_stage_and_sums_by_purpose(build: SimpleNamespace) -> None:
    call = build.provenance().model_calls[0]
    calls = (
        call.model_copy(update={"purpose": "read.tags", "input_tokens": 10, "cached_tokens": 8, "output_tokens": 1}),
        call.model_copy(update={"purpose": "read.event", "input_tokens": 20, "cached_tokens": 0, "output_tokens": 1}),
        call.model_copy(update={"purpose": "explain", "input_tokens": 5, "cached_tokens": 0, "output_tokens": 7}),
    )
    runs = [
        Run(build.analysis(provenance=build.provenance(stages={"read": seconds}, model_calls=calls)), seconds + 1)
        for seconds in (9.0, 2.0, 3.0)
    ]
    figures = figures_of(runs)
    assert figures["first_run_seconds"] == 10.0
    assert figures["median_seconds"] == 4.0
    assert figures["stage_seconds_median"] == {"read": 3.0}
    assert figures["tokens"] == {
        "read": {"calls": 2, "input_tokens": 30, "cached_tokens": 8, "output_tokens": 2},
        "explain": {"calls": 1, "input_tokens": 5, "cached_tokens": 0, "output_tokens": 7},
    }
