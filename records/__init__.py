"""The vocabulary of Rhyme: typed values, the error tree and the database.

Takes nothing from any other room and returns values that every room may use. It never calls a model, a network or a clock.
"""
