"""Measure a trained checkpoint on held-out data and write its model card.

The figures come from the saved 16-bit weights, loaded as users load them (float32 on a CPU).
"""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from ipllvm.benchmarks.subset import subset
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes, run
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.loading import load
from ipllvm.perturbations.substitution import Blank, Clean
from ipllvm.records import Benchmark, Perturbation, Response, Trial
from ipllvm.registry import BENCHMARKS
from ipllvm.scorers.base import Grading
from ipllvm.zoo import parts, wording_figures
from ipllvm.zoo.recipes import RECIPES, SISTERS, Recipe

QUESTIONS = 1000
BATCH = 50
MADE_BENCHMARKS = ("easyvqa", "scenes", "charts", "easyvqa-mc", "scenes-mc", "charts-mc", "word_problems")
OBLONG_BENCHMARKS = ("easyvqa-wide", "easyvqa-tall", "scenes-wide", "scenes-tall")


@dataclass(frozen=True, slots=True)
class CardFigure:
    """Percent right on one kind of question: with the image, without it, the best constant answer.

    `blank` is "-" where there is no image to begin with.
    """

    benchmark: str
    kind: str
    n: int
    clean: float
    blank: float | str
    constant: float


def measure(model: VisionLanguageModel, name: str, questions: int = QUESTIONS) -> list[CardFigure]:
    """Figures of every kind of question of a benchmark, and of all together (kind "all")."""
    data = subset(BENCHMARKS.load(name)(seed=0), questions, 0)
    asked = (Clean(), Blank()) if data.samples[0].images else (Clean(),)
    plan = Plan(data.samples, asked, 1, 0, data.max_new_tokens)
    outcomes: Outcomes = {}
    run(model, plan, BATCH, outcomes, lambda done: None)
    clean = _right(data, outcomes, Clean())
    blank = _right(data, outcomes, Blank()) if len(asked) > 1 else None
    answers = {sample.id: sample.answer for sample in data.samples}
    groups: dict[str, list[str]] = defaultdict(list)
    for sample in data.samples:
        groups[sample.kind].append(sample.id)
    figures = [_figure(name, kind, ids, clean, blank, answers) for kind, ids in sorted(groups.items())]
    total = _figure(name, "all", list(answers), clean, blank, answers)
    best = sum(f.constant * f.n for f in figures) / len(answers)
    return [*figures, CardFigure(name, "all", total.n, total.clean, total.blank, round(best, 1))]


def _right(data: Benchmark, outcomes: Outcomes, perturbation: Perturbation) -> dict[str, float]:
    score = Grading().of(data)
    return {s.id: score(_text(outcomes[Trial(s.id, str(perturbation), 0)]), s).value for s in data.samples}


def _text(response: Response) -> str:
    if response.error is not None:
        raise RuntimeError(response.error)
    return response.text


def _figure(
    name: str,
    kind: str,
    ids: list[str],
    clean: dict[str, float],
    blank: dict[str, float] | None,
    answers: dict[str, str],
) -> CardFigure:
    def percent(scores: dict[str, float]) -> float:
        return round(100 * sum(scores[i] for i in ids) / len(ids), 1)

    without = "-" if blank is None else percent(blank)
    most = Counter(answers[i] for i in ids).most_common(1)[0][1]
    return CardFigure(name, kind, len(ids), percent(clean), without, round(100 * most / len(ids), 1))


def write(name: str, checkpoints: Path, runs: Path) -> Path:
    """Measure `checkpoints/name` and write its card: README.md, and figures.json for machines."""
    recipe, folder = (RECIPES | SISTERS)[name], checkpoints / name
    columns, figures, size = _measured(recipe, folder)
    worded = wording_figures.measure(folder) if recipe.kind.startswith("llava") else []
    curve = _curve(runs / name / "curve.jsonl", _earlier_curve(folder / "figures.json"))
    rows = {
        "figures": [dict(zip(columns, f, strict=True)) for f in figures],
        "wordings": worded,
        "curve": curve,
    }
    (folder / "figures.json").write_text(json.dumps(rows, indent=1) + "\n")
    card = folder / "README.md"
    card.write_text(_card(recipe, columns, figures, curve, size, wording_figures.section(worded)))
    return card


PARTS = {
    "clip": parts.clip,
    "language": parts.language,
    "vit": parts.classifier,
    "resnet": parts.classifier,
}
Row = tuple[str | int | float, ...]
Curve = list[dict[str, float | str]]


