"""What every scorer and every judge keeps to."""

from collections.abc import Iterable

from ipllvm.errors import NotMeasured
from ipllvm.records import Judge, Sample, Score
from ipllvm.scorers.base import Scorer
from ipllvm.testing.expect import expect

HOSTILE = ("", " \n", ".", "\x00\x1b[31m", "\n" * 5000, "( " * 5000, "answer " * 5000, '"' * 5000, "é" * 999)
"""Responses that a model may give and nobody expects."""


def check_scorer(
    scorer: Scorer,
    sample: Sample,
    right: Iterable[str],
    wrong: Iterable[str],
    unread: Iterable[str] = (),
) -> None:
    """Raises AssertionError for what a scorer does not keep to.

    `right`, `wrong` and `unread` are responses to `sample` that get 1, 0, and 0 with no answer read.
    """
    for text in right:
        found = _scored(scorer, text, sample)
        expect((found.value, found.answer is None) == (1, False), f"{text!r} is right, it gets {found}")
    for text in wrong:
        found = _scored(scorer, text, sample)
        expect((found.value, found.answer is None) == (0, False), f"{text!r} is wrong, it gets {found}")
    for text in unread:
        found = _scored(scorer, text, sample)
        expect((found.value, found.answer is None) == (0, True), f"{text!r} can't be read, it gets {found}")
    for text in HOSTILE:
        _scored(scorer, text, sample)


def _scored(scorer: Scorer, text: str, sample: Sample) -> Score:
    shown = repr(text[:40])
    found, again = scorer(text, sample), scorer(text, sample)
    expect(isinstance(found, Score), f"{shown}: a scorer gives a Score, not {type(found).__name__}")
    expect(found == again, f"{shown}: asked twice it gives {found} and {again}")
    expect(0 <= found.value <= 1, f"{shown}: its value {found.value} is outside [0, 1]")
    expect(found.answer is not None or found.value == 0, f"{shown}: nothing was read and it gets points")
    return found


def check_judge(judge: Judge, prompts: Iterable[str] = ("Is a star red? Answer yes or no.",)) -> None:
    """Raises AssertionError for what a judge does not keep to: a name, and text or NotMeasured as a reply."""
    expect(bool(judge.identity) and judge.identity.isprintable(), "its identity is printable and not empty")
    for prompt in prompts:
        try:
            reply = judge.ask(prompt)
        except NotMeasured:
            continue
        expect(isinstance(reply, str), f"a reply is a text, not {type(reply).__name__}")
