"""Properties beyond the paper find what was planted, through the whole pipeline: verdict and value."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ipllvm.benchmarks.prompts import LETTERS, SHORT, multiple_choice, short_answer
from ipllvm.benchmarks.rewording import names_a_side
from ipllvm.errors import NotTested
from ipllvm.records import Benchmark, Decision, Result, Sample
from ipllvm.reporting import schema
from ipllvm.reporting.wording import standing, word
from ipllvm.tests.ruled import BROKEN, COLORS, NAMES, SIDE, Painted, Rule, checked, color

N = 240
Pictures = Sequence[Image.Image]


def colors(n: int = N, lettered: bool = False) -> Benchmark:
    """What colour a thing has; every picture is one of its own."""
    samples = []
    for number in range(n):
        answer = NAMES[number % 4]
        if lettered:
            prompt, gold = multiple_choice(f"Thing {number}?", NAMES), LETTERS[number % 4]
        else:
            prompt, gold = short_answer(f"What colour is thing {number}?"), answer
        samples.append(Sample(f"s-{number}", f"c-{number}", (Painted(answer),), prompt, gold, NAMES))
    scorer = "multiple_choice" if lettered else "exact_match"
    return Benchmark("colors", tuple(samples), scorer, "digest", "made up")


def polar() -> Benchmark:
    """Half of the things that are asked for are there."""
    samples = []
    for number in range(N):
        there, absent = NAMES[number % 4], number // 4 % 2
        asked = NAMES[(number + absent) % 4]
        prompt = short_answer(f"Is there a {asked} ring in picture {number}?")
        gold = ("yes", "no")[absent]
        samples.append(Sample(f"p-{number}", f"c-{number}", (Painted(there),), prompt, gold, ("yes", "no")))
    return Benchmark("polar", tuple(samples), "exact_match", "digest", "made up")


def number(prompt: str) -> int:
    """Of the thing that a question asks for."""
    found = re.search(r"\d+", prompt)
    assert found is not None
    return int(found[0])


def sees(pictures: Pictures, prompt: str) -> str:
    """The colour of the last picture, whatever else was done to it."""
    return color(pictures[-1])


def of_its_size(pictures: Pictures, prompt: str) -> str:
    """Sees nothing in a square picture of another size."""
    (picture,) = pictures
    return "grey" if picture.width == picture.height != SIDE else color(picture)


def of_its_shape(pictures: Pictures, prompt: str) -> str:
    """Sees nothing in a picture that is no square."""
    (picture,) = pictures
    return "grey" if picture.width != picture.height else color(picture)


def from_the_left(pictures: Pictures, prompt: str) -> str:
    """Looks at the left edge alone."""
    (picture,) = pictures
    return color(picture.crop((0, 0, max(1, picture.width // 4), picture.height)))


def _exact(picture: Image.Image) -> bool:
    return picture.getpixel((1, 1)) in COLORS.values()


def _rough(picture: Image.Image) -> bool:
    """Whether neighbours on the plain left edge differ by much."""
    edge = np.asarray(picture, dtype=float)[:, : SIDE // 4]
    return bool(edge.std((0, 1)).max() > 15)


def uncompressed(pictures: Pictures, prompt: str) -> str:
    """Sees nothing where colours are a little off, which they are behind a compressor."""
    (picture,) = pictures
    return "grey" if not _exact(picture) and not _rough(picture) else color(picture)


def noiseless(pictures: Pictures, prompt: str) -> str:
    """Sees nothing where noise is on the picture."""
    (picture,) = pictures
    return "grey" if _rough(picture) else color(picture)


def every(step: int, weak: Rule, strong: Rule = sees) -> Rule:
    """The weak rule on every so many-th question, the strong one on the others."""
    return lambda pictures, prompt: (weak if number(prompt) % step == 0 else strong)(pictures, prompt)


def value(row: Result) -> float:
    """What was found of the claim's quantity, in points; its interval holds it."""
    found = row.estimates[row.claim.quantity]
    assert found.value is not None and found.low <= found.value <= found.high
    return found.value


FRAGILE: dict[tuple[str, str], Rule] = {
    ("resolution", "resolution"): of_its_size,
    ("orientation", "orientation"): from_the_left,
    ("degradation", "compression"): uncompressed,
    ("degradation", "pixel_noise"): noiseless,
}


