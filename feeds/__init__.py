"""Files, folders, addresses and feeds in, `Article`s out, with provenance and both times. Never calls a model."""
