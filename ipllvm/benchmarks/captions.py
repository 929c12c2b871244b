"""`captions-mc`: pictures of `scenes` with their captions, 1,024 distinct ones; the alignment set.

Each question asks which of four captions fits, so that the set is a benchmark like any other; the
caption of a picture is the option that fits.
"""

from functools import partial

from ipllvm.benchmarks import rendering, scenes
from ipllvm.benchmarks.prompts import LETTERS
from ipllvm.benchmarks.questions import Question
from ipllvm.benchmarks.scenes import Scene
from ipllvm.records import Benchmark, Sample
from ipllvm.sampling import generator

COUNT = 1024
QUESTION = "Which caption fits the image?"
VERSION = 1


def load(seed: int = 0) -> Benchmark:
    """1,024 pictures of a split of their own, no two with the same caption."""
    drawn = _distinct(seed)
    captions = tuple(drawn)
    ask = partial(_sample, captions)
    rows = tuple(ask(index, scene) for index, scene in enumerate(drawn.values()))
    pixels = [scene.load().tobytes() for scene in list(drawn.values())[: rendering.DRAWN]]
    source = f"made by ipllvm (generator version {VERSION}, seed {seed}, split captions)"
    header = repr((seed, COUNT, VERSION)).encode()
    return rendering.benchmark("captions", rows, True, source, header, *pixels)


def caption(sample: Sample) -> str:
    """The caption of a sample's picture: the option that fits, or the answer where there are no options."""
    if not sample.choices:
        return sample.answer
    return sample.choices[LETTERS.index(sample.answer)]


def _distinct(seed: int) -> dict[str, Scene]:
    """The first scenes whose captions are new, by caption."""
    found: dict[str, Scene] = {}
    index = 0
    while len(found) < COUNT:
        scene, _ = scenes.draw(seed, "captions", index)
        found.setdefault(scene.caption(), scene)
        index += 1
    return found


def _sample(captions: tuple[str, ...], index: int, scene: Scene) -> Sample:
    own, name = scene.caption(), f"captions-{index:05d}"
    others = generator("captions", name).choice(len(captions), 4, replace=False)
    wrong = [captions[int(i)] for i in others if captions[int(i)] != own][:3]
    question = Question("caption", QUESTION, own, (own, *wrong))
    return rendering.sample(f"{name}-0", name, scene, question, lettered=True)