@pytest.mark.parametrize(("name", "claim"), FRAGILE)
def test_a_changed_picture_costs_what_it_costs(name: str, claim: str) -> None:
    robust = checked(name, colors(), sees)[claim]
    assert (robust.verdict.decision, value(robust)) == (Decision.HOLDS, 0.0)
    hurt = checked(name, colors(), every(5, FRAGILE[name, claim]))
    assert (hurt[claim].verdict.decision, value(hurt[claim])) == (Decision.VIOLATED, 20.0)
    assert all(row.verdict.decision is Decision.HOLDS for other, row in hurt.items() if other != claim)


def test_what_stands_beside_does_not_decide() -> None:
    framed = checked("resolution", colors(), of_its_shape)["resolution"]
    assert framed.verdict.decision is Decision.HOLDS
    assert (framed.estimates["on_a_wide_canvas"].value, framed.estimates["half"].value) == (0.0, 100.0)


def test_graded_strengths_are_a_curve() -> None:
    found = checked("degradation", colors(40), noiseless)
    (noise,), (compression,) = found["pixel_noise"].series, found["compression"].series
    assert [point.value for point in noise.points] == [100.0, 0.0, 0.0, 0.0]
    assert len(compression.points) == 4
    assert {flip.perturbation.partition("(")[0] for flip in found["pixel_noise"].flips} == {"pixel_noise"}
    assert not found["compression"].flips, "answers that changed are those that the claim is about"


def test_questions_that_name_a_side_do_not_count_against_a_mirror() -> None:
    whole = colors()
    sided = tuple(
        replace(s, prompt=short_answer(f"What is left in picture {n}?")) if n < 80 else s
        for n, s in enumerate(whole.samples)
    )
    asked = replace(whole, samples=sided)

    def rule(pictures: Pictures, prompt: str) -> str:
        return (from_the_left if "left" in prompt else sees)(pictures, prompt)

    found = checked("orientation", asked, rule)["orientation"]
    assert (found.verdict.decision, value(found)) == (Decision.HOLDS, 0.0)
    assert found.settings["asked"] == "160 of 240 questions"
    assert found.estimates["mirrored"].value == 100.0, "of the questions that the claim is about"


SIDED = [
    ("Where is the ball?", "on the floor"),
    ("What is the leftmost thing?", "a ball"),
    ("Which thing is right-hand?", "a ball"),
    ("In which direction does it go?", "away"),
    ("Which way is it facing?", "away"),
    ("What is at the top-left?", "a ball"),
    ("What stands in the northwest?", "a ball"),
    ("Which of the corners is free?", "one"),
    ("What is behind the ring?", "a ball"),
    ("What is between the rings?", "a ball"),
    ("What is the second bar?", "red"),
    ("Give the bounding box of the ball.", "[1, 2, 3, 4]"),
    ("What is it on?", "the left"),
    ("What hand holds it?", "Right"),
    ("What is its place?", "top right"),
]
"""Questions whose answer may be another one in the mirror: by their words, or by that of the answer."""


@pytest.mark.parametrize(("question", "answer"), SIDED)
def test_a_question_or_an_answer_names_a_side(question: str, answer: str) -> None:
    asked = _each(colors(8), prompt=short_answer(question), answer=answer, choices=())
    assert all(names_a_side(sample) for sample in asked.samples)
    with pytest.raises(NotTested, match="names a side"):
        checked("orientation", asked, sees)


def test_a_side_is_named_by_any_answer_that_is_accepted_and_by_the_option_of_a_letter() -> None:
    several = Sample(
        "s", "s", (), "What is it on?", "port", labels=(("accepted", "port"), ("accepted", "left"))
    )
    letter = Sample("s", "s", (), "What is it on? (A) the left (B) a table", "A", ("the left", "a table"))
    unshown = Sample("s", "s", (), "What is it on?", "A", ("the left", "a table"))
    assert names_a_side(several) and names_a_side(letter) and names_a_side(unshown)


@pytest.mark.parametrize(
    ("question", "answer"),
    [("What colour is it?", "bright red"), ("How many rings are there?", "3"), ("Is the ring red?", "yes")],
)
def test_what_names_no_side_is_asked_in_a_mirror(question: str, answer: str) -> None:
    choices = (answer, "eastern cottontail", "upright piano")
    assert not names_a_side(Sample("s", "s", (), short_answer(question), answer, choices))


