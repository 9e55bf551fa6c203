"""The tables of alerts: the rules a person set, and which alerts were told."""

from sqlalchemy import BigInteger, Column, ForeignKey, String, Table, Text

from records.database.tables import metadata

alert_rules = Table(  # one that was removed stays, so that a question as of a time before is answered as it was then
    "alert_rules",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("added_at", BigInteger, primary_key=True),
    Column("removed_at", BigInteger),  # None: it is in force
    Column("payload", Text, nullable=False),  # JSON of records.alert.Conditions
)

alert_told = Table(  # what `rhyme alerts --new` and `--follow` have told
    "alert_told",
    metadata,
    Column("rule", String(64), primary_key=True),
    Column("added_at", BigInteger, primary_key=True),  # of the rule: one set anew under an old name has told nothing
    Column("analysis_id", String(64), ForeignKey("analyses.id"), primary_key=True),
)
