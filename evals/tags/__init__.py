"""Grades the themes given to an article on a set whose articles carry topics, mapped onto Rhyme's tags.

Takes a folder with labels/reuters21578_test.jsonl and the shipped mapping; returns precision, recall and F1, micro, macro and
by tag. Calls a model only if one is handed in. Never copies a text: a report knows texts by their digests.
"""
