"""What the embedded models are trained on: each loss against the formula that it stands for."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from ipllvm.benchmarks import objects
from ipllvm.zoo import anchoring, batches, classifiers, corpus, pretraining, processing, trainer, tuning
from ipllvm.zoo.recipes import IMAGE_SIZE, RECIPES, Phase, Recipe

PHASE = Phase("p", 10, 4, 1e-3, {"objects": 1.0}, questions=2, problems=3)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [1, 2, 5])
def test_distinct_captions_are_found_as_clip_finds_them(size: int) -> None:
    logits, captions = random(size, size), [str(n) for n in range(size)]
    right = torch.arange(size)
    usual = (functional.cross_entropy(logits, right) + functional.cross_entropy(logits.T, right)) / 2
    assert torch.allclose(pretraining._contrast(logits, captions), usual)


@settings(max_examples=12)
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_contrast_knows_no_order_and_no_side(captions: list[str], luck: Any) -> None:
    logits = random(len(captions), len(captions))
    order = list(range(len(captions)))
    luck.shuffle(order)
    value = pretraining._contrast(logits, captions)
    assert torch.allclose(pretraining._contrast(logits.T, captions), value, atol=1e-5)
    moved = logits[order][:, order], [captions[n] for n in order]
    assert torch.allclose(pretraining._contrast(*moved), value, atol=1e-5)


def test_pictures_of_one_caption_share_what_is_right() -> None:
    alike = torch.full((2, 2), 30.0)
    assert pretraining._contrast(alike, ["a", "a"]) == pytest.approx(math.log(2))
    blocks = 30.0 * torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 1]])
    least = 2 / 3 * math.log(2)
    assert pretraining._contrast(blocks, ["a", "a", "b"]) == pytest.approx(least, abs=1e-5)


def talker(width: int = 4, words: int = 7) -> Any:
    made = SimpleNamespace(lm_head=nn.Linear(width, words, bias=False))
    nn.init.normal_(made.lm_head.weight, generator=torch.Generator().manual_seed(1))
    return made


@settings(max_examples=25)
@given(st.lists(st.booleans(), min_size=5, max_size=5))
def test_the_next_token_is_learned_where_it_is_labelled(marks: list[bool]) -> None:
    model, hidden = talker(), random(1, 6, 4)
    labels = torch.full((1, 6), batches.IGNORE)
    for place, labelled in enumerate(marks, 1):
        labels[0, place] = place if labelled else batches.IGNORE
    found = pretraining.next_token(model, hidden, labels)
    logits = model.lm_head(hidden)[:, :-1].flatten(0, 1)
    usual = functional.cross_entropy(logits, labels[:, 1:].flatten(), ignore_index=batches.IGNORE)
    assert torch.allclose(found, usual, equal_nan=True)


def test_the_label_of_the_first_position_is_nobodys() -> None:
    model, hidden = talker(), random(2, 3, 4)
    labels = torch.tensor([[5, 1, 2], [batches.IGNORE, 1, 2]])
    assert torch.equal(
        pretraining.next_token(model, hidden, labels),
        pretraining.next_token(model, hidden, labels.index_fill(1, torch.tensor([0]), 3)),
    )


def test_shifting_puts_the_first_label_behind_the_last_visual_token() -> None:
    assert tuning._shifted(torch.tensor([[4, 5]])).tolist() == [[batches.IGNORE, 4, 5]]


def test_without_problems_nothing_is_asked_of_the_model() -> None:
    none = Phase("p", 1, 1, 1.0, {})
    words: Any = None
    assert pretraining.worked(object(), words, none, 0, 0) == 0


@settings(max_examples=20)
@given(st.integers(1, 4), st.integers(2, 5), st.integers(0, 9))
def test_divergence_is_none_from_oneself_and_never_negative(tokens: int, words: int, seed: int) -> None:
    one, other = random(tokens, words, seed=seed), random(tokens, words, seed=seed + 10)
    assert anchoring._off(one, one) == pytest.approx(0, abs=1e-6)
    found = float(anchoring._off(one, other))
    a, b = one.log_softmax(-1), other.log_softmax(-1)
    assert found == pytest.approx(float((b.exp() * (b - a)).sum(-1).mean()), abs=1e-5)
    assert found >= -1e-6
    assert float(anchoring._off(one + 5, other - 3)) == pytest.approx(found, abs=1e-4)


@given(st.lists(st.lists(st.integers(0, 4), max_size=3), max_size=3))
@settings(max_examples=25)
def test_each_answer_is_named_twice_in_turn(lengths: list[list[int]]) -> None:
    found = anchoring._twice(lengths).tolist()
    flat = [length for row in lengths for length in row]
    assert len(found) == 2 * sum(flat) and sorted(set(found)) == list(range(sum(flat)))
    at = 0
    for start, length in zip(np.cumsum([0, *flat]), flat, strict=False):
        own = list(range(int(start), int(start) + length))
        assert found[at : at + 2 * length] == own * 2
        at += 2 * length


class Constant(nn.Module):
    """Says the same of every picture."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, pixel_values: Tensor) -> Any:
        return SimpleNamespace(logits=self.logits.expand(len(pixel_values), -1))


