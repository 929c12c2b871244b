"""`docci`: photographs with long descriptions, 5,000 of the test split; a set for alignment.

Each question asks which of four descriptions fits, so that the set is a benchmark like any other; the
description of a picture is the option that fits (as in `captions`). Source: Y. Onoe et al., DOCCI (ECCV
2024), CC BY 4.0 by Google; released as docci_descriptions.jsonlines and images/.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import Row, filled
from ipllvm.benchmarks.definition import OWN_RULE, Definition, Protocol
from ipllvm.benchmarks.names import PAPER, STANDARD
from ipllvm.benchmarks.originals import lines
from ipllvm.benchmarks.prompts import LETTERS, multiple_choice
from ipllvm.benchmarks.sources import Hub
from ipllvm.records import Benchmark, Sample
from ipllvm.sampling import generator

SPLIT = "test"
QUESTION = "Which description fits the image?"
FILE = "docci_descriptions.jsonlines"


def sample(row: Row) -> Sample:
    """A row of the release, with the description as the answer."""
    return Sample("", "", (), "", filled(row, "description"))


def original(folder: Path) -> list[dict[str, Any]] | None:
    """The released descriptions, of the test split."""
    table = folder / FILE
    if not table.is_file():
        return None
    kept = [row for row in lines(table) if row.get("split", SPLIT) == SPLIT]
    return [{**row, "image": f"images/{row['image_file']}"} for row in kept if row.get("image_file")]


def load(seed: int = 0, folder: Path | None = None, offline: bool = False) -> Benchmark:
    """The descriptions as options of four; raises BenchmarkUnavailable, in one line."""
    plain = PLAIN(folder=folder, offline=offline)
    descriptions = [each.answer for each in plain.samples]
    samples = tuple(_lettered(each, descriptions) for each in plain.samples)
    return replace(plain, samples=samples, scorer="multiple_choice")


def _lettered(sample: Sample, descriptions: Sequence[str]) -> Sample:
    rng = generator("docci", sample.id)
    others = [descriptions[int(n)] for n in rng.permutation(len(descriptions))[:8]]
    options = [sample.answer, *dict.fromkeys(other for other in others if other != sample.answer)][:4]
    shown = tuple(options[int(n)] for n in rng.permutation(len(options)))
    prompt = multiple_choice(QUESTION, shown)
    return replace(sample, prompt=prompt, choices=shown, answer=LETTERS[shown.index(sample.answer)])


def _asked(row: Row, sample: Sample) -> str:
    return QUESTION


PLAIN = Definition(
    name="docci",
    title="DOCCI, test: photographs with long descriptions, for alignment",
    size=5000,
    licence="CC BY 4.0",
    sample=sample,
    protocols={
        STANDARD: Protocol(_asked, 16, OWN_RULE, "this project's question: which of four descriptions"),
        PAPER: Protocol(_asked, 16, OWN_RULE, "descriptions alone, as alignment uses them"),
    },
    rules={OWN_RULE: "exact_match"},
    key=("example_id",),
    hub=Hub(("google/docci",), (FILE, "*test-*.parquet")),
    original=original,
)
DOCCI = replace(PLAIN, loader=load)
