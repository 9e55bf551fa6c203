"""Grades sentiment on labelled sets: towards each entity where the set labels entities, of the whole headline elsewhere.

Takes a folder with labels/; returns accuracy, F1 by class and macro-F1 with bootstrap intervals, beside baselines and published
figures. Calls a model only if one is handed in. Never copies a text: a report knows texts by their digests.
"""