def test_a_model_that_needs_the_instruction_is_told_apart() -> None:
    (steady,) = checked("prompt_wording", colors(), sees).values()
    assert (steady.verdict.decision, value(steady)) == (Decision.HOLDS, 0.0)

    def needs_it(pictures: Pictures, prompt: str) -> str:
        return sees(pictures, prompt) if SHORT in prompt else "It may be red."

    (found,) = checked("prompt_wording", colors(), every(4, needs_it)).values()
    assert (found.verdict.decision, value(found)) == (Decision.VIOLATED, 25.0)
    shown = {
        name: found.estimates[name].value for name in ("clean", "bare", "instruction_first", "rephrased")
    }
    assert shown == {"clean": 100.0, "bare": 75.0, "instruction_first": 100.0, "rephrased": 75.0}


@pytest.mark.parametrize("lettered", [False, True])
def test_a_model_that_believes_a_caption_is_told_apart(lettered: bool) -> None:
    data = colors(lettered=lettered)

    def named(word: str) -> str:
        return LETTERS[NAMES.index(word)] if lettered and word in NAMES else word

    def looks(pictures: Pictures, prompt: str) -> str:
        return named(sees(pictures, prompt))

    def believes(pictures: Pictures, prompt: str) -> str:
        found = re.match(r"Caption: (\w+)\.", prompt)
        return named(found[1]) if found else looks(pictures, prompt)

    (steady,) = checked("distracting_caption", data, looks).values()
    assert (steady.verdict.decision, value(steady)) == (Decision.HOLDS, 0.0)
    (found,) = checked("distracting_caption", data, every(3, believes, looks)).values()
    assert found.verdict.decision is Decision.VIOLATED and value(found) == pytest.approx(100 / 3)
    assert found.estimates["says_the_captions"].value == pytest.approx(100 / 3)
    assert found.estimates["says_it_anyway"].value == 0.0


def mixed(asked: Benchmark, others: Benchmark) -> Benchmark:
    """Both benchmarks' questions."""
    renamed = (replace(s, id=f"other-{s.id}", cluster=f"other-{s.cluster}") for s in others.samples)
    return replace(asked, samples=(*asked.samples, *renamed))


UNASKED: dict[str, dict[str, Any]] = {
    "distracting_caption": {"prompt": "What colour is it?", "choices": ()},
    "prompt_wording": {"prompt": "What colour is it?"},
    "orientation": {"prompt": "What is on its left?"},
}
"""What a question is like that a property does not ask."""


@pytest.mark.parametrize("name", UNASKED)
def test_what_can_be_lost_is_that_of_the_questions_that_are_asked(name: str) -> None:
    """Of these nothing hangs on the picture; others, which do, are not asked again."""
    asked, others = _each(colors(60), answer="red"), _each(colors(60), **UNASKED[name])

    def rule(pictures: Pictures, prompt: str) -> str:
        return "red" if "thing" in prompt else sees(pictures, prompt)

    (row,) = checked(name, mixed(asked, others), rule).values()
    assert row.verdict.decision is Decision.UNDECIDED and "something to lose" in row.verdict.reason
    assert row.settings["asked"] == "60 of 120 questions"
    assert [row.estimates[each].value for each in ("clean", "blank")] == [100.0, 100.0]
    assert [row.estimates[each].n for each in ("clean", "blank", row.claim.quantity)] == [60] * 3


@pytest.mark.parametrize("lost", [3, 30])
def test_questions_that_a_wording_leaves_as_they_are_dilute_nothing(lost: int) -> None:
    """Of 300 questions 30 have an instruction; whoever needs it loses all or some of these."""
    bare = _each(colors(270), prompt="What colour is it?")

    def needs_it(pictures: Pictures, prompt: str) -> str:
        needing = "thing" in prompt and number(prompt) < lost and SHORT not in prompt
        return "It may be red." if needing else sees(pictures, prompt)

    (found,) = checked("prompt_wording", mixed(colors(30), bare), needs_it).values()
    assert value(found) == pytest.approx(100 * lost / 30)
    assert found.estimates[found.claim.quantity].n == 30
    assert (found.verdict.decision is Decision.VIOLATED) == (lost == 30)


@pytest.mark.parametrize("name", ["second_picture", "other_picture"])
def test_questions_without_a_picture_are_not_asked_with_another(name: str) -> None:
    words = _each(colors(40), images=(), prompt="What colour is it?")
    (row,) = checked(name, mixed(colors(60), words), lambda p, q: sees(p, q) if p else "red").values()
    assert row.settings["asked"] == "60 of 100 questions"
    assert [row.estimates[each].n for each in ("clean", "blank")] == [60, 60]


