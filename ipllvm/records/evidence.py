"""What is shown for a finding: flipped answers, what was said, and the smallest change that flips one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FlipExample:
    """An answer that a perturbation made wrong, or right: what was asked, and what was said before and after.

    `pictures` are data URIs of at most 160 px a side: the clean picture, and the one that `words` tells
    of; none where the sample has no picture. `replay` is the command that answers it again, empty as
    long as the report has no place. `read` is what the scorer read of the two answers, None where nothing.
    `before` is what the model of a baseline said to the same, clean and perturbed; empty without one.
    """

    sample: str
    prompt: str
    gold: str
    clean: str
    perturbed: str
    perturbation: str
    draw: int
    pictures: tuple[str, ...] = ()
    words: str = ""
    replay: str = ""
    read: tuple[str | None, ...] = ()
    before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Label:
    """What a person says of an answer: its score, in [0, 1]."""

    answer: str
    score: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a sample was asked and what was said: to the clean input, and in each draw of a perturbation.

    `gold` is the right answer, empty where it was not kept.
    """

    question: str
    clean: str
    perturbed: tuple[str, ...] = ()
    gold: str = ""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A flip made small: `size` of the `of` changes that were made at first are enough.

    `unit` says what a change is ("swap of two visual tokens"); `queries` is how many perturbed answers
    the search has asked for.
    """

    flip: FlipExample
    size: int
    of: int
    unit: str
    queries: int
