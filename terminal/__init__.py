"""The entry points: command line now, HTTP API and pages later. Reads settings, builds objects, shows results.

Holds no logic another entry point would need, and loads a heavy library only inside the command that uses it.
"""
