"""What is seen to before a model is asked, and what is said where it can not be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image

from ipllvm.artifacts import Artifacts
from ipllvm.benchmarks import planted
from ipllvm.engine import template, whole_check
from ipllvm.engine.captioning import MAX_NEW_TOKENS, PROMPT, captions
from ipllvm.engine.pictures import given, pictured, pictures_of
from ipllvm.engine.plan import Plan
from ipllvm.engine.prompt_length import LOOKED_AT, fitting, require_fitting
from ipllvm.engine.requirements import Outcomes, complete, require, require_whole
from ipllvm.engine.store.derived import Derived
from ipllvm.engine.whole_check import WholeCheck
from ipllvm.errors import NotMeasured, NotTested, UsageError
from ipllvm.models.base import Prepared
from ipllvm.models.whole import WholeModel
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.occlusion import RandomDrop, SalientDrop
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.selection import Keep
from ipllvm.perturbations.shuffle import PatchShuffle
from ipllvm.perturbations.substitution import Blank, Clean
from ipllvm.records import ModelInfo, Perturbation, Response, Sample, Stage
from ipllvm.tests.engine.pictures import Noise, samples

ROWS = samples(6)


def model(**about: Any) -> Any:
    usual = {"name": "mine", "stages": frozenset(Stage), "placed": True, "sealed": "", "max_positions": None}
    return SimpleNamespace(**{**usual, **about})


@pytest.mark.parametrize(
    ("perturbation", "about", "line"),
    [
        (Permutation(), {"stages": frozenset({Stage.PIXELS})}, "mine has no visual tokens to perturb"),
        (LayerNoise(1), {"stages": frozenset({Stage.PIXELS})}, "mine has no hidden states to perturb"),
        (PatchShuffle(2), {"stages": frozenset()}, "mine has no pixels to perturb"),
        (
            Permutation(),
            {"stages": frozenset({Stage.PIXELS}), "sealed": "is asked over the net"},
            "mine is asked over the net: it has no visual tokens to perturb",
        ),
        (
            Keep((0,), 2),
            {"placed": False},
            "the visual tokens of mine are queries, which look at the whole picture: they have no places "
            "in a grid",
        ),
    ],
)
def test_a_part_that_a_model_lacks_is_named(perturbation: Perturbation, about: Any, line: str) -> None:
    with pytest.raises(NotTested) as error:
        require(model(**about), [Clean(), perturbation])
    assert str(error.value) == line


def test_what_a_model_has_is_let_through() -> None:
    require(model(), [Clean(), Permutation(), Keep((0,), 2), LayerNoise(0), PatchShuffle(2)])
    require(
        model(placed=False, stages=frozenset({Stage.VISUAL_TOKENS, Stage.PIXELS})), [Clean(), Permutation()]
    )
    require(model(stages=frozenset()), [])


def test_lost_outcomes_are_counted() -> None:
    plan = Plan(ROWS, (Clean(), Permutation()), 2, 0, 4)
    outcomes: Outcomes = {trial: Response("x") for trial in plan.trials()}
    assert complete(plan, outcomes)
    require_whole(plan, outcomes)
    for trial in [*plan.trials()][:5]:
        del outcomes[trial]
    assert not complete(plan, outcomes)
    with pytest.raises(NotMeasured) as error:
        require_whole(plan, outcomes)
    assert str(error.value) == (
        "5 of 18 outcomes were lost while this ran: was the report folder changed? Run again"
    )
    assert complete(replace(plan, samples=()), {})


def prepared(length: int, visual: int = 2) -> Prepared:
    ids = torch.arange(length)
    return Prepared(ids, ids < visual)


@pytest.mark.parametrize(("length", "limit"), [(5, None), (5, 5), (5, 6), (1_000_000, None)])
def test_a_prompt_that_fits_is_left_as_it_is(length: int, limit: int | None) -> None:
    found = prepared(length)
    assert fitting(model(max_positions=limit), ROWS[0], found) is found


def test_a_prompt_that_does_not_fit_says_by_how_much() -> None:
    with pytest.raises(ValueError, match=r"^the prompt has 4,097 tokens and mine has 4,096 positions$"):
        fitting(model(max_positions=4096), ROWS[0], prepared(4097))


def test_a_picture_without_a_place_is_a_fault_and_a_question_without_a_picture_is_none() -> None:
    with pytest.raises(ValueError, match="no placeholder of the picture is in the prompt"):
        fitting(model(), ROWS[0], prepared(5, 0))
    assert fitting(model(), replace(ROWS[0], images=()), prepared(5, 0))


def by_length(most: int | None, broken: frozenset[str] = frozenset()) -> Any:
    """A model for which a letter is a token; some samples can not be prepared at all."""
    asked: list[str] = []

    def prepare(images: Sequence[Image.Image], prompt: str) -> Prepared:
        asked.append(prompt)
        if prompt in broken:
            raise ValueError("no such picture")
        return prepared(len(prompt))

    return model(max_positions=most, prepare=prepare, asked=asked)


def test_the_longest_prompts_stand_for_all() -> None:
    rows = [replace(ROWS[0], id=f"s{n}", prompt="x" * n) for n in (3, 90, 7, 40, 41, 42, 9)]
    subject = by_length(90)
    require_fitting(subject, rows)
    assert [len(prompt) for prompt in subject.asked] == [90, 42, 41, 40] and LOOKED_AT == 4
    with pytest.raises(NotMeasured, match=r"^s90: the prompt has 90 tokens and mine has 89 positions$"):
        require_fitting(by_length(89), rows)
    require_fitting(by_length(1), [])


def test_what_can_not_be_prepared_is_left_to_its_trial() -> None:
    rows = [replace(ROWS[0], id=f"s{n}", prompt="x" * n) for n in (5, 6)]
    require_fitting(by_length(5, frozenset({"x" * 6})), rows)


@dataclass(frozen=True)
class Counted:
    """A picture that counts how often it is loaded."""

    loads: Any = None

    def load(self) -> Image.Image:
        self.loads.append(1)
        return Image.new("RGB", (8, 8), (10, 20, 30))


def case(perturbation: Perturbation, sample: Sample = ROWS[0], draw: int = 0) -> Any:
    return Plan((sample,), (Clean(), perturbation), 3, 0, 4).cases([sample], perturbation)[draw]


def test_only_pixels_are_changed_in_a_picture() -> None:
    clean = ROWS[0].images[0].load().tobytes()
    for perturbation in (Clean(), Permutation(), LayerNoise(0)):
        (image,) = pictures_of(case(perturbation), None)
        assert image.tobytes() == clean
    (shuffled,) = pictures_of(case(PatchShuffle(2)), None)
    assert shuffled.tobytes() != clean and shuffled.size == ROWS[0].images[0].load().size


def test_draws_of_a_picture_are_the_same_each_time_and_one_for_each_number() -> None:
    found = [pictures_of(case(PatchShuffle(4), draw=draw), None)[0].tobytes() for draw in (0, 1, 0)]
    assert found[0] == found[2] != found[1]
    questions = replace(ROWS[1], images=ROWS[0].images)
    assert questions.cluster == ROWS[0].cluster
    assert pictures_of(case(PatchShuffle(4), questions), None)[0].tobytes() == found[0], (
        "one picture a cluster"
    )


def test_a_sample_without_a_picture_has_none_to_change() -> None:
    assert pictures_of(case(Blank(), replace(ROWS[0], images=())), None) == []


def test_what_names_a_picture_is_its_content_and_its_draw() -> None:
    same = replace(ROWS[0], id="other", prompt="other?")
    assert pictured(case(PatchShuffle(2))) == pictured(case(PatchShuffle(2), same))
    assert pictured(case(PatchShuffle(2))) != pictured(case(PatchShuffle(2), draw=1))
    assert pictured(case(PatchShuffle(2))) != pictured(case(PatchShuffle(4)))
    other = replace(ROWS[0], images=(Noise(99, (28, 28)),))
    assert pictured(case(Clean())) != pictured(case(Clean(), other))
    unhashable = replace(ROWS[0], images=(Counted([]),))
    assert pictured(case(Clean(), unhashable)) == pictured(case(Clean(), unhashable))


def test_a_map_is_asked_for_where_a_perturbation_needs_one_and_nowhere_else() -> None:
    image = ROWS[0].images[0].load()
    assert given(RandomDrop(0.5), image, None) == RandomDrop(0.5)
    with pytest.raises(TypeError, match=r"needs a provider of its saliency$"):
        given(SalientDrop(0.5, provider="none"), image, None)
    with pytest.raises(UsageError):
        given(SalientDrop(0.5, provider="none"), image, Artifacts({}))


class Whole(WholeModel):
    """Answers as its functions say, first asked, again, and with other bytes of the same pixels."""

    def __init__(self, *ways: Any) -> None:
        self.name, self.sealed, self.ways = "mine", "is asked over the net", list(ways)

    def info(self) -> ModelInfo:
        return ModelInfo("mine", "own", "f" * 64, "cpu", "none", "none", "none", 0)

    def batch_size(self) -> int:
        return 8

    def answers(self, questions: Any, limit: int) -> list[Response]:
        said = self.ways.pop(0)
        if isinstance(said, Exception):
            raise said
        texts = [said(number) for number in range(len(questions))]
        return [Response(text) if text else Response("", error="E: no") for text in texts]


def constant(words: str) -> Any:
    return lambda number: words


def first_otherwise(words: str) -> Any:
    return lambda number: "other" if number == 0 else words


@pytest.mark.parametrize(
    ("ways", "found", "refused"),
    [
        ([constant("a")] * 3, WholeCheck(6, 0, 0), False),
        ([constant("a"), first_otherwise("a"), constant("a")], WholeCheck(6, 1, 0), False),
        ([constant("a"), constant("a"), constant("b")], WholeCheck(6, 0, 6), True),
        ([constant("a"), first_otherwise("a"), constant("b")], WholeCheck(6, 1, 6), False),
        ([constant("a"), lambda n: "" if n else "a", constant("a")], WholeCheck(1, 0, 0, 5), False),
    ],
)
def test_a_whole_model_is_asked_in_three_ways(ways: Any, found: WholeCheck, refused: bool) -> None:
    """One that answers otherwise each time is told of, and not refused for the way of its pictures."""
    checked = whole_check.check(Whole(*ways), ROWS)
    assert checked == found
    if refused:
        with pytest.raises(NotMeasured, match=r": it looks at more than the pixels of a picture$"):
            found.require()
    else:
        found.require()


def test_what_was_found_is_told_in_numbers() -> None:
    assert str(WholeCheck(8, 1, 2)) == (
        "self-check on 8 samples: asked again 1 answers differ, with pictures encoded otherwise without "
        "loss 2"
    )
    assert str(WholeCheck(1, 0, 0, 3)).startswith(
        "self-check on 1 sample (3 more were not answered each time): "
    )


def test_a_model_that_answers_nothing_is_not_measured_and_says_why() -> None:
    with pytest.raises(NotMeasured) as error:
        whole_check.check(Whole(*[constant("")] * 3), ROWS)
    assert str(error.value) == "self-check: none of 6 samples was answered each time: E: no"
    with pytest.raises(NotMeasured, match=r"^self-check: the line is dead$"):
        whole_check.check(Whole(OSError("the line is dead\nat length")), ROWS)
    with pytest.raises(NotTested, match=r"^not so$"):
        whole_check.check(Whole(NotTested("not so")), ROWS)


def test_where_no_sample_can_be_asked_there_is_no_check() -> None:
    @dataclass(frozen=True)
    class Broken:
        def load(self) -> Image.Image:
            raise OSError("no picture")

    rows = [replace(sample, images=(Broken(),)) for sample in ROWS]
    assert whole_check.check(Whole(), rows) is None and whole_check.check(Whole(), []) is None


def words(*tokens: int) -> Any:
    def prepare(images: Sequence[Image.Image], prompt: str) -> Prepared:
        ids = torch.tensor([7, 7, *tokens])
        return Prepared(ids, torch.arange(len(ids)) < len(images) + 1)

    return model(prepare=prepare)


def test_the_words_around_a_question_are_known_by_their_tokens_alone() -> None:
    one, same, other = (template.template(words(*ids), ROWS[0]) for ids in ((1, 2), (1, 2), (2, 1)))
    assert one == same != other and len(one) == 12 and int(one, 16) >= 0
    assert template.template(model(prepare=None), ROWS[0]) == template.UNKNOWN


def test_a_whole_model_may_say_its_words_itself() -> None:
    subject = Whole()
    plain = template.template(subject, ROWS[0])
    subject.wording = "chat"
    assert template.template(subject, ROWS[0]) == "chat" != plain


def test_the_words_of_a_benchmark_are_worked_out_once_and_not_kept_where_unknown(tmp_path: Any) -> None:
    data = SimpleNamespace(samples=ROWS, digest="d")
    info = ModelInfo("m", "llava", "a" * 64, "cpu", "float32", "sdpa", "checkpoint", 1)
    derived = Derived(tmp_path)

    def of(subject: Any) -> str:
        subject.info = lambda: info
        return template.of_benchmark(subject, data, derived)  # type: ignore[arg-type]

    assert of(model(prepare=None)) == template.UNKNOWN
    first = of(words(1, 2))
    assert of(model(prepare=None)) == of(words(3)) == first != template.UNKNOWN, "read, and not made again"
    data.samples = ()
    assert of(words(1)) == template.UNKNOWN


def said(text: str, error: str | None = None) -> Any:
    """An executor that gives every trial this answer; its plans are kept."""
    plans: list[Plan] = []

    def run(model: Any, plan: Plan, size: int, outcomes: Any, progress: Any) -> None:
        plans.append(plan)
        outcomes.update({trial: Response(text, error=error) for trial in plan.trials()})

    return SimpleNamespace(run=run, plans=plans)


def caption(executor: Any, rows: Any = ROWS) -> dict[str, str]:
    info = ModelInfo("m", "llava", "a" * 64, "cpu", "float32", "sdpa", "checkpoint", 1)
    data = replace(planted.single(), samples=tuple(rows))
    subject = model(info=lambda: info, image_backend="pil")
    return captions(subject, data, lambda context: {}, 4, lambda done: None, executor)


def test_a_picture_is_captioned_once_for_all_its_questions() -> None:
    executor = said("a cat")
    found = caption(executor)
    assert set(found.values()) == {"a cat"} and len(found) == 3, "six questions about three pictures"
    (plan,) = executor.plans
    assert {sample.prompt for sample in plan.samples} == {PROMPT} and plan.max_new_tokens == MAX_NEW_TOKENS
    assert len({sample.id for sample in plan.samples}) == 3 and not plan.samples[0].choices


def test_a_caption_that_fails_is_told_by_its_sample_and_last_line() -> None:
    with pytest.raises(NotMeasured, match=r"^mine can't caption caption-[0-9a-f]{16}: ValueError: no$"):
        caption(said("", "Traceback\n  line\nValueError: no\n"))
    assert caption(said("x"), []) == {}
