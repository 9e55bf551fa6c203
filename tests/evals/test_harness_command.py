"""`rhyme eval all|list|show|report|gate|fetch` through the program's own entry point, in a home of the test's own."""

import hashlib
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from evals.harness import datasets, gates
from evals.harness.datasets import CATALOGUE, PublicFile
from evals.harness.gates import load_registry
from evals.harness.shelf import Shelf
from terminal.main import main

pytest.importorskip("inspect_ai", reason="the extra `evals` is not installed")

ROWS = [{"table": {"uid": "t1"}, "questions": []}, {"table": {"uid": "t2"}, "questions": []}]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two runs of tickers and one of threads, made by the command."""
    folder = tmp_path_factory.mktemp("home")
    words = ["eval", "all", "--only", "tickers", "--code-only", "--quiet", "--json", "--home", str(folder)]
    assert main(words) == 0
    assert main([*words, "--only", "threads"]) == 0
    return folder


@pytest.fixture
def server() -> Iterator[tuple[str, dict[str, bytes]]]:
    """A real server on loopback, and the files it serves by path."""
    files: dict[str, bytes] = {}

    class Serve(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path)
            self.send_response(200 if content is not None else 404)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Serve)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}/copy", files
    serving.shutdown()
    thread.join()
    serving.server_close()


def test_runs_are_listed_with_their_suites(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "list", "--json", "--home", str(home)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sorted(run["suite"] for run in told["runs"]) == ["threads", "tickers", "tickers"]
    assert {"impact", "leaks", "cost"} <= {suite["suite"] for suite in told["suites"]}
    assert main(["eval", "list", "--home", str(home)]) == 0
    assert told["runs"][0]["run_id"] in capsys.readouterr().out


def test_a_run_is_shown_with_its_failures_one_by_one(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "show", "threads", "--failures", "--home", str(home)]) == 0
    shown = capsys.readouterr().out
    assert "bcubed_f1" in shown
    assert "asked:" in shown
    assert "one story kept apart" in shown
    assert main(["eval", "show", "nothing", "--home", str(home)]) == 2
    assert main(["eval", "show", "threads", "--json", "--home", str(home)]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 40


@pytest.mark.parametrize("suffix", [".html", ".md", ".json"])
def test_the_report_of_kept_runs_is_the_same_bytes_each_time(home: Path, tmp_path: Path, suffix: str) -> None:
    for name in ("one", "other"):
        report = str(tmp_path / f"{name}{suffix}")
        assert main(["eval", "report", "--report", report, "--home", str(home)]) == 0
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"other{suffix}").read_bytes()
    assert "tickers" in (tmp_path / f"one{suffix}").read_text(encoding="utf-8")


def test_the_same_code_compared_with_itself_shows_no_difference(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = next(run for run in Shelf(home / "evals").runs() if run.suite == "tickers")
    words = ["eval", "all", "--only", "tickers", "--code-only", "--compare", base.run_id, "--json", "--quiet"]
    assert main([*words, "--home", str(home)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["suite"] == "tickers"
    (comparison,) = told["comparisons"]
    assert comparison["base_id"] == base.run_id
    assert all(one["verdict"] == "not shown" for one in comparison["differences"])


def test_gates_let_in_what_reaches_them_and_block_what_does_not(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "gate", "tickers", "--json", "--home", str(home)]) == 0
    assert json.loads(capsys.readouterr().out)["let_in"]
    shelf = Shelf(home / "evals")
    good = shelf.load("tickers")
    worse = good.model_copy(update={"run_id": "tickers-worse", "metrics": {**good.metrics, "precision": 0.5}})
    shelf.save(worse)
    try:
        assert main(["eval", "gate", "tickers-worse", "--json", "--home", str(home)]) == 1
        told = json.loads(capsys.readouterr().out)
        assert not told["let_in"]
    finally:
        (home / "evals" / "tickers-worse.json").unlink()


def test_suites_that_are_run_and_judged_at_once_leave_with_the_gates_word(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["eval", "all", "--only", "threads", "--code-only", "--quiet", "--gate", "--home", str(home)]
    assert main(words) == 0
    assert "let in." in capsys.readouterr().out
    known = load_registry()
    wanted = {"kind": "hard", "threshold": 1.0, "noise": 0.0}
    stricter = tuple(gate.model_copy(update=wanted if gate.suite == "threads" else {}) for gate in known.gates)
    monkeypatch.setattr(gates, "load_registry", lambda: known.model_copy(update={"gates": stricter}))
    assert main([*words, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["suite"], told["let_in"]) == ("threads", False)
    assert [one["status"] for one in told["verdicts"]] == ["fail"]


def test_a_suite_without_data_runs_on_the_shipped_set(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "threads", "--json", "--quiet", "--home", str(home)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["split"] == "shipped"
    assert {"suite", "split", "data_digest", "n", "metrics", "baselines", "provenance"} <= told.keys()


def test_a_report_of_another_form_is_refused(home: Path, tmp_path: Path) -> None:
    assert main(["eval", "report", "--report", str(tmp_path / "report.docx"), "--home", str(home)]) == 2


def test_a_set_is_fetched_put_into_its_layout_and_refused_when_a_byte_differs(
    server: tuple[str, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, files = server
    content = json.dumps(ROWS).encode()
    whole = CATALOGUE["tatqa"]
    file = PublicFile(
        address=whole.files[0].address, sha256=hashlib.sha256(content).hexdigest(), target=whole.files[0].target
    )
    known = {**CATALOGUE, "tatqa": whole.model_copy(update={"files": (file,)})}
    monkeypatch.setattr(datasets, "CATALOGUE", known)
    words = ["eval", "fetch", "tatqa", "--from", address, "--quiet", "--home", str(tmp_path)]
    assert main(words) == 4, "the server has no such file"
    files["/copy/tatqa_dataset_dev.json"] = content + b" "
    assert main(words) == 4
    kept = tmp_path / "evals" / "data" / "tatqa" / "qa" / "tatqa_dev.jsonl"
    assert not kept.exists()
    files["/copy/tatqa_dataset_dev.json"] = content
    assert main(words) == 0
    assert [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()] == ROWS
    assert json.loads((kept.parents[1] / "SOURCE.json").read_text(encoding="utf-8"))["licence"] == "MIT"


def test_an_unknown_set_is_refused_with_those_that_are_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "fetch", "nothing", "--home", str(tmp_path)]) == 2
    assert "financebench" in capsys.readouterr().err
    assert main(["eval", "fetch", "--home", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert all(one.home in shown for one in CATALOGUE.values())


def test_every_public_set_is_pinned_to_a_commit_and_a_digest() -> None:
    for one in CATALOGUE.values():
        for file in one.files:
            assert len(file.sha256) == 64
            assert any(len(part) == 40 for part in file.address.split("/")), file.address


@pytest.mark.long
def test_ctrl_c_stops_a_real_process_and_the_same_command_goes_on(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "terminal.main", "eval", "all", "--only", "threads", "--only", "tickers"]
    words += ["--code-only", "--json", "--home", str(tmp_path)]

    def begin() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
        )

    with begin() as stopped:
        assert stopped.stderr is not None
        for line in stopped.stderr:
            if re.search(r"tickers: \d+ of", line):
                stopped.send_signal(signal.SIGINT)
                break
        stopped.stderr.read()
        assert stopped.wait() == 130
    kept = [path.name for path in (tmp_path / "evals").glob("*.json")]
    assert len(kept) == 1
    assert kept[0].startswith("threads")
    with begin() as resumed:
        out, err = resumed.communicate()
    assert resumed.returncode == 0
    assert "threads: preparing" not in err
    assert f"{json.loads(out)['runs'][0]['run_id']}.json" == kept[0]