def test_a_classifier_that_knows_nothing_loses_the_logarithm_of_its_classes() -> None:
    count = len(objects.CLASSES)
    loss = classifiers._classes(Constant(torch.zeros(1, count)), Recipe("x", "vit", ()))(PHASE)
    assert float(loss(0)) == pytest.approx(math.log(count), rel=1e-5)


def test_a_classifier_loses_what_its_pictures_are_not() -> None:
    items = batches.pictures(PHASE, 0, 3)
    names = [item.questions[0].answer for item in items]
    first = torch.zeros(1, len(objects.CLASSES))
    first[0, classifiers.NUMBERS[names[0]]] = 5
    loss = classifiers._classes(Constant(first), Recipe("x", "vit", ()))(PHASE)
    logs = first.log_softmax(-1)[0]
    expected = -sum(float(logs[classifiers.NUMBERS[name]]) for name in names) / len(names)
    assert float(loss(3)) == pytest.approx(expected, rel=1e-5)


def test_classes_are_numbered_both_ways() -> None:
    assert {n: name for name, n in classifiers.NUMBERS.items()} == classifiers.NAMES["id2label"]
    assert len(classifiers.NUMBERS) == len(objects.CLASSES)


@pytest.mark.parametrize("name", ["vit-tiny", "resnet-tiny"])
def test_a_fresh_classifier_sees_the_pictures_that_it_is_trained_on(name: str) -> None:
    make = getattr(classifiers, name.removesuffix("-tiny"))
    model, losses = make(RECIPES[name])
    value = losses(Phase("p", 1, 2, 1.0, {"objects": 1.0}))(0)
    value.backward()
    assert 0 < float(value.detach()) < 20
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)


@given(st.floats(0, 1), st.integers(0, 300), st.integers(1, 200))
@settings(max_examples=60)
def test_a_rate_rises_once_holds_and_falls_to_nothing(cooldown: float, warmup: int, steps: int) -> None:
    phase = Phase("p", steps, 1, 2.0, {}, warmup=warmup, cooldown=cooldown)
    rates = [trainer.rate(phase, step) for step in range(steps)]
    assert all(0 < rate <= 2.0 for rate in rates)
    peak = rates.index(max(rates))
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert trainer.rate(phase, steps) == 0


