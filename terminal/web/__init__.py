"""The web terminal: takes a `Site` (what the settings open), gives an application of pages and of the API that `rhyme serve` runs.

It renders and answers; what it shows is read by the same functions as the command line's. It never fetches anything for a page.
"""
