"""Rows that ask the same question of the same picture with answers that exclude each other."""

from collections.abc import Iterable, Iterator, Sequence
from string import ascii_uppercase

from ipllvm.records import Sample

Asked = tuple[tuple[bytes, ...], str, frozenset[str]]
"""Digests of the pictures, the words, the choices in any order."""


def contradictions(
    samples: Sequence[Sample], questions: Iterable[str], pictures: Iterable[tuple[bytes, ...]], accepted: str
) -> Iterator[str]:
    """What to say of each row that asks what an earlier one does and takes none of its answers.

    `questions` are the bare words of each sample, `pictures` the digests of its pictures; `accepted` is the
    label under which further answers stand that count as right.
    """
    first: dict[Asked, tuple[int, frozenset[str]]] = {}
    for number, (sample, words, digests) in enumerate(
        zip(samples, questions, pictures, strict=True), start=1
    ):
        asked = digests, " ".join(words.split()).casefold(), frozenset(sample.choices)
        answers = _answers(sample, accepted)
        earlier, others = first.setdefault(asked, (number, answers))
        if not others & answers:
            of_picture = " of the same picture" if digests else ""
            both = ", ".join(repr(min(each)) for each in (others, answers))
            yield (
                f"row {number} asks the same{of_picture} as row {earlier}, and their answers differ "
                f"({both}): leave one out, or give one row both answers as a list"
            )


def and_more(rows: int) -> str:
    """That there are more rows like the one that is named; nothing where there are none."""
    return f"; {rows} more row{'s' * (rows > 1)} like it" if rows else ""


def _answers(sample: Sample, accepted: str) -> frozenset[str]:
    """The answers that count; of a letter the text of its choice."""
    several = [value for axis, value in sample.labels if axis == accepted] or [sample.answer]
    texts = dict(zip(ascii_uppercase, sample.choices, strict=False))
    return frozenset(texts.get(each, each).strip().casefold() for each in several)
