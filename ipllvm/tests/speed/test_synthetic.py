"""Synthetic models: shapes that fit, questions of one length, and weights that are left as they were."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from ipllvm.benchmarks import planted
from ipllvm.errors import UnknownName
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.speed import synthetic
from ipllvm.speed.shapes import CONFIGS, SHAPES, pinpoints
from ipllvm.speed.ways import endless

CPU = torch.device("cpu")
QUESTIONS = ("", "?", "Is it red?", "Größe 大小 \U0001f600?", "a" * 1000, "two\nlines\tand\0nulls")


@pytest.fixture(scope="module")
def tiny() -> TransformersModel:
    return synthetic.make("tiny", CPU, torch.float32)


@pytest.mark.parametrize("name", SHAPES)
def test_questions_are_of_one_length_whatever_is_asked(name: str) -> None:
    benchmark = planted.single()
    asked = replace(
        benchmark,
        samples=tuple(
            replace(sample, prompt=question)
            for sample, question in zip(benchmark.samples, QUESTIONS, strict=False)
        ),
    )
    found = synthetic.fitted(asked, name)
    assert len({len(sample.prompt) for sample in found.samples}) == 1
    assert all(sample.prompt.isascii() for sample in found.samples), "a token a byte"
    assert [sample.id for sample in found.samples] == [sample.id for sample in asked.samples]
    assert found.samples[2].prompt.startswith("Is it red? Is it red?"[: len(found.samples[2].prompt)])


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_that_of_its_model(name: str) -> None:
    shape, config = SHAPES[name], SHAPES[name].config()
    text, vision = config.text_config, config.vision_config
    assert (text.hidden_size, text.num_hidden_layers) == (shape.hidden, shape.layers)
    assert text.vocab_size == shape.vocabulary and shape.hidden % shape.heads == 0
    assert vision.patch_size == shape.patch and shape.tower_hidden % shape.tower_heads == 0
    if shape.family == "qwen2_vl":
        sections = text.rope_parameters["mrope_section"]
        assert sum(sections) == shape.hidden // shape.heads // 2, "an angle for each pair of numbers"


def test_every_family_has_a_shape_and_a_processor() -> None:
    assert {shape.family for shape in SHAPES.values()} == set(CONFIGS) == set(synthetic.PROCESSORS)


def test_resolutions_are_whole_tiles() -> None:
    found = pinpoints(336)
    assert len({tuple(each) for each in found}) == len(found) == 5
    assert all(width % 336 == height % 336 == 0 for width, height in found)
    assert max(width * height for width, height in found) == 4 * 336**2
    assert sorted([height, width] for width, height in found) == sorted(found), "either way up"


def test_an_unknown_shape_is_one_line_that_names_those_there_are() -> None:
    with pytest.raises(UnknownName) as error:
        synthetic.make("lava-1.5-7b", CPU, torch.float32)
    line = str(error.value)
    assert "\n" not in line and "lava-1.5-7b" in line and "llava-1.5-7b" in line


def test_weights_are_the_same_each_time_and_the_generator_is_left_alone(tiny: TransformersModel) -> None:
    before = torch.get_rng_state()
    again = synthetic.make("tiny", CPU, torch.float32)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(map(torch.equal, synthetic.ends(tiny), synthetic.ends(again)))


@pytest.mark.parametrize("fails", [False, True])
def test_foretold_words_are_taken_back_exactly(tiny: TransformersModel, fails: bool) -> None:
    before = [weight.clone() for weight in synthetic.ends(tiny)]
    try:
        with synthetic.foretold(tiny):
            words, head = synthetic.ends(tiny)
            assert torch.equal(words, before[0] * synthetic.LOUD)
            assert torch.equal(head[1:], before[0][:-1]) and torch.equal(head[0], before[0][-1])
            if fails:
                raise ValueError("in the middle")
    except ValueError:
        pass
    assert all(map(torch.equal, synthetic.ends(tiny), before))


@pytest.mark.parametrize(("wanted", "fails"), [(True, False), (True, True), (False, False)])
def test_no_token_ends_an_answer_while_it_lasts_and_then_each_does_again(
    tiny: TransformersModel, wanted: bool, fails: bool
) -> None:
    usual: Any = tiny.stop_tokens
    assert usual
    try:
        with endless(tiny, wanted):
            assert tiny.stop_tokens == (frozenset() if wanted else usual)
            if fails:
                raise ValueError("in the middle")
    except ValueError:
        pass
    assert tiny.stop_tokens == usual