def test_what_failed_and_was_not_asked_again_counts_for_nothing() -> None:
    """Ten open questions fail; the sixty behind captions do not."""
    others = _each(colors(10), choices=(), prompt="What colour is it?")

    def rule(pictures: Pictures, prompt: str) -> str:
        return sees(pictures, prompt) if "thing" in prompt else BROKEN

    (row,) = checked("distracting_caption", mixed(colors(60), others), rule, errors=N).values()
    found = row.estimates[row.claim.quantity]
    assert (found.value, found.n, found.n_error) == (0.0, 60, 0)


def test_a_model_that_answers_from_the_question_alone_is_told_apart() -> None:
    def alone(pictures: Pictures, prompt: str) -> str:
        return NAMES[number(prompt) % 4] if color(pictures[-1]) != "grey" else "grey"

    (blind,) = checked("other_picture", colors(), alone).values()
    assert (blind.verdict.decision, value(blind)) == (Decision.VIOLATED, 0.0)
    (seen,) = checked("other_picture", colors(), sees).values()
    assert seen.verdict.decision is Decision.HOLDS
    assert 65 < value(seen) < 85, "one in four pictures shows the same colour"
    assert seen.estimates["blank"].value == 0.0


def test_a_model_that_takes_the_first_picture_is_told_apart() -> None:
    def first(pictures: Pictures, prompt: str) -> str:
        return color(pictures[0])

    (last,) = checked("second_picture", colors(), sees).values()
    assert (last.verdict.decision, value(last)) == (Decision.HOLDS, 0.0)
    (found,) = checked("second_picture", colors(), first).values()
    assert found.verdict.decision is Decision.VIOLATED and 65 < value(found) < 85


def honest(pictures: Pictures, prompt: str) -> str:
    """Whether the ring is there, or is not, where that is asked."""
    found = re.search(r"Is there (a|no) (\w+) ring", prompt)
    assert found is not None
    there = color(pictures[-1]) == found[2]
    return "yes" if there == (found[1] == "a") else "no"


def says(answer: str) -> Rule:
    """One word to all."""
    return lambda pictures, prompt: answer


def absent_first(prompt: str) -> bool:
    """Every eighth of the questions about what is not there."""
    return number(prompt) % 16 == 4


@pytest.mark.parametrize(
    ("rule", "decision", "hallucinated", "missed", "negated"),
    [
        (honest, Decision.HOLDS, 0.0, 0.0, 0.0),
        (lambda p, q: "yes" if absent_first(q) else honest(p, q), Decision.VIOLATED, 12.5, 0.0, 0.0),
        (says("yes"), Decision.VIOLATED, 100.0, 0.0, 0.0),
        (says("no"), Decision.HOLDS, 0.0, 100.0, 100.0),
    ],
)
def test_a_model_that_sees_what_is_not_there_is_told_apart(
    rule: Rule, decision: Decision, hallucinated: float, missed: float, negated: float
) -> None:
    (found,) = checked("hallucination", polar(), rule).values()
    assert (found.verdict.decision, value(found)) == (decision, hallucinated)
    beside = [found.estimates[name].value for name in ("missed", "hallucinated_negated")]
    assert beside == [missed, negated], "the other framing wants the other word"


def in_words(rule: Rule) -> Rule:
    """The same answers, in a sentence."""
    sentences = {"yes": "Yes, there is a dog.", "no": "No, there is none in the picture."}
    return lambda pictures, prompt: sentences[rule(pictures, prompt)]


@pytest.mark.parametrize("scorer", ["exact_match", "yes_no"])
def test_yes_and_no_are_read_in_sentences(scorer: str) -> None:
    data = replace(polar(), scorer=scorer)
    (bad,) = checked("hallucination", data, in_words(says("yes"))).values()
    assert (bad.verdict.decision, value(bad)) == (Decision.VIOLATED, 100.0)
    (good,) = checked("hallucination", data, in_words(honest)).values()
    assert (good.verdict.decision, value(good)) == (Decision.HOLDS, 0.0)


