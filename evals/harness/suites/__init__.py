"""One file a suite: from the shipped set, or a folder given, to a task that the engine runs."""
