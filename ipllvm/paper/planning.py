"""What stands before a run: what is here, what is missing and how to get it, trials, hours, judge calls.

Times are rough: two operations a parameter and token at `EFFICIENCY` of the device's rate, and a pass over
the weights for each token of an answer, shared by a batch. What the engine reuses makes them less.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from ipllvm.benchmarks.definition import Definition
from ipllvm.claims import tables
from ipllvm.errors import BenchmarkUnavailable, IpllvmError, ModelUnavailable, UnknownName
from ipllvm.models import checkpoint, sources
from ipllvm.models.forecast import EFFICIENCY, visual_tokens
from ipllvm.paper.parts import ENCODER_SIDE, PaperPart
from ipllvm.registry import BENCHMARKS
from ipllvm.session.profiles import TABLE_3, size

BATCH: Final = 32
GET: Final = "ipllvm data get "
"""The command that fetches published benchmarks, before their names."""
JUDGED: Final = ("mmvet", "llavaw")
SHARED: Final = 2
"""Trials that parts share: the question as it is, and on a blank picture."""
ALONE: Final = ("text_only_math", "classification_retention", "alignment")
"""Properties on sets of their own, without a blank picture."""
GRIDS: Final = (2, 4, 8, 14)
"""The paper's grids of shuffled cells; the model's own comes beside them."""
SUBSAMPLE: Final = 1000
"""Rows that the paper's protocol takes of a classification set."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a model decides what its trials cost."""

    parameters: float
    visual: int
    layers: int
    side: int
    grid: int


@dataclass(frozen=True, slots=True)
class Device:
    """Operations and bytes of memory a second."""

    name: str
    rate: float
    bandwidth: float


@dataclass(frozen=True, slots=True)
class Planned:
    """A part on a benchmark by a model; `missing` says how to get what is not here, empty where all is.

    `stands_in` says that the benchmark is none of the paper's: it is run only where none of those is here.
    """

    part: PaperPart
    model: str
    benchmark: str
    samples: int
    trials: int
    judge_calls: int
    seconds: float
    missing: tuple[str, ...]
    stands_in: bool


def trials(part: PaperPart, draws: int, facts: Facts) -> tuple[int, float]:
    """Trials a sample, the clean and the blank one among them, and which share of a pass the others are."""
    groups = facts.side**2
    kinds: Mapping[str, tuple[int, float]] = {
        "image_use": (2, 1.0),
        "permutation_invariance": (2 + draws, 1.0),
        "patch_information": (2 + groups, (1 + facts.visual / groups / 64) / (1 + facts.visual / 64)),
        "patch_shuffle": (2 + len({*GRIDS, facts.grid}) * draws, 1.0),
        "synthetic_images": (3, 1.0),
        "text_only_math": (1, 1.0),
        "occlusion": (2 + 9 * draws + 18, 1.0),
        "classification_retention": (1, 1.0),
        "alignment": (1, 1.0),
        "layer_importance": (2 + facts.layers * draws, 0.5),
        "modality_importance": (2 + 2 * facts.layers * draws, 0.5),
        "visual_token_importance": (2 + groups * draws, 1.0),
    }
    return kinds[part.property_name]


def plan(
    parts: Iterable[PaperPart],
    models: Iterable[str],
    device: Device,
    samples: int | None,
    draws: int | None,
    judge: bool,
) -> Iterator[Planned]:
    """What each part takes of each model; `samples` and `draws` are those asked for, None for the paper's."""
    models, counted, facts = list(models), set[tuple[str, str]](), cache(of_model)
    for part in (each for each in parts if each.form != "examples"):
        for model in models:
            if sources.names_classes(model) == (part.key == ENCODER_SIDE):
                others = () if any(map(is_here, part.benchmarks)) else part.stand_ins
                for benchmark in (*part.benchmarks, *others):
                    place = model, benchmark
                    asked = place in counted
                    yield _planned(part, *place, facts(model), device, samples, draws, judge, again=asked)
                    if part.property_name not in ALONE:
                        counted.add(place)


