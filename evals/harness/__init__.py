"""One harness for every suite: cases in, answers graded in code, a `Run` out that is kept, compared, gated and reported.

Never changes what it measures: it calls the same functions as the terminal's commands.
"""
