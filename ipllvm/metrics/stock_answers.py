"""How often a model falls back on an answer that needs no picture (paper section 3.4, Table 2, "Freq.")."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from string import ascii_uppercase

import numpy as np

from ipllvm.records import Contrast, Failed, Sample, Scores

KIND, FREE = "question_type", "free_form"
"""The label of MathVista's that says whether options are given."""
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def answers_read(scores: Scores) -> dict[str, str]:
    """What was read of each sample's first answer, empty where nothing was; failed ones are left out."""
    rows = zip(scores.samples, scores.answers, scores.values[:, 0], strict=True)
    return {sample: answers[0] or "" for sample, answers, value in rows if not np.isnan(value)}


def share(
    said: Mapping[str, str], samples: tuple[Sample, ...], word: str, *, among: frozenset[str]
) -> Contrast:
    """The share of the samples with an id in `among` whose answer is `word`, in whatever case.

    A sample that was not answered is left out.
    """
    asked = [s for s in samples if s.id in among and s.id in said]
    return _share(f"share_{word}", asked, [float(_same(said[s.id], word)) for s in asked])


def read_share(
    scores: Scores,
    samples: tuple[Sample, ...],
    word: str,
    read: Callable[[str], str | None],
    *,
    among: frozenset[str],
) -> Contrast:
    """The share of the questions with an id in `among` whose first answer `read` makes `word`, in [0, 1].

    A question that failed, or whose answer `read` makes nothing of, has no value: it is counted in `n_error`,
    and could be either. One that was not asked is left out.
    """
    first = {name: answers[0] for name, answers in zip(scores.samples, scores.answers, strict=True)}
    rows = [sample for sample in samples if sample.id in among and sample.id in first]
    whole = set(answers_read(scores))
    words = {s.id: read(first[s.id] or "") if s.id in whole else None for s in rows}
    clear, lost = ([s for s in rows if (words[s.id] is None) is gone] for gone in (False, True))
    share_of_word = _share(f"share_{word}", clear, [float(words[s.id] == word) for s in clear])
    failed = tuple(Failed(sample.id, sample.cluster, 0.0, 1.0) for sample in lost)
    return replace(share_of_word, n_error=len(lost), failed=failed)


def _share(name: str, rows: Sequence[Sample], values: Sequence[float]) -> Contrast:
    ids, clusters = tuple(s.id for s in rows), tuple(s.cluster for s in rows)
    return Contrast(name, np.array(values, float), clusters, samples=ids, signed=False)


def stock_answers(
    said: Mapping[str, str], samples: tuple[Sample, ...], right: frozenset[str], suffix: str = ""
) -> dict[str, Contrast]:
    """How often "1" is said where a number is asked for, and "no" where yes or no is: among all, and
    among the answers that are `right`, as the paper's Freq. (its denominator is not stated).
    """
    numbers, decided = free_numbers(samples), yes_or_no(samples)
    found = {
        "says_1": ("1", numbers),
        "says_1_when_right": ("1", numbers & right),
        "says_no": ("no", decided),
        "says_no_when_right": ("no", decided & right),
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
    """The ids of the questions that ask for a number; of free ones alone, where the data say which are."""
    return frozenset(s.id for s in samples if dict(s.labels).get(KIND, FREE) == FREE and _is_number(s.answer))


def _is_number(text: str) -> bool:
    """Whether a text is a number.

    >>> _is_number("12"), _is_number("-1.5"), _is_number("B"), _is_number("[1, 2]")
    (True, True, False, False)
    """
    return bool(_NUMBER.fullmatch(text.strip()))


def yes_or_no(samples: tuple[Sample, ...]) -> frozenset[str]:
    """The ids of the questions that are answered by yes or no."""
    return frozenset(s.id for s in samples if s.answer.casefold() in ("yes", "no"))


def follows(
    name: str,
    answers: Mapping[str, str],
    samples: tuple[Sample, ...],
    distractor: Callable[[Sample], str | None],
    put: Callable[[str], str],
) -> Contrast:
    """The share of the samples whose answer is the distractor: its text, or its letter among the options.

    `put` gives one text for all ways of putting an answer, as `exact_match.said` does.
    """
    pairs = [(sample, distractor(sample)) for sample in samples if sample.id in answers]
    rows = [(sample, wrong) for sample, wrong in pairs if wrong is not None]
    values = [float(_names(answers[sample.id], wrong, sample, put)) for sample, wrong in rows]
    return _share(name, [sample for sample, _ in rows], values)


def _names(text: str, wrong: str, sample: Sample, put: Callable[[str], str]) -> bool:
    """Whether an answer is the wrong one: its text, however it is put, or its letter if it has one.

    >>> asked = Sample("s", "s", (), "?", "red", ("red", "gray", "3"))
    >>> [_names(text, wrong, asked, str.casefold) for text, wrong in (("Gray", "gray"), ("B", "gray"))]
    [True, False]
    """
    lettered = sample.answer in ascii_uppercase[: len(sample.choices)] and sample.answer not in sample.choices
    letters = dict(zip(sample.choices, ascii_uppercase, strict=False)) if lettered else {}
    return put(text) == put(wrong) or text.strip(" .()").upper() == letters.get(wrong)
