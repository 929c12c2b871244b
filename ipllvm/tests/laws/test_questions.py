"""Laws of reworded questions: they hold of what is made here, and each is broken by what breaks it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given

from ipllvm.benchmarks import rewording, scenes
from ipllvm.benchmarks.prompts import multiple_choice
from ipllvm.laws import questions
from ipllvm.laws.refute import refute
from ipllvm.laws.strategies import some_of
from ipllvm.records import Benchmark, Sample

WHOLE = scenes.short()
DATA = replace(WHOLE, samples=WHOLE.samples[:60])
Law = Callable[[Benchmark], str | None]
LAWS: dict[str, Law] = {
    "captioned": questions.captioned,
    "with_other_pictures": partial(questions.other_picture, whole=WHOLE),
    "with_pictures_before": partial(questions.second_picture, whole=WHOLE),
    "negated": questions.negated,
}
"""By the function that makes the questions."""


@pytest.mark.parametrize("name", LAWS)
def test_a_law_holds(name: str) -> None:
    assert LAWS[name](DATA) is None


@pytest.mark.parametrize("wording", rewording.WORDINGS)
def test_wordings_keep_the_questions(wording: str) -> None:
    assert questions.worded(DATA, wording) is None
    lettered = Sample(
        "x", "x", (), multiple_choice("Is A. Smith (B) or C?", ["yes.", "no"]), "A", ("yes.", "no")
    )
    assert questions.worded(replace(DATA, samples=(lettered,)), wording) is None


def _each(data: Benchmark, **changes: Callable[[Sample], Any]) -> Benchmark:
    """The samples, each with some fields made anew from it."""
    made = (replace(s, **{name: change(s) for name, change in changes.items()}) for s in data.samples)
    return replace(data, samples=tuple(made))


def _right_caption(sample: Sample) -> str:
    return f"Caption: {sample.answer}.\n" + sample.prompt.partition("\n")[2]


OWN = {sample.id: sample for sample in DATA.samples}
BREAKS: dict[str, tuple[str, dict[str, Callable[[Sample], Any]], str]] = {
    "right": ("captioned", {"prompt": _right_caption}, "and the answer is"),
    "cut": ("captioned", {"prompt": lambda s: s.prompt[:-1]}, "changes its question"),
    "moved": ("captioned", {"cluster": lambda s: "other"}, "more than prompt of"),
    "own": ("with_other_pictures", {"images": lambda s: OWN[s.id].images}, "is of no other cluster"),
    "said": ("with_other_pictures", {"answer": lambda s: "x"}, "more than images of"),
    "order": ("with_pictures_before", {"images": lambda s: s.images[::-1]}, "is not the last one"),
    "twice": ("with_pictures_before", {"images": lambda s: s.images[-1:] * 2}, "is of no other cluster"),
    "answer": ("negated", {"answer": lambda s: OWN[s.id].answer}, "is not meant"),
    "words": ("negated", {"prompt": lambda s: s.prompt.replace("there", "here")}, "changes the words"),
}
"""A fault: of which function, the fields as it makes them, and what is said of it."""


@pytest.mark.parametrize("fault", BREAKS)
def test_a_law_is_broken_by_what_breaks_it(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, changes, words = BREAKS[fault]
    made = getattr(rewording, name)
    monkeypatch.setattr(rewording, name, lambda *data: _each(made(*data), **changes))
    found = LAWS[name](DATA)
    assert found is not None and words in found, found


def test_a_caption_that_hangs_on_company_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    made = rewording.captioned

    def other(sample: Sample) -> str:
        asked = OWN[sample.id]
        wrong = [choice for choice in asked.choices if choice != asked.answer]
        return f"Caption: {wrong[-1]}.\n{asked.prompt}"

    def by_number(data: Benchmark) -> Benchmark:
        return made(data) if len(data.samples) > 1 else _each(made(data), prompt=other)

    monkeypatch.setattr(rewording, "captioned", by_number)
    found = questions.captioned(DATA)
    assert found is not None and "hangs on the other samples" in found


@pytest.mark.parametrize("name", ["with_other_pictures", "with_pictures_before"])
def test_a_picture_that_hangs_on_company_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where it is sought among the samples at hand, or its digest tells how many they are."""
    own = getattr(rewording, name)
    monkeypatch.setattr(rewording, name, lambda data, whole: own(data, data if data == DATA else whole))
    found = LAWS[name](DATA)
    assert found is not None and "hangs on the other samples" in found
    monkeypatch.setattr(rewording, name, lambda *data: replace(own(*data), digest=str(len(data[0].samples))))
    found = LAWS[name](DATA)
    assert found is not None and "hangs on the other samples" in found


def test_a_wording_that_loses_a_word_is_found_and_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        rewording.WORDINGS, "bare", lambda prompt: rewording.bare(prompt).replace("there", "")
    )
    found = refute(lambda data: questions.worded(data, "bare"), some_of(DATA), queries=20)
    assert found is not None and found.startswith("bare changes the words of ")


@given(some_of(DATA, rewording.negated(DATA), apart=True))
def test_parts_are_few_of_those_that_are_meant(part: Benchmark) -> None:
    assert 2 <= len(part.samples) <= 6
    assert len({sample.cluster for sample in part.samples}) == len(part.samples)
    assert all("Is there a" in sample.prompt for sample in part.samples)
    places = [DATA.samples.index(sample) for sample in part.samples]
    assert places == sorted(places), "in their order"
