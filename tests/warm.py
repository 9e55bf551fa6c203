"""Loaded by the fork server for what it leaves behind: tables that every worker would otherwise read again, a second each."""

from agent.score import ScoreModel
from markets.desk import MarketDesk
from models.tokenizer_tables import encoding

ScoreModel()
MarketDesk()
encoding("o200k_base")
