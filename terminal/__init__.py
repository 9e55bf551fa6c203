"""The entry points: command line now, HTTP API and pages later. Reads settings, builds objects, shows results."""
