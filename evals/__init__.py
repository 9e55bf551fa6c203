"""Datasets, tasks, scorers, baselines and reports. Grades Rhyme and never changes what it measures."""
