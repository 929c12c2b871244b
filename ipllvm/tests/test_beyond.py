"""Properties beyond the paper against planted truths: each holds where it should, and fails where not."""

from collections.abc import Callable

import pytest

from ipllvm.benchmarks.prompts import LETTERS, SHORT, multiple_choice, short_answer
from ipllvm.errors import NotTested
from ipllvm.records import Benchmark, Decision, Sample
from ipllvm.reporting.view import word
from ipllvm.tests.ruled import RuledEvaluation, Square, checked

COLORS = ("red", "blue", "green", "black")
N = 300


def colors(lettered: bool = False) -> Benchmark:
    """What colour a thing has; every picture is one of its own."""
    samples = []
    for n in range(N):
        answer = COLORS[n % 4]
        if lettered:
            prompt, answer = multiple_choice(f"Thing {n}?", COLORS), LETTERS[n % 4]
        else:
            prompt = short_answer(f"What colour is thing {n}?")
        samples.append(Sample(f"s-{n}", f"c-{n}", (Square(n),), prompt, answer, COLORS))
    scorer = "multiple_choice" if lettered else "exact_match"
    return Benchmark("colors", tuple(samples), scorer, "digest", "made up")


def polar() -> Benchmark:
    """Half of the things that are asked for are there."""
    samples = tuple(
        Sample(f"p-{n}", f"c-{n}", (Square(n),), short_answer(f"Is there a red ring {n}?"),
               ("yes", "no")[n % 2], ("yes", "no"))
        for n in range(N)
    )  # fmt: skip
    return Benchmark("polar", samples, "exact_match", "digest", "made up")


def sees(sample: Sample, name: str) -> str:
    """Right, unless the picture is blank."""
    return "grey" if name.startswith("blank") else sample.answer


def only(names: str) -> Callable[[Sample, str], str]:
    """Right, unless the perturbation's name begins so."""
    return lambda sample, name: "grey" if name.startswith(("blank", names)) else sample.answer


PICTURES = {"resolution": "resized(scale=0.5", "orientation": "oriented(turn=mirrored"}
DAMAGES = {"compression": "jpeg(quality=20", "pixel_noise": "pixel_noise(sigma=0.1"}


def decision(found: RuledEvaluation, claim: str) -> Decision:
    return found.verdicts[claim].decision


@pytest.mark.parametrize("claim", PICTURES)
def test_a_changed_picture_costs_what_it_costs(claim: str) -> None:
    assert decision(checked(claim, colors(), sees), claim) is Decision.HOLDS
    hurt = checked(claim, colors(), only(PICTURES[claim]))
    assert decision(hurt, claim) is Decision.VIOLATED and hurt.values[claim] == 100.0
    other = checked(claim, colors(), only("oriented(turn=upside_down"))
    assert decision(other, claim) is Decision.HOLDS, "what stands beside it does not decide"


@pytest.mark.parametrize("claim", DAMAGES)
def test_each_damage_has_a_claim_of_its_own(claim: str) -> None:
    found = checked("degradation", colors(), only(DAMAGES[claim]))
    assert {name: decision(found, name) for name in DAMAGES} == {
        name: Decision.VIOLATED if name == claim else Decision.HOLDS for name in DAMAGES
    }
    (curve,) = found.display[claim].series
    assert sum(point.value == 0 for point in curve.points) == 1


def test_questions_that_name_a_side_do_not_count_against_a_mirror() -> None:
    whole = colors()
    sided = tuple(
        Sample(s.id, s.cluster, s.images, "Is it left of the ring?", s.answer, s.choices) if n < 100 else s
        for n, s in enumerate(whole.samples)
    )
    data = Benchmark("colors", sided, "exact_match", "digest", "made up")

    def rule(sample: Sample, name: str) -> str:
        mirrored = name.startswith("oriented(turn=mirrored") and "left" in sample.prompt
        return "grey" if mirrored or name.startswith("blank") else sample.answer

    found = checked("orientation", data, rule)
    assert decision(found, "orientation") is Decision.HOLDS and found.values["orientation"] == 0.0
    assert found.display["orientation"].noted["without_sides"] == "200 of 300 questions"


def test_a_model_that_needs_the_instruction_is_told_apart() -> None:
    assert decision(checked("prompt_wording", colors(), sees), "prompt_wording") is Decision.HOLDS

    def needs_it(sample: Sample, name: str) -> str:
        return sees(sample, name) if SHORT in sample.prompt else "It may be red."

    found = checked("prompt_wording", colors(), needs_it)
    assert decision(found, "prompt_wording") is Decision.VIOLATED
    scores = found.display["prompt_wording"].scores
    assert {name: float(each.values.mean()) for name, each in scores.items() if name != "blank"} == {
        "clean": 1.0,
        "bare": 0.0,
        "instruction_first": 1.0,
        "rephrased": 0.0,
    }


