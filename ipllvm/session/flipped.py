"""Examples of what a comparison found: samples that flipped, with picture, right answer, before and after."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ipllvm.gate.answers import FlippedSample
from ipllvm.records import Benchmark, FlipExample, Result, Sample, Transcript
from ipllvm.reporting.replays import first_perturbation

MOST: Final = 12
"""Examples of one comparison; the ids and answers of the others are in its row."""


def examples(
    flipped: Sequence[FlippedSample], like: Result, load: Callable[[], Benchmark]
) -> Iterator[FlipExample]:
    """The first samples that flipped between two runs, those that got worse first.

    The clean picture is of the sample, the perturbed one where `like`, the result of this run, has it among
    its own examples. The benchmark is loaded where one of them has answers to show.
    """
    answered = [
        (each.sample, before, after)
        for each in flipped[:MOST]
        if (before := each.before) and (after := each.after)
    ]
    samples = {sample.id: sample for sample in load().samples} if answered else {}
    own = {flip.sample: flip for flip in like.flips if flip.draw == 0}
    for name, before, after in answered:
        if name in samples:
            yield _example(samples[name], before, after, like, own.get(name))


def _example(
    sample: Sample, before: Transcript, after: Transcript, like: Result, own: FlipExample | None
) -> FlipExample:
    from ipllvm.engine.visualization import small_uri

    pictures = [small_uri(image.load()) for image in sample.images[:1]]
    if own is not None:
        pictures += own.pictures[1:]
    return FlipExample(
        sample=sample.id,
        prompt=after.question or sample.prompt,
        gold=sample.answer,
        clean=after.clean,
        perturbed=next(iter(after.perturbed), ""),
        perturbation=first_perturbation(like.settings),
        draw=0,
        pictures=tuple(pictures),
        words="" if own is None else own.words,
        before=(before.clean, *before.perturbed[:1]),
    )
