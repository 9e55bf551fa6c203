"""The arguments of `rhyme eval words`. Standard library only, like all that is read before a command is known."""

from terminal.command_tree import Tree, whole_number
from terminal.eval_harness_arguments import SHIPPED_HELP, add_run_options


def add_eval_words(evaluate: Tree) -> None:
    """Adds the suite that grades the check of the words, and the comparison of two versions of the prompts."""
    _add_prompts(evaluate)
    _add_translation(evaluate)
    words = evaluate.command(
        "words",
        "eval_words",
        "grade the check of the analysis's words on true sentences and on the same made false",
        "rhyme eval words --data DIR --out report/ --json",
        "DIR holds summ/*.parquet (id, doc, summary: earnings calls with summaries) or dup/*.jsonl (a, b, a_body, b_body, date, "
        "label: versions of one story). Needs no model: the analyses then checked are composed from readings made in code.",
    )
    words.add_argument("--data", metavar="DIR", help=f"folder with summ/ or dup/; {SHIPPED_HELP}")
    words.add_argument(
        "--half",
        choices=("report", "dev", "both"),
        default="report",
        help="articles by a hash of their id: the half the check was not built on (default), the other one, or both",
    )
    words.add_argument(
        "--limit", metavar="N", type=whole_number(1, 1_000_000), help="at most N true sentences, drawn by article"
    )
    words.add_argument(
        "--seed", metavar="S", type=whole_number(0, 2**32 - 1), default=4, help="of all draws (default 4)"
    )
    words.add_argument("--model", metavar="M", help="also run whole analyses with this model and check its words")
    words.add_argument(
        "--articles", metavar="N", type=whole_number(1, 10_000), default=5, help="analyses run with --model (default 5)"
    )
    words.add_argument(
        "--written-only", action="store_true", help="only the product's own words; the check is not graded"
    )
    words.add_argument(
        "--out",
        metavar="DIR",
        help="also write report.md and report.json there; with --model a run that was stopped goes on from written.jsonl",
    )
    words.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    add_run_options(words)


def _add_translation(evaluate: Tree) -> None:
    translation = evaluate.command(
        "translation",
        "eval_translation",
        "grade the check of translations: faithful ones let pass, altered ones stopped",
        "rhyme eval translation --out report/ --json",
        "The pairs are shipped: sentences of analyses in English and in each output language. No model is asked.",
    )
    translation.add_argument("--out", metavar="DIR", help="also write report.md and report.json there")
    translation.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def _add_prompts(evaluate: Tree) -> None:
    prompts = evaluate.command(
        "prompts",
        "eval_prompts",
        "compare two versions of the prompts on the same articles with the same model",
        "rhyme eval prompts --before old-prompts/ --model M",
        "A folder is laid out like prompts/ (*.md, parts/). The articles are a fixed, shipped sample; analyses are kept nowhere. "
        "Told are the sentences that the check leaves and drops, second calls, tokens and cost, article by article in pairs.",
    )
    prompts.add_argument("--before", metavar="DIR", required=True, help="the prompts to compare with")
    prompts.add_argument("--after", metavar="DIR", help="the changed prompts (default: those of this version)")
    prompts.add_argument("--model", metavar="M", help="the model that answers (default: as set)")
    prompts.add_argument("--limit", metavar="N", type=whole_number(1, 1_000), help="the first N articles only")
    prompts.add_argument("--json", action="store_true", help="print one JSON object on stdout")
