"""Made-up analyses by the hundred thousand, to measure lists, searches, tools and pages on: the same for the same seed.

Takes a database, a number and a seed; fills the database through Rhyme's own functions. Calls no model.
"""
