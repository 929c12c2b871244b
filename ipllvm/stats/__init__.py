"""Intervals, paired tests, multiplicity and power: thin over numpy and scipy."""
