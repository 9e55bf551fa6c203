"""Does grounding in precedents help? The experiment of docs/grounding-experiment.md: events with and without precedents, paired.

Takes a folder of events and prices, gives tests, intervals and a report. What is compared and how was fixed before the first run;
nothing here chooses anything by its result.
"""
