"""The official rules of published benchmarks, to the digit, each beside the project's own strict reading.

A rule is a scorer like any other: what it read is `Score.answer`, None where it read nothing. Where a
published script decides something else than it seems to mean, the rule decides as the script does
and its docstring says so. Rules are written from descriptions of the scripts; no code is taken over.
"""
