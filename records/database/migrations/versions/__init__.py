"""One file a revision, `rNNNN_what.py`; the newest is `records.database.schema.HEAD`."""
