"""Grades which ticker each name in a text leads to, on a shipped gold set of our own and on a wire's tags where there are some.

Takes the gold file and a folder of data; returns precision and recall with intervals, by kind, and every error. Calls a model
only if one is handed in, and never changes what it measures.
"""