@pytest.mark.parametrize("lettered", [False, True])
def test_a_model_that_believes_a_caption_is_told_apart(lettered: bool) -> None:
    data = colors(lettered)
    assert decision(checked("distracting_caption", data, sees), "distracting_caption") is Decision.HOLDS

    def believes(sample: Sample, name: str) -> str:
        first, _, _ = sample.prompt.partition("\n")
        told = first.removeprefix("Caption: ").rstrip(".")
        if told not in COLORS:
            return sees(sample, name)
        return LETTERS[COLORS.index(told)] if lettered else told

    found = checked("distracting_caption", data, believes)
    assert decision(found, "distracting_caption") is Decision.VIOLATED
    beside = found.display["distracting_caption"].beside
    assert {name: float(each.values.mean()) for name, each in beside.items()} == {  # type: ignore[union-attr]
        "says_the_captions": 1.0,
        "says_it_anyway": 0.0,
    }


def test_a_model_that_answers_from_the_question_alone_is_told_apart() -> None:
    alone = checked("other_picture", colors(), lambda sample, name: sample.answer)
    assert decision(alone, "other_picture") is Decision.VIOLATED and alone.values["other_picture"] == 0.0

    def looks(sample: Sample, name: str) -> str:
        (picture,) = sample.images
        return COLORS[picture.number % 4] if name == "clean" else "grey"  # type: ignore[attr-defined]

    seen = checked("other_picture", colors(), looks)
    assert decision(seen, "other_picture") is Decision.HOLDS
    assert 65 < seen.values["other_picture"] < 85, "one in four pictures shows the same colour"


def test_a_model_that_takes_the_first_picture_is_told_apart() -> None:
    def last(sample: Sample, name: str) -> str:
        return COLORS[sample.images[-1].number % 4] if name == "clean" else "grey"  # type: ignore[attr-defined]

    def first(sample: Sample, name: str) -> str:
        return COLORS[sample.images[0].number % 4] if name == "clean" else "grey"  # type: ignore[attr-defined]

    assert decision(checked("second_picture", colors(), last), "second_picture") is Decision.HOLDS
    assert decision(checked("second_picture", colors(), first), "second_picture") is Decision.VIOLATED


def test_a_model_that_sees_what_is_not_there_is_told_apart() -> None:
    honest = checked("hallucination", polar(), lambda sample, name: sample.answer)
    assert decision(honest, "hallucination") is Decision.HOLDS
    always = checked("hallucination", polar(), lambda sample, name: "yes")
    assert decision(always, "hallucination") is Decision.VIOLATED and always.values["hallucination"] == 100.0
    beside = {k: float(v.values.mean()) for k, v in always.display["hallucination"].beside.items()}  # type: ignore[union-attr]
    assert beside == {"missed": 0.0, "hallucinated_negated": 0.0}, "the other framing wants the other"
    never = checked("hallucination", polar(), lambda sample, name: "no")
    beside = {k: float(v.values.mean()) for k, v in never.display["hallucination"].beside.items()}  # type: ignore[union-attr]
    assert decision(never, "hallucination") is Decision.HOLDS
    assert beside == {"missed": 1.0, "hallucinated_negated": 1.0}


def test_what_is_none_of_the_papers_is_as_claimed_and_not_as_in_the_paper() -> None:
    row = {
        "verdict": {"decision": "VIOLATED"},
        "errors": [],
        "partial": False,
        "estimates": {},
        "settings": {},
    }
    for source, told in (("beyond the paper; x", "NOT AS CLAIMED"), ("paper 3.3", "NOT AS IN PAPER")):
        claim = {"kind": "observation", "source": source, "quantity": "q"}
        assert word({**row, "claim": claim, "reason": ""}) == told


def test_what_a_benchmark_can_not_be_asked_is_not_tested() -> None:
    with pytest.raises(NotTested, match="asks nothing whose answer is no"):
        checked("hallucination", colors(), sees)
    bare = tuple(Sample(s.id, s.cluster, s.images, "Colour?", s.answer, s.choices) for s in colors().samples)
    data = Benchmark("bare", bare, "exact_match", "digest", "made up")
    with pytest.raises(NotTested, match="without an instruction"):
        checked("prompt_wording", data, sees)
    one = Benchmark("one", colors().samples[:1], "exact_match", "digest", "made up")
    with pytest.raises(NotTested, match="has no second picture"):
        checked("other_picture", one, sees)
    free = tuple(Sample(s.id, s.cluster, s.images, s.prompt, s.answer) for s in colors().samples)
    refusing = Benchmark("open", free, "exact_match", "digest", "made up")
    with pytest.raises(NotTested, match="names no other answer"):
        checked("distracting_caption", refusing, sees)
