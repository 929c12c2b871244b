"""What the order of the options does to answers: accuracy, consistency and the letters named.

A question counts as right in every order as in the circular evaluation of MMBench (Liu et al. 2023).
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from string import ascii_uppercase

import numpy as np

from ipllvm.records import Response, Sample, Scores

Reader = Callable[[str, Sequence[str]], str | None]
"""The letter of the one option that a text names, None where it names none or several."""


def compare(
    orders: Sequence[Sequence[Sample]], answers: Mapping[str, Response], read: Reader
) -> dict[str, Scores]:
    """Scores of each question over the orders of its options, of which its own comes first.

    `clean` is right in its own order, `reordered` the share of the others in which it is right,
    `every_order` right in all. `same_option` and `same_letter` are the shares of the others in which
    the answer names the same option, or the same letter, as in its own. `says_A`, ... are the shares
    of letters, and of `says_none`, over all orders of the questions with the most options, where each
    letter is right equally often. Questions with an error are NaN; those without all answers, as in a
    run that was stopped, are left out.
    """
    asked = [question for question in orders if all(sample.id in answers for sample in question)]
    errors: dict[str, str] = {}
    rows: list[dict[str, float]] = []
    for question in asked:
        responses = [answers[sample.id] for sample in question]
        failed = [response.error for response in responses if response.error is not None]
        errors |= {question[0].id: failed[0]} if failed else {}
        letters = [read(r.text, s.choices) for s, r in zip(question, responses, strict=True)]
        rows.append({} if failed else _consistency(question, letters) | _letters(letters))
    most = max((len(question) for question in asked), default=0)
    widest = [question[0].id for question in asked if len(question) == most]
    own = [question[0] for question in asked]
    found = {name: _scores(name, own, rows, errors) for name in _NAMES}
    for name in (*(f"says_{letter}" for letter in ascii_uppercase[:most]), "says_none"):
        kept = [(sample, row) for sample, row in zip(own, rows, strict=True) if sample.id in widest]
        found[name] = _scores(name, [sample for sample, _ in kept], [row for _, row in kept], errors)
    return found


_NAMES = ("clean", "reordered", "every_order", "same_option", "same_letter")


def _consistency(question: Sequence[Sample], letters: Sequence[str | None]) -> dict[str, float]:
    right = [letter == sample.answer for sample, letter in zip(question, letters, strict=True)]
    options = [
        letter and sample.choices[ascii_uppercase.index(letter)]
        for sample, letter in zip(question, letters, strict=True)
    ]
    named = letters[0] is not None
    return {
        "clean": float(right[0]),
        "reordered": fmean(right[1:]),
        "every_order": float(all(right)),
        "same_option": fmean(named and option == options[0] for option in options[1:]),
        "same_letter": fmean(named and letter == letters[0] for letter in letters[1:]),
    }


def _letters(letters: Sequence[str | None]) -> dict[str, float]:
    """The share of each letter; a letter that was never named is not there."""
    said = [f"says_{letter or 'none'}" for letter in letters]
    return {name: said.count(name) / len(said) for name in said}


def _scores(
    name: str, samples: Sequence[Sample], rows: Sequence[Mapping[str, float]], errors: Mapping[str, str]
) -> Scores:
    values = [row.get(name, 0.0) if row else np.nan for row in rows]
    return Scores(
        perturbation=name,
        samples=tuple(sample.id for sample in samples),
        clusters=tuple(sample.cluster for sample in samples),
        values=np.array(values, dtype=float).reshape(len(values), 1),
        errors={sample.id: errors[sample.id] for sample in samples if sample.id in errors},
    )