@pytest.mark.parametrize("scorer", ["exact_match", "yes_no"])
@pytest.mark.parametrize("answer", ["There is a dog in the image.", "I am not sure.", "", BROKEN])
def test_what_is_neither_yes_nor_no_is_not_a_sign_that_nothing_was_seen(scorer: str, answer: str) -> None:
    data = replace(polar(), scorer=scorer)
    (none,) = checked("hallucination", data, says(answer), errors=N).values()
    assert none.verdict.decision is Decision.UNDECIDED
    found = none.estimates["hallucinated"]
    assert (found.value, found.n, found.n_error, found.low, found.high) == (None, 0, N // 2, 0.0, 100.0)

    def some(pictures: Pictures, prompt: str) -> str:
        return answer if number(prompt) % 16 == 4 else honest(pictures, prompt)

    (open_,) = checked("hallucination", data, some, errors=N).values()
    found = open_.estimates["hallucinated"]
    assert (open_.verdict.decision, found.value, found.n_error) == (Decision.UNDECIDED, 0.0, N // 16)
    assert found.low == 0.0 and found.high > 12.5, "any of them may be a yes"


@pytest.mark.parametrize(
    "question", ["Is there not a {} ring?", "Is the {} ring larger than {}?", "Is it {}?"]
)
def test_only_what_is_said_to_be_absent_can_be_hallucinated(question: str) -> None:
    whole = polar()
    samples = tuple(replace(s, prompt=question.format("red", n)) for n, s in enumerate(whole.samples))
    with pytest.raises(NotTested, match="asks for nothing that is not there"):
        checked("hallucination", replace(whole, samples=samples), says("yes"))


@pytest.mark.parametrize("lost", [6, 12, 24])
def test_pictures_that_failed_in_a_mirror_count_at_the_worst(lost: int) -> None:
    def rule(pictures: Pictures, prompt: str) -> str:
        return BROKEN if number(prompt) < lost and mirrored(pictures[-1]) else sees(pictures, prompt)

    found = checked("orientation", colors(), rule, errors=N)["orientation"]
    drop = found.estimates["performance_drop"]
    assert (drop.value, drop.n, drop.n_error) == (0.0, N - lost, lost)
    assert drop.high > 100 * lost / N and found.verdict.decision is Decision.UNDECIDED


def mirrored(picture: Image.Image) -> bool:
    """Whether the colour is on the right."""
    return color(picture.crop((picture.width // 2, 0, picture.width, picture.height))) != "grey"


def test_a_model_that_does_not_look_decides_nothing() -> None:
    """Nothing is lost where there was nothing to lose; only what asks for a gain is decided."""
    blind = says("red")
    for name in ("resolution", "orientation", "degradation", "prompt_wording", "distracting_caption"):
        for row in checked(name, colors(60), blind).values():
            assert row.verdict.decision is Decision.UNDECIDED
            assert "something to lose" in row.verdict.reason


def test_what_is_none_of_the_papers_is_as_claimed_and_not_as_in_the_paper() -> None:
    row: dict[str, Any] = {
        "verdict": {"decision": "VIOLATED"},
        "errors": [],
        "partial": False,
        "estimates": {},
        "settings": {},
    }
    for source, told in (("beyond the paper; x", "NOT AS CLAIMED"), ("paper 3.3", "NOT AS IN PAPER")):
        claim = {"kind": "observation", "source": source, "quantity": "q"}
        assert word({**row, "claim": claim, "reason": ""}) == told


def _refused() -> dict[str, tuple[str, Callable[[Benchmark], Benchmark]]]:
    return {
        "hallucination": ("asks for nothing that is not there", lambda data: data),
        "prompt_wording": ("without an instruction", lambda data: _each(data, prompt="Colour?")),
        "other_picture": ("has no second picture", lambda data: replace(data, samples=data.samples[:1])),
        "second_picture": ("has no second picture", lambda data: replace(data, samples=data.samples[:1])),
        "distracting_caption": ("names no other answer", lambda data: _each(data, choices=())),
        "orientation": ("names a side", lambda data: _each(data, prompt="Left of it?")),
    }


def _each(data: Benchmark, **changes: Any) -> Benchmark:
    return replace(data, samples=tuple(replace(sample, **changes) for sample in data.samples))


@pytest.mark.parametrize("name", _refused())
def test_what_a_benchmark_can_not_be_asked_is_not_tested(name: str) -> None:
    why, made = _refused()[name]
    with pytest.raises(NotTested, match=why):
        checked(name, made(colors(8)), sees)


@pytest.mark.parametrize("allowed", [2, 0.05])
def test_failures_that_are_allowed_leave_the_verdict(allowed: float) -> None:
    """On the page too, which goes by what the result says was allowed."""

    def rule(pictures: Pictures, prompt: str) -> str:
        return BROKEN if number(prompt) < 2 else sees(pictures, prompt)

    found = checked("other_picture", colors(), rule, errors=allowed)["other_picture"]
    assert len(found.errors) == 2 and standing(schema.row(found)) == "HOLDS"
