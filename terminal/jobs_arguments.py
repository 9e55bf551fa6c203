"""The arguments of `rhyme jobs …` and `rhyme worker`. Standard library only, like all that is read before a command is known."""

from terminal.command_tree import Tree, UsageParser

LISTED = 50


def add_jobs(tree: Tree) -> None:
    """Adds the group with its commands, and the worker."""
    jobs = tree.group("jobs", "put articles in line to be analysed in bulk, and look after them", "rhyme jobs list")
    shown = [_add_add(jobs), _add_list(jobs), _add_show(jobs), _add_batches(jobs), *_add_changes(jobs)]
    shown.append(_add_worker(tree))
    for parser in shown:
        parser.add_argument("--json", action="store_true", help="print JSON on stdout")


def _add_add(jobs: Tree) -> UsageParser:
    add = jobs.command(
        "add",
        "jobs",
        "put articles in line to be analysed",
        "rhyme jobs add --new",
        "`rhyme worker` does the work; several may. An article that has a job keeps it (docs/jobs.md).",
    )
    add.set_defaults(action="add")
    add.add_argument(
        "source", metavar="SOURCE", nargs="*", help="files, addresses, - for stdin, or ids of articles that are kept"
    )
    add.add_argument("--new", action="store_true", help="all articles that are kept, not analysed and in no job")
    add.add_argument(
        "--live", action="store_true", help="before everything that is in line without it; for news of the day"
    )
    return add


def _add_list(jobs: Tree) -> UsageParser:
    listing = jobs.command(
        "list", "jobs", "count all jobs and show some", "rhyme jobs list --failed", "Those that ended last come first."
    )
    listing.set_defaults(action="list")
    listing.add_argument("--failed", action="store_true", help="only those that were set aside, with the reason")
    listing.add_argument(
        "--limit", metavar="N", type=int, default=LISTED, help=f"how many are shown; default {LISTED}, 0 for none"
    )
    return listing


def _add_show(jobs: Tree) -> UsageParser:
    show = jobs.command("show", "jobs", "show one job and what became of it", "rhyme jobs show 3f9a0c12be45d678")
    show.set_defaults(action="show")
    show.add_argument("id", metavar="ID", help="the article's id, or how it begins")
    return show


def _add_batches(jobs: Tree) -> UsageParser:
    batches = jobs.command(
        "batches",
        "jobs",
        "show the batches of requests that were sent to the provider",
        "rhyme jobs batches",
        "The newest first. `rhyme worker --batch` sends and collects them (docs/batches.md).",
    )
    batches.set_defaults(action="batches")
    batches.add_argument("--limit", metavar="N", type=int, default=LISTED, help=f"how many are shown; default {LISTED}")
    return batches


def _add_changes(jobs: Tree) -> list[UsageParser]:
    pause = jobs.command(
        "pause",
        "jobs",
        "begin no more jobs, or set single ones to rest",
        "rhyme jobs pause",
        "What is being worked on is finished. A spent budget, a missing model or a full disk pauses everything by itself.",
    )
    resume = jobs.command("resume", "jobs", "go on after a pause", "rhyme jobs resume")
    cancel = jobs.command(
        "cancel",
        "jobs",
        "take jobs out of the line",
        "rhyme jobs cancel 3f9a0c12be45d678",
        "One that is being worked on ends after its present step. `rhyme jobs retry` brings it back.",
    )
    retry = jobs.command(
        "retry",
        "jobs",
        "do jobs again from the start that failed, were cancelled or are done",
        "rhyme jobs retry --failed",
    )
    for parser, action in ((pause, "pause"), (resume, "resume"), (cancel, "cancel"), (retry, "retry")):
        parser.set_defaults(action=action)
        parser.add_argument("id", metavar="ID", nargs="*", help="ids of articles, or how they begin")
    cancel.add_argument("--all", action="store_true", help="all that wait")
    retry.add_argument("--failed", action="store_true", help="all that were set aside")
    return [pause, resume, cancel, retry]


def _add_worker(tree: Tree) -> UsageParser:
    worker = tree.command(
        "worker",
        "worker",
        "analyse the articles that are in line, until it is stopped",
        "rhyme worker --until-empty",
        "Ctrl-C or SIGTERM: the present steps are finished and the rest is given back; a second time: all is given back at once. "
        "What a killed worker had in hand is taken up by the next one or by another (docs/jobs.md). Alerts that are raised "
        "meanwhile are printed, a line each.",
    )
    worker.add_argument(
        "--concurrency",
        metavar="N",
        type=int,
        help="articles at once in each worker; default 1 for a model on this machine, else 4",
    )
    worker.add_argument("--together", metavar="N", type=int, help="articles at once in all workers; default: no limit")
    worker.add_argument("--until-empty", action="store_true", help="leave when no job is left, or when jobs are paused")
    worker.add_argument(
        "--batch",
        action="store_true",
        help="backfill through OpenAI's Batch API, at half price and within a day, until none is left; Ctrl-C leaves at once, the "
        "next one collects (docs/batches.md)",
    )
    return worker
