"""Judges: language models that grade answers, behind an address, on this machine, or recorded before."""
