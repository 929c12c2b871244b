"""Questions asked in another way: laws of the transformations."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.benchmarks import rewording, scenes
from ipllvm.benchmarks.option_order import reordered
from ipllvm.benchmarks.prompts import LETTER, SHORT, multiple_choice, short_answer
from ipllvm.benchmarks.rewording import (
    WORDINGS,
    asked_as,
    bare,
    bracketed,
    captioned,
    first,
    instruction,
    negated,
    rephrased,
    with_other_pictures,
    with_pictures_before,
    wrong_answer,
)
from ipllvm.records import Benchmark, Sample

QUESTION = (
    st.text(st.characters(codec="ascii", exclude_characters="\n"), min_size=1).map(str.strip).filter(bool)
)


@pytest.fixture(scope="module")
def data() -> Benchmark:
    whole = scenes.short()
    return Benchmark("scenes", whole.samples[:60], whole.scorer, whole.digest, whole.source)


@given(QUESTION)
def test_the_bare_question_is_what_the_instruction_was_put_behind(question: str) -> None:
    asked = short_answer(question)
    assert bare(asked) == question.rstrip() and bare(bare(asked)) == bare(asked)
    assert first(asked) == f"{SHORT}\n{bare(asked)}"
    assert instruction(rephrased(asked)) == "" and rephrased(asked).startswith(bare(asked))


def test_options_get_brackets_and_nothing_else_changes() -> None:
    asked = multiple_choice("Is A. Smith there?", ["A. B", "no"])
    assert bracketed(asked) == f"Is A. Smith there?\n(A) A. B\n(B) no\n{LETTER}"
    assert bracketed("No options") == "No options"


def test_every_wording_keeps_ids_pictures_and_answers(data: Benchmark) -> None:
    own = {sample.id: sample for sample in data.samples}
    for wording in WORDINGS:
        found = asked_as(data, wording)
        if found is not None:
            pairs = [(own[sample.id], sample) for sample in found.samples]
            assert all((a.id, a.images, a.answer) == (b.id, b.images, b.answer) for a, b in pairs)
            assert found.digest != data.digest
    assert asked_as(data, "bracketed") is None, "there are no options"


def test_another_picture_is_of_another_cluster_and_the_own_one_stays_last(data: Benchmark) -> None:
    pictures = {sample.cluster: sample.images for sample in data.samples}
    clusters = {id(images[0]): cluster for cluster, images in pictures.items()}
    other, before = with_other_pictures(data, data), with_pictures_before(data, data)
    for own, a, b in zip(data.samples, other.samples, before.samples, strict=True):
        assert len(a.images) == 1 and a.images[0] not in own.images
        assert b.images == (*a.images, *own.images)
        assert clusters.get(id(a.images[0]), "") != own.cluster
    assert with_other_pictures(data, data) == other, "the same every time"


def test_a_caption_names_an_answer_that_is_not_right(data: Benchmark) -> None:
    for sample in captioned(data).samples:
        wrong = wrong_answer(sample)
        assert wrong in sample.choices and wrong != sample.answer
        assert sample.prompt.startswith(f"Caption: {wrong}.\n")


def test_a_wrong_answer_is_never_the_right_one() -> None:
    """A letter is one of an option only where the options have letters: "A" may be a vitamin."""
    for id in "abcdef":
        assert wrong_answer(Sample(id, id, (), "Which vitamin?", "A", ("C", "A"))) == "C"
        assert wrong_answer(Sample(id, id, (), "Which root? A. C\nB. A", "A", ("C", "A"))) == "A"
        assert wrong_answer(Sample(id, id, (), "Which animal?", "A", ("cat", "dog"))) == "dog"
        assert wrong_answer(Sample(id, id, (), "Is it?", "no", ("yes", "no"))) == "yes"
        assert wrong_answer(Sample(id, id, (), "Grade?", "C", ("A", "B", "C"))) in ("A", "B")


def test_negated_questions_have_the_other_answer(data: Benchmark) -> None:
    found = negated(data)
    assert found is not None
    own = {sample.id: sample for sample in data.samples}
    for sample in found.samples:
        assert {sample.answer, own[sample.id].answer} == {"yes", "no"}
        assert "Is there no " in sample.prompt


def test_a_wording_is_asked_of_the_questions_that_it_changes_alone(data: Benchmark) -> None:
    """One that it leaves as it is can lose nothing, and would dilute what the others lose."""
    own = tuple(
        replace(s, prompt=bare(s.prompt)) if place % 10 else s for place, s in enumerate(data.samples)
    )
    found = asked_as(replace(data, samples=own), "bare")
    assert found is not None
    assert [sample.id for sample in found.samples] == [sample.id for sample in data.samples[::10]]


CHANGES: dict[str, Callable[[Benchmark], Benchmark | None]] = {
    "captioned": captioned,
    "negated": negated,
    **{wording: partial(asked_as, wording=wording) for wording in WORDINGS},
    "reordered": reordered,
}


@pytest.fixture(scope="module")
def lettered(data: Benchmark) -> Benchmark:
    """Multiple choice, with some questions on whether something is there."""
    whole = scenes.lettered()
    return replace(whole, samples=whole.samples[:60])


@pytest.mark.parametrize("name", CHANGES)
def test_a_longer_run_goes_on_from_a_shorter_one(data: Benchmark, lettered: Benchmark, name: str) -> None:
    """The digest hangs on what is done to a question, not on how many there are."""
    asked = lettered if name in ("reordered", "bracketed") else data
    fewer = replace(asked, samples=asked.samples[:30])
    short, long = CHANGES[name](fewer), CHANGES[name](asked)
    assert short is not None and long is not None
    assert short.digest == long.digest != asked.digest
    assert short.samples == long.samples[: len(short.samples)]


def test_what_a_change_makes_is_in_the_digest(data: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the answer to a caption that was mended would be the answer to the one before."""
    before = captioned(data).digest
    monkeypatch.setattr(
        rewording, "wrong_answer", lambda s: next((c for c in s.choices if c != s.answer), None)
    )
    assert captioned(data).digest != before


def test_another_instruction_is_another_digest(data: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    before = asked_as(data, "rephrased")
    monkeypatch.setitem(rewording.REWORDED, SHORT, "In a word, please.")
    after = asked_as(data, "rephrased")
    assert before is not None and after is not None
    assert before.digest != after.digest


def test_changes_that_make_other_questions_have_other_digests(data: Benchmark, lettered: Benchmark) -> None:
    found = [
        change(each) for change in CHANGES.values() for each in (data, lettered) if change is not reordered
    ]
    digests = [each.digest for each in (*found, reordered(lettered)) if each is not None]
    assert len(set(digests)) == len(digests)
