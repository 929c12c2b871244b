"""Intervals, paired tests, multiplicity and power: thin over numpy, scipy and statsmodels."""
