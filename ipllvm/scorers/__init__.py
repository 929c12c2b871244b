"""From what a model said to a Score: one module a rule, each a `base.Scorer` in the registry."""

from typing import Final

READINGS: Final = 4
"""The version of the rules that read answers: raised by hand when one reads an answer otherwise, so that a
gate does not compare scores that were read by different rules."""
