"""Builds the shipped instrument tables from reference files, and grades name matching against tagged news.

Takes public lists of US listings and tagged stories from a data folder; returns the files of `markets/data` and a report.
Never runs in the product, and writes nothing but the tables and the report it was asked for.
"""
