"""Laws of questions that are asked in another way: what may change in them, and what must not.

Each takes a benchmark and says what is wrong with its questions in that other way, None where nothing is.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from ipllvm.benchmarks import rewording
from ipllvm.benchmarks.prompts import LETTERS
from ipllvm.records import Benchmark, Sample

_WORDS: Final = re.compile(r"\w+")
_INSTRUCTIONS: Final = (*rewording.REWORDED, *rewording.REWORDED.values())
_ARTICLES: Final = frozenset({"a", "an", "any", "no"})


def worded(data: Benchmark, wording: str) -> str | None:
    """A wording changes the instruction and the marks of options, no word of a question and nothing else."""
    altered = rewording.asked_as(data, wording)
    changed = () if altered is None else altered.samples
    own = {sample.id: sample for sample in data.samples}
    for new in changed:
        before = own[new.id].prompt
        if _content(before) != _content(new.prompt):
            return f"{wording} changes the words of {new.id}: {before!r} -> {new.prompt!r}"
    return _differing([own[each.id] for each in changed], changed, "prompt")


def captioned(data: Benchmark) -> str | None:
    """A caption stands before the whole question, names a wrong option, and hangs on the sample alone."""
    found = rewording.captioned(data)
    own = {sample.id: sample for sample in data.samples}
    for sample in found.samples:
        caption, _, rest = sample.prompt.partition("\n")
        named, right = caption.removeprefix("Caption: ").removesuffix("."), own[sample.id].answer
        if rest != own[sample.id].prompt:
            return f"the caption of {sample.id} changes its question: {rest!r}"
        if named not in sample.choices or named.casefold() in (right.casefold(), _option(sample).casefold()):
            return f"the caption of {sample.id} names {named!r}, and the answer is {right!r}"
        (alone,) = rewording.captioned(data.part([own[sample.id]])).samples
        if alone.prompt != sample.prompt:
            return f"the caption of {sample.id} hangs on the other samples: {alone.prompt!r}"
    return _differing([own[each.id] for each in found.samples], found.samples, "prompt")


def other_picture(data: Benchmark, whole: Benchmark) -> str | None:
    """In place of the own picture stands that of another cluster; the question stays as it is.

    Which one is the same for each of the samples alone; all are of `whole`. Raises NotTested where there is
    no other cluster.
    """
    found = rewording.with_other_pictures(data, whole)
    return (
        _of_others(whole, found.samples)
        or _differing(_pictured(data), found.samples, "images")
        or _in_company(data, found, lambda alone: rewording.with_other_pictures(alone, whole))
    )


def second_picture(data: Benchmark, whole: Benchmark) -> str | None:
    """Before the own picture, which stays last, stands that of another cluster; the question stays.

    Which one, and what is raised, is as above.
    """
    found = rewording.with_pictures_before(data, whole)
    for own, new in zip(_pictured(data), found.samples, strict=True):
        if new.images[-len(own.images) :] != own.images:
            return f"the own picture of {own.id} is not the last one"
    pairs = zip(_pictured(data), found.samples, strict=True)
    before = [replace(new, images=new.images[: -len(own.images)]) for own, new in pairs]
    return (
        _of_others(whole, before)
        or _differing(_pictured(data), found.samples, "images")
        or _in_company(data, found, lambda alone: rewording.with_pictures_before(alone, whole))
    )


def negated(data: Benchmark) -> str | None:
    """A negated question has the other answer and the same words, but for the "no" in place of an article."""
    negative = rewording.negated(data)
    found = () if negative is None else negative.samples
    own = {sample.id: sample for sample in data.samples}
    for sample in found:
        before = own[sample.id]
        if {sample.answer.casefold(), before.answer.casefold()} != {"yes", "no"}:
            return f"{sample.id} is answered by {sample.answer!r} where {before.answer!r} is not meant"
        if _without_articles(sample.prompt) != _without_articles(before.prompt):
            return f"negation changes the words of {sample.id}: {before.prompt!r} -> {sample.prompt!r}"
    return _differing([own[each.id] for each in found], found, "prompt", "answer")


def _content(prompt: str) -> list[str]:
    """The words of a prompt, in their order, without an instruction on the answer's form."""
    for text in _INSTRUCTIONS:
        prompt = prompt.replace(text, "")
    return _WORDS.findall(prompt)


def _without_articles(prompt: str) -> list[str]:
    return [word for word in _WORDS.findall(prompt.casefold()) if word not in _ARTICLES]


def _option(sample: Sample) -> str:
    """The text of the right option where a letter names it."""
    letters = dict(zip(LETTERS, sample.choices, strict=False))
    return letters.get(sample.answer, sample.answer)


def _pictured(data: Benchmark) -> list[Sample]:
    return [sample for sample in data.samples if sample.images]


def _of_others(data: Benchmark, changed: Iterable[Sample]) -> str | None:
    """Which sample has pictures that are none of another cluster's."""
    clusters: dict[tuple[int, ...], set[str]] = defaultdict(set)
    for sample in data.samples:
        clusters[_objects(sample)].add(sample.cluster)
    for sample in changed:
        if not clusters.get(_objects(sample), set()) - {sample.cluster}:
            return f"the picture that {sample.id} is given is of no other cluster"
    return None


def _in_company(data: Benchmark, found: Benchmark, change: Callable[[Benchmark], Benchmark]) -> str | None:
    """Which sample has another picture, or data of another digest, when it is asked alone."""
    for own, new in zip(_pictured(data), found.samples, strict=True):
        alone = change(data.part([own]))
        if [_objects(each) for each in alone.samples] != [_objects(new)] or alone.digest != found.digest:
            return f"the picture that {own.id} is given hangs on the other samples"
    return None


def _objects(sample: Sample) -> tuple[int, ...]:
    """Which pictures these are; two of one look are two."""
    return tuple(map(id, sample.images))


def _differing(own: Iterable[Sample], changed: Iterable[Sample], *fields: str) -> str | None:
    """Which sample differs in more than these fields."""
    for before, after in zip(own, changed, strict=True):
        if replace(after, **{name: getattr(before, name) for name in fields}) != before:
            return f"more than {' and '.join(fields)} of {before.id} has changed"
    return None
