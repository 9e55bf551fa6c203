"""Instruments, names, exchange sessions and prices in; candidates and `Reaction`s out. Never calls a model."""
