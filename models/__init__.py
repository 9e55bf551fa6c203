"""Prompt and schema in, validated answer out, with usage, cost and provenance; embeddings too.

Local and remote models stand behind one interface. This room never knows what an article is.
"""