def test_decay_is_for_matrices_and_the_tower_has_a_rate_of_its_own() -> None:
    named = [
        (name, nn.Parameter(torch.zeros(shape)))
        for name, shape in (("a.w", (2, 2)), ("a.b", (2,)), ("vision_tower.w", (2, 2, 2, 2)), ("v.b", ()))
    ]
    groups = trainer._groups(named, Phase("p", 1, 1, 1.0, {}, tower=0.1))
    found = {(g["share"], g["weight_decay"]): [p.ndim for p in g["params"]] for g in groups}
    assert found == {(1.0, trainer.DECAY): [2], (1.0, 0.0): [1, 0], (0.1, trainer.DECAY): [4]}


@pytest.mark.parametrize("size", [(IMAGE_SIZE, IMAGE_SIZE), (IMAGE_SIZE, 3), (1, 1), (300, 200)])
def test_pictures_of_any_size_become_squares_of_normal_colours(size: tuple[int, int]) -> None:
    found = batches.stacked([Image.new("RGB", size, "white"), Image.new("RGB", size, "black")])
    assert found.shape == (2, 3, IMAGE_SIZE, IMAGE_SIZE) and found.is_contiguous()
    white = (1 - batches.CLIP_MEAN) / batches.CLIP_STD
    assert np.allclose(found[0, :, 5, 7], white, atol=1e-5)
    assert np.allclose(found[1, :, 0, 0], -batches.CLIP_MEAN / batches.CLIP_STD, atol=1e-5)


def test_one_order_for_each_picture_and_no_token_lost() -> None:
    visual = random(5, 12, 3)
    found = tuning._shuffled(visual, np.random.default_rng(0))
    orders = [
        [int((tokens == token).all(-1).nonzero()) for token in row]
        for row, tokens in zip(found, visual, strict=True)
    ]
    assert all(sorted(order) == list(range(12)) for order in orders)
    assert len({tuple(order) for order in orders}) == 5


def test_a_share_of_none_drops_nothing_and_of_all_at_most_all() -> None:
    picture = Image.new("RGB", (IMAGE_SIZE, IMAGE_SIZE), "white")
    rng = np.random.default_rng(0)
    assert tuning._dropped(picture, 0.0, rng) is picture
    shares = [float((np.asarray(tuning._dropped(picture, 0.5, rng)) == 0).mean()) for _ in range(20)]
    assert 0 <= min(shares) < 0.1 and 0.3 < max(shares) <= 0.5


@pytest.mark.parametrize("mix", [{"objects": 1.0}, {"objects": 3.0, "scenes": 1.0}])
def test_a_step_has_as_many_pictures_as_its_phase_says(mix: dict[str, float]) -> None:
    phase = Phase("p", 10, 3, 1.0, mix)
    assert [len(batches.pictures(phase, 0, step)) for step in (0, 7)] == [3, 3]
    assert [i.caption for i in batches.pictures(phase, 0, 1)] != [
        i.caption for i in batches.pictures(phase, 0, 2)
    ]


@pytest.mark.parametrize("oblong", [0.0, 1.0])
def test_a_step_has_one_shape_of_picture(oblong: float) -> None:
    phase = Phase("p", 10, 4, 1.0, {"scenes": 1.0, "charts": 1.0, "objects": 1.0}, oblong=oblong)
    for step in range(3):
        (size,) = {item.load().size for item in batches.pictures(phase, 0, step)}
        assert (size[0] == size[1]) is (not oblong)


@pytest.mark.parametrize("kind", ["llava", "llava_next", "llava_onevision"])
def test_a_family_is_trained_on_the_pixels_that_its_processor_makes(kind: str) -> None:
    pictures = [corpus.picture("objects", 0, n).load() for n in range(2)]
    fields = processing.images(Recipe("x", kind, ()))(pictures)
    squares = batches.stacked(pictures)
    if kind == "llava":
        assert fields.keys() == {"pixel_values"} and torch.equal(fields["pixel_values"], squares)
        return
    assert fields["image_sizes"].tolist() == [[IMAGE_SIZE, IMAGE_SIZE]] * 2
    assert torch.allclose(fields["pixel_values"][:, 0], squares, atol=1e-5), "the whole comes first"
