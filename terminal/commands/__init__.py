"""One file a subcommand; each has `run(options) -> exit code` and is imported only when its command is called."""
