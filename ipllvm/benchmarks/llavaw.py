"""`llavaw`: LLaVA-Bench in the Wild, 60 open questions on 24 pictures, a judge's points over a reference's.

Source: H. Liu et al., Visual Instruction Tuning (2023), data set liuhaotian/llava-bench-in-the-wild.
"""

from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import Row, cell, filled, one_of, optional, text, texts
from ipllvm.benchmarks.definition import Definition, Protocol
from ipllvm.benchmarks.names import PAPER, STANDARD
from ipllvm.benchmarks.originals import lines
from ipllvm.benchmarks.sources import Hub
from ipllvm.benchmarks.wordings import question
from ipllvm.records import Sample

CATEGORIES = ("conv", "detail", "complex")


def sample(row: Row) -> Sample:
    """A row of the hub's columns; the answer is GPT-4's, which saw the caption only."""
    caption = cell(row, "caption")
    written = caption if isinstance(caption, str) else "\n".join(texts(row, "caption"))
    category = one_of(text(row, "category").removeprefix("llava_bench_"), "category", CATEGORIES)
    labels = (("category", category), ("caption", written))
    return Sample("", optional(row, "image_id"), (), "", filled(row, "gpt_answer"), labels=labels)


def original(folder: Path) -> list[dict[str, Any]] | None:
    """The released questions, captions and reference answers, and images/."""
    names = ("questions.jsonl", "context.jsonl", "answers_gpt4.jsonl")
    if not all((folder / name).is_file() for name in names):
        return None
    asked, contexts, answers = (lines(folder / name) for name in names)
    captions = {row["image"]: row["caption"] for row in contexts}
    references = {row["question_id"]: row["text"] for row in answers}
    return [
        {
            "question_id": row["question_id"],
            "question": row["text"],
            "category": row["category"],
            "image_id": row["image"],
            "image": f"images/{row['image']}",
            "caption": captions.get(row["image"]),
            "gpt_answer": references.get(row["question_id"]),
        }
        for row in asked
    ]


LLAVAW = Definition(
    name="llavaw",
    title="LLaVA-Bench in the Wild: open questions, a judge's points over a reference's",
    size=60,
    licence="Apache-2.0 (tag of the original repository)",
    sample=sample,
    protocols={
        STANDARD: Protocol(question, 1024, "official", "LLaVA's scripts"),
        PAPER: Protocol(question, 1024, "official", "TroL / Meteor evaluator"),
    },
    rules={"official": "llavaw_judge", "read": "llavaw_judge"},
    total="ratio_of_means",
    totals={"read": "ratio_of_read"},
    judged="llavaw_judge",
    axes=("category",),
    counts={"category": {"conv": 17, "detail": 15, "complex": 28}},
    key=("question_id",),
    hub=Hub(
        ("lmms-lab/llava-bench-in-the-wild", "lmms-lab-encoder/llava-bench-in-the-wild"),
        ("*train-*.parquet",),
    ),
    original=original,
    of_table=lambda row: {**row, "question_id": row["index"], "gpt_answer": row["gpt4_ans"]},
)
