"""The figures of a card by wording: the same held-out questions asked as a property asks them."""

from pathlib import Path

from ipllvm.benchmarks.rewording import WORDINGS, asked_as
from ipllvm.benchmarks.subset import subset
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes, run
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.loading import load
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Benchmark, Trial
from ipllvm.registry import BENCHMARKS
from ipllvm.scorers.base import Grading

QUESTIONS = 500
BATCH = 50
ASKED = ("easyvqa", "scenes", "charts", "easyvqa-mc", "scenes-mc", "charts-mc")
SECTION = """

## Wordings

Percent right on {questions} of the same questions: *asked* as in the benchmark, *bare* without its
instruction on the answer's form, with the instruction before the question, in other words (never trained
on), and with options in brackets.

{table}"""
Row = dict[str, str | float]


def measure(folder: Path, questions: int = QUESTIONS) -> list[Row]:
    """Percent right of every wording, a row a benchmark; a wording that changes no question is left out."""
    model = load(str(folder), device="cpu")
    rows = []
    for name in ASKED:
        data = subset(BENCHMARKS.load(name)(seed=0), questions, 0)
        worded = {"asked": data} | {w: found for w in WORDINGS if (found := asked_as(data, w))}
        rows.append({"benchmark": name} | {w: _right(model, asked) for w, asked in worded.items()})
    return rows


def _right(model: VisionLanguageModel, data: Benchmark) -> float:
    """Percent right, in 0..100."""
    outcomes: Outcomes = {}
    run(model, Plan(data.samples, (Clean(),), 1, 0, data.max_new_tokens), BATCH, outcomes, lambda done: None)
    score = Grading().of(data)
    texts = [outcomes[Trial(s.id, str(Clean()), 0)].text for s in data.samples]
    return round(
        100 * sum(score(t, s).value for t, s in zip(texts, data.samples, strict=True)) / len(texts), 1
    )


def section(rows: list[Row]) -> str:
    r"""The card's section as Markdown; empty without rows.

    >>> print(section([{"benchmark": "scenes", "asked": 95.0, "bare": 94.0}]).splitlines()[-1])
    | scenes | 95.0 | 94.0 | - | - | - |
    """
    if not rows:
        return ""
    heads = ("benchmark", "asked", *WORDINGS)
    lines = [heads, ["---"] * len(heads), *([str(row.get(head, "-")) for head in heads] for row in rows)]
    return SECTION.format(questions=QUESTIONS, table="\n".join(f"| {' | '.join(line)} |" for line in lines))
