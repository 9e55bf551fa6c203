"""Builds the starter precedents: draws events by an outcome-blind rule, measures reactions, assembles the shipped file."""
