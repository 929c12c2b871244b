"""How often a model falls back on an answer that needs no picture (paper section 3.4, Table 2, "Freq.")."""

from collections.abc import Mapping

import numpy as np

from ipllvm.records import Contrast, Sample


def share(
    said: Mapping[str, str], samples: tuple[Sample, ...], word: str, *, among: frozenset[str]
) -> Contrast:
    """The share of the samples with an id in `among` whose answer is `word`, in whatever case.

    A sample that was not answered is left out.
    """
    asked = [s for s in samples if s.id in among and s.id in said]
    values = np.array([float(said[s.id].strip(" .").casefold() == word) for s in asked])
    return Contrast(
        f"share_{word}", values, tuple(s.cluster for s in asked), samples=tuple(s.id for s in asked)
    )


def free_numbers(samples: tuple[Sample, ...]) -> frozenset[str]:
    """The ids of the questions whose answer is a number, not a letter."""
    return frozenset(s.id for s in samples if s.answer.isdecimal())


def yes_or_no(samples: tuple[Sample, ...]) -> frozenset[str]:
    """The ids of the questions that are answered by yes or no."""
    return frozenset(s.id for s in samples if s.answer.casefold() in ("yes", "no"))
