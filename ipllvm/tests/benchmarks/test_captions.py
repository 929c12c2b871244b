"""Captions: one a picture, all distinct, and recoverable from the question; objects in free answers."""

from ipllvm.benchmarks import captions, objects
from ipllvm.benchmarks.captions import COUNT, caption
from ipllvm.benchmarks.scenes import Scene


def test_every_picture_has_a_caption_of_its_own() -> None:
    data = captions.load()
    found = [caption(sample) for sample in data.samples]
    assert len(set(found)) == len(found) == COUNT >= 1000
    for sample, text in zip(data.samples, found, strict=True):
        assert isinstance(sample.images[0], Scene) and sample.images[0].caption() == text
        assert len(sample.choices) == 4


def test_another_seed_draws_other_pictures() -> None:
    first, second = ({caption(sample) for sample in captions.load(seed).samples} for seed in (0, 1))
    assert len(first & second) < COUNT / 10


def test_objects_are_named_in_a_free_answer() -> None:
    data = objects.load()
    assert (data.scorer, data.max_new_tokens, len(data.samples)) == ("label", objects.MAX_NEW_TOKENS, 750)
    assert {sample.choices for sample in data.samples} == {objects.CLASSES}
    assert len({sample.answer for sample in data.samples}) == len(objects.CLASSES)
    assert len({sample.cluster for sample in data.samples}) == 750
