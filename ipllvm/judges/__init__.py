"""Judges: language models that grade answers, behind an address, on this machine, or recorded before.

What a judge is asked of an answer, and how its reply is read, is a scorer's: ipllvm/scorers/judge.py.
"""