def _measured(recipe: Recipe, folder: Path) -> tuple[tuple[str, ...], list[Row], int]:
    """Column names, figures and number of parameters."""
    if recipe.kind.startswith("llava"):
        model = load(str(folder), device="cpu")
        names = MADE_BENCHMARKS + OBLONG_BENCHMARKS * (recipe.kind != "llava")
        figures = [figure for benchmark in names for figure in measure(model, benchmark)]
        return tuple(CardFigure.__slots__), [astuple(figure) for figure in figures], model.info().parameters
    found, size = PARTS[recipe.kind](folder)
    return tuple(parts.PartFigure.__slots__), [astuple(figure) for figure in found], size


def _curve(path: Path, earlier: Curve, points: int = 12) -> Curve:
    """About `points` rows of a phase's learning curve, evenly spaced, the last one among them.

    Behind that of the phases that were trained earlier.
    """
    if not path.exists():
        return earlier
    phases: dict[str, list[dict[str, float | str]]] = defaultdict(list)
    logged = [json.loads(line) for line in path.read_text().splitlines()]
    for row in {(row["phase"], row["step"]): row for row in logged}.values():  # a resumed run logs twice
        phases[row["phase"]].append(row)
    before = [row for row in earlier if row["phase"] not in phases]
    return before + [row for rows in phases.values() for row in rows[:: -max(1, len(rows) // points)][::-1]]


def _earlier_curve(path: Path) -> Curve:
    """The learning curve of the card that is there, for a checkpoint that was trained elsewhere."""
    found: Curve = json.loads(path.read_text())["curve"] if path.exists() else []
    return found


def _card(
    recipe: Recipe, columns: Sequence[str], figures: list[Row], curve: Curve, size: int, worded: str
) -> str:
    mixes = {p.name: ", ".join(f"{k} {v}" for k, v in p.mix.items()) or "text" for p in recipe.phases}
    times = _times(curve)
    phases = [
        (p.name, f"{p.steps:,}", p.batch, p.rate, mixes[p.name], times.get(p.name, "-"))
        for p in recipe.phases
    ]
    return CARD.format(
        name=recipe.name,
        size=size / 1e6,
        seed=recipe.seed,
        parts=", ".join(f"{role} {name}" for role, name in recipe.parts.items()) or "none",
        meaning=MEANING[recipe.kind],
        figures=_table(columns, figures) + worded,
        phases=_table(("phase", "steps", "batch", "peak rate", "mix", "took"), phases)
        + (recipe.note and f"\n\n{recipe.note}"),
        curve=_table(("phase", "step", "loss"), [(r["phase"], r["step"], r["loss"]) for r in curve]),
    )


def _times(curve: Curve) -> dict[str, str]:
    """How long each phase took, at its mean speed, and on what, where that was kept."""
    last = {str(row["phase"]): row for row in curve}
    return {name: f"{_minutes(row):.0f} min{_on(row)}" for name, row in last.items()}


def _minutes(row: dict[str, float | str]) -> float:
    return float(row["step"]) / float(row["steps_per_s"]) / 60


def _on(row: dict[str, float | str]) -> str:
    return f" on {row['on']}" if "on" in row else ""


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


ANSWERS = """Percent right on 1,000 held-out questions per benchmark (seed 0). *blank*: the same questions
with a grey image. *constant*: the best single answer of each kind of question. A name ending in -mc
is the multiple-choice version. easy-VQA's existence questions can be guessed from their text: a
named colour is absent seven times in eight. word_problems has no image: its *constant* is chance."""
CLASSES = "Percent right on held-out pictures; *chance* is 1 / number of candidates."
MEANING = {
    "llava": ANSWERS,
    "llava_next": ANSWERS,
    "llava_onevision": ANSWERS,
    "vit": CLASSES,
    "resnet": CLASSES,
    "clip": f"""{CLASSES}
*Salient* patches are the four with the most attention from the last block's class token, on `objects`;
chance is the share of all patches that touch the object.""",
    "language": "On held-out documents; *chance* is the score of always giving the most frequent answer.",
}
CARD = """---
license: mit
library_name: transformers
---
# {name}

A small model of {size:.2f} M parameters, trained by this project from seed {seed} so that every
property can be measured offline. Parts it was assembled from: {parts}.

    python -m ipllvm.zoo train {name}    # repeats the training; can be resumed
    python -m ipllvm.zoo card {name}     # measures it and writes this card

## Held-out figures

From the saved 16-bit weights, float32 on a CPU. {meaning}

{figures}

## Training

{phases}

Learning curve (mean training loss of the last 50 steps):

{curve}
"""
