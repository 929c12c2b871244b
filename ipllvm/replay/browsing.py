"""Every sample of a result, as a page shows it: both pictures, what was said, and what is right."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ipllvm.benchmarks import choice
from ipllvm.engine.visualization import SIDE, data_uri, small_uri
from ipllvm.errors import IpllvmError, first_line
from ipllvm.gate.baseline import BaselineEntry
from ipllvm.records import Sample, Transcript
from ipllvm.replay.reload import Allowed, reload
from ipllvm.replay.trial import Single
from ipllvm.reporting.example_cards import Example, common_suffix, example
from ipllvm.reporting.replays import Found, command, first_perturbation
from ipllvm.reporting.schema import Report, Row

MOST: Final = 400
"""Samples of a page; those whose score changed come first."""


@dataclass(frozen=True, slots=True)
class Browsed:
    """A sample of a result: its card, and whether the perturbation changed its score."""

    card: Example
    changed: bool


@dataclass(frozen=True, slots=True)
class Browsing:
    """The samples of a result, how many there are in all, and why a picture is lacking, if one is."""

    samples: tuple[Browsed, ...]
    total: int
    why: str = ""


def browse(report: Report, row: Row, entry: BaselineEntry, folder: Path, device: str = "cpu") -> Browsing:
    """All samples of `row`, which kept `entry`, in the run that lies in `folder`.

    Perturbed pictures take the model of the report, as a replay does; without it clean ones are shown.
    """
    changed = {name for name, value in zip(entry.samples, entry.values, strict=True) if value}
    changed = {name for name in changed if _answered_otherwise(entry, name)}
    order = sorted(entry.samples, key=lambda sample: sample not in changed)
    names = {each["id"]: each["name"] for each in report["benchmarks"]}
    data = {sample.id: sample for sample in choice.load(names[row["benchmark"]]).samples}
    single, why = _single(report, row, order, folder, device)
    cards = _cards(row, entry, [data[name] for name in order[:MOST] if name in data], folder, single)
    found = tuple(Browsed(card, name in changed) for name, card in cards)
    return Browsing(found, len(order), why)


def _answered_otherwise(entry: BaselineEntry, sample: str) -> bool:
    """Whether any perturbed answer is another than the clean one; so it is taken where none was kept.

    The values of a claim on a ratio, or on the answers themselves, are not 0 where nothing changed.
    """
    words = entry.said.get(sample)
    return words is None or any(answer != words.clean for answer in words.perturbed)


def _single(
    report: Report, row: Row, order: list[str], folder: Path, device: str
) -> tuple[Single | None, str]:
    """A trial of the result, which others are made of; None and why where it can't be loaded."""
    if not order:
        return None, ""
    found = Found(row, order[0], first_perturbation(row["settings"]), 0, None)
    try:
        return reload(report, found, folder, device, Allowed()), ""
    except IpllvmError as error:
        return None, str(error)


def _cards(
    row: Row, entry: BaselineEntry, samples: list[Sample], folder: Path, single: Single | None
) -> Iterator[tuple[str, Example]]:
    perturbation = first_perturbation(row["settings"])
    suffix = common_suffix(sample.prompt for sample in samples)
    for sample in samples:
        words = entry.said.get(sample.id) or Transcript(sample.prompt, "")
        pictures, how = _pictures(sample, single)
        trial = {"sample": sample.id, "perturbation": perturbation, "draw": 0}
        flip = {
            **trial,
            "prompt": words.question or sample.prompt,
            "gold": sample.answer,
            "clean": words.clean,
            "perturbed": next(iter(words.perturbed), ""),
            "pictures": pictures,
            "words": how,
            "replay": command(folder, row, trial),
        }
        card = example(flip, suffix)
        yield sample.id, card if words.perturbed else replace(card, shots=card.shots[:1])


def _pictures(sample: Sample, single: Single | None) -> tuple[list[str], str]:
    """The clean picture and, with a model, the perturbed one; what was done to it, or why one is lacking."""
    if not sample.images:
        return [], ""
    why = ""
    if single is not None:
        try:
            drawn = replace(single, sample=sample).pictures(SIDE)
            if drawn is not None:
                return [data_uri(drawn.clean), data_uri(drawn.perturbed)], drawn.words
        except Exception as error:  # whatever a processor has: the other samples are shown
            why = f"not drawn: {first_line(error)}"
    try:
        return [small_uri(sample.images[0].load())], why
    except (OSError, ValueError) as error:  # the file was moved, or is no picture any more
        return [], f"no picture: {first_line(error)}"
