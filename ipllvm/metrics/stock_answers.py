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
    values = np.array([float(_same(said[s.id], word)) for s in asked])
    return Contrast(
        f"share_{word}", values, tuple(s.cluster for s in asked), samples=tuple(s.id for s in asked)
    )


def stock_answers(
    said: Mapping[str, str], samples: tuple[Sample, ...], right: frozenset[str], suffix: str = ""
) -> dict[str, Contrast]:
    """How often "1" is said where a number is asked for, and "no" where yes or no is: among all, and
    among the answers that are `right`, as the paper's Freq. (its denominator is not stated).
    """
    numbers, polar = free_numbers(samples), yes_or_no(samples)
    found = {
        "says_1": ("1", numbers),
        "says_1_when_right": ("1", numbers & right),
        "says_no": ("no", polar),
        "says_no_when_right": ("no", polar & right),
    }
    return {
        f"{name}{suffix}": share(said, samples, word, among=among) for name, (word, among) in found.items()
    }


def _same(text: str, word: str) -> bool:
    """Whether a text is that word, or that number however it is written.

    >>> _same(" 1.0", "1"), _same("No.", "no"), _same("10", "1")
    (True, True, False)
    """
    plain = text.strip(" .").casefold()
    if plain == word or not word.isdecimal():
        return plain == word
    try:
        return float(plain) == float(word)
    except ValueError:
        return False


def free_numbers(samples: tuple[Sample, ...]) -> frozenset[str]:
    """The ids of the questions whose answer is a number, not a letter."""
    return frozenset(s.id for s in samples if s.answer.isdecimal())


def yes_or_no(samples: tuple[Sample, ...]) -> frozenset[str]:
    """The ids of the questions that are answered by yes or no."""
    return frozenset(s.id for s in samples if s.answer.casefold() in ("yes", "no"))
