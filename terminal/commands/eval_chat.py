"""`rhyme eval chat`: questions with gold answers, put to the chat that `rhyme ask` uses."""

import argparse
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from terminal.eval_labels import answers_of, data_folder, provenance
from terminal.eval_runs import asked_of, assessed, kept, on_harness, shown
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import load_settings

if TYPE_CHECKING:
    from evals.chat.run import ChatReport
    from evals.harness.run import Run


def run(options: argparse.Namespace) -> int:
    """Grades and reports. Raises SourceError, ModelError, SettingsError, StoreError, UsageError."""
    if on_harness(options):
        options.code_only = options.limit == 0
        return shown(options, assessed(options, ["chat"]))
    from evals.chat.report import shares, spread, to_json, write_report

    data = data_folder(options.data, "financebench_150.jsonl or tatqa_dev.jsonl")
    with ProgressView.open(quiet=options.quiet) as view, ExitStack() as closing:
        report = _graded(options, data, view, closing)
    told = provenance(options) | {"half": options.half}
    if options.out:
        write_report(Path(options.out), report, told)
    whole = kept(options, _run_of(options, report, to_json(report, told)), to_json(report, told))
    if options.json:
        print(as_json(whole))
        return 0
    print(plain(f"{len(report.judged):,} questions of the {report.half} half; {report.model} ({report.mode})."))
    for name, share in shares(report.judged, [hit for _, hit in report.hits]).items():
        print(f"  {name:20} {spread(share)}")
    if options.out:
        print(plain(f"The report is in {options.out}."))
    return 0


def _run_of(options: argparse.Namespace, report: "ChatReport", told: Mapping[str, Any]) -> "Run":
    """Of the questions put to a model; without one, of the search with all questions."""
    from evals.harness.adapt import chat_cases, run_of

    asked = bool(report.judged)
    profile: Literal["capable", "embedded"] = "embedded" if report.mode == "steps" else "capable"
    return run_of(
        "chat",
        asked_of(options, model=report.model if asked else None, profile=profile if asked else None),
        split=told["split"] if told["split"] == "both" else f"{told['split']} half",
        data_digest=told["data_digest"],
        n=len(report.judged) if asked else len(report.hits),
        metrics=told["metrics"],
        baselines=told["baselines"],
        cases=chat_cases(report),
    )


def _graded(options: argparse.Namespace, data: Path, view: ProgressView, closing: ExitStack) -> "ChatReport":
    """In a temporary home: what a person has taken in is neither searched nor changed. The model, its cache and its ledger are
    those of the settings."""
    from agent.chat import ChatLimits
    from evals.chat.run import Request, articles_of, load, run
    from terminal.assembly import Assembly
    from terminal.chat_parts import in_steps, open_chat
    from terminal.tool_sources import tool_sources

    settings = load_settings({"home": options.home, "model": options.model}).settings
    half = None if options.half == "both" else options.half
    request = Request(data, half, options.limit or None, options.seed)
    view.say("Taking in the contexts …")
    loaded = load(data)
    folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="rhyme-eval-")))
    alone = settings.model_copy(update={"home": folder, "database_url": None, "prices": None, "portfolio": None})
    parts = closing.enter_context(Assembly(alone, say=view.say))
    parts.database.intake.save_articles(articles_of(loaded.contexts))
    if options.limit == 0:
        kept = answers_of(argparse.Namespace(model=None), "chat")
        return run(
            request, loaded, None, tool_sources(parts, closing), kept, view.say, model="no model", mode="retrieval"
        )
    own = closing.enter_context(Assembly(settings, say=view.say))
    talk = open_chat(parts, closing, ChatLimits(), model=own.model)
    options.model = own.model.name
    return run(
        request,
        loaded,
        talk,
        tool_sources(parts, closing),
        answers_of(options, "chat"),
        view.say,
        model=own.model.name,
        mode="steps" if in_steps(own.model) else "agent",
        version=_prompts(),
    )


def _prompts() -> str:
    """What the answers depend on beside the model: the prompts' digests."""
    from prompts import PromptLibrary

    library = PromptLibrary()
    return " ".join(library.load(name).digest for name in ("chat", "chat_answers", "chat_relevant"))