def _planned(
    part: PaperPart,
    model: str,
    benchmark: str,
    facts: Facts,
    device: Device,
    samples: int | None,
    draws: int | None,
    judge: bool,
    *,
    again: bool,
) -> Planned:
    """`again` says that an earlier part asks the clean and the blank question too, which is asked once."""
    rows = _rows(benchmark) if samples is None else min(samples, _rows(benchmark))
    missing = list(_missing(part, model, benchmark, judge))
    k = draws or size("paper", part.property_name).draws
    each, share = trials(part, k, facts)
    reused = min(each, SHARED) if again else 0
    stored = _stored()["benchmarks"]
    text = stored.get(benchmark, stored["usual"])
    tokens = facts.visual * (part.property_name != "text_only_math") + text["asked"]
    count = _passes(each, share) - _passes(reused, share)
    passes = 2 * facts.parameters * tokens * count / (EFFICIENCY * device.rate)
    each -= reused
    steps = each * text["answered"] * 2 * facts.parameters / device.bandwidth / BATCH
    calls = rows * each if benchmark in JUDGED else 0
    return Planned(
        part,
        model,
        benchmark,
        rows,
        rows * each,
        calls,
        rows * (passes + steps),
        tuple(missing),
        benchmark not in part.benchmarks,
    )


def _passes(count: int, share: float) -> float:
    """What the first `count` trials of a sample take, the clean one a whole pass."""
    return 1 + share * (count - 1) if count else 0.0


def of_model(name: str) -> Facts:
    """Of the weights that are here, else the published sizes; raises ModelUnavailable where neither is."""
    from ipllvm.models.loading import sketch

    try:
        folder = sources.resolve(name, offline=True)
    except ModelUnavailable:
        entries = _stored()["models"]
        if name not in entries:
            get = f"hf download {sources.hub_id(name) or name}"
            raise ModelUnavailable(
                f"{name}: its size, which a plan needs, is known once it is here: with network {get}"
            ) from None
        return Facts(**entries[name])
    model = sketch(name, offline=True)
    parameters = float(model.info().parameters)
    if sources.names_classes(name):
        return Facts(parameters, 0, 1, 1, GRIDS[0])
    found = checkpoint.inspect(folder)
    grid = model.patch_grid() or GRIDS[0]
    side = 6 if grid >= 12 else 4  # as evaluation.groups has it
    return Facts(parameters, visual_tokens(found), model.layers(), side, grid)


def devices(name: str) -> Device:
    """A device by name, "here" for this machine's; raises UnknownName."""
    entries = _stored()["devices"]
    if name in entries:
        return Device(**entries[name])
    if name != "here":
        raise UnknownName("device to plan for", name, ("here", *entries))
    from ipllvm.models.forecast import here

    kind, rate = here()
    return Device(kind, rate, 2e10 if kind == "cpu" else 2e12)


@cache
def _rows(benchmark: str) -> int:
    entries = BENCHMARKS.load(benchmark)
    if not isinstance(entries, Definition):
        return len(entries(seed=0).samples)
    return min(entries.size, SUBSAMPLE) if benchmark in (*TABLE_3, "imagenet") else entries.size


def _missing(part: PaperPart, model: str, benchmark: str, judge: bool) -> Iterator[str]:
    """How to get what is not on this machine."""
    if part.language_models and model in part.models:
        yield from (f"hf download {name}" for name in tables.language_models().values() if not _is_read(name))
    try:
        sources.resolve(model, offline=True)
    except IpllvmError:
        yield f"hf download {sources.hub_id(model) or model}"
    if not is_here(benchmark):
        yield f"{GET}{benchmark}"
    if benchmark in JUDGED and not judge:
        yield "--judge=NAME (its replies can be recorded and replayed)"


@cache
def _is_read(name: str) -> bool:
    """Whether a language model is on this machine."""
    try:
        sources.check_part("language model", name, offline=True)
    except IpllvmError:
        return False
    return True


@cache
def is_here(benchmark: str) -> bool:
    """Whether a benchmark is on this machine; what is made here always is."""
    entries = BENCHMARKS.load(benchmark)
    if not isinstance(entries, Definition):
        return True
    try:
        entries.copy(offline=True)
    except BenchmarkUnavailable:
        return False
    return True


def judge_tokens(planned: Planned) -> int:
    """Tokens that a judge reads and writes for the calls of a part."""
    stored = _stored()["judges"].get(planned.benchmark)
    return 0 if stored is None else planned.judge_calls * (stored["asked"] + stored["answered"])


@cache
def _stored() -> dict[str, Any]:
    return tomllib.loads(files("ipllvm.paper").joinpath("costs.toml").read_text(encoding="utf-8"))
