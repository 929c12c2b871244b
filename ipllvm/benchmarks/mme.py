"""`mme`: MME, 2,374 yes-no questions in pairs on 1,187 pictures, 14 tasks, 2,800 points.

Source: C. Fu et al., MME (2023), data set lmms-lab/MME.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import Row, filled, one_of, optional, text
from ipllvm.benchmarks.definition import OWN_RULE, Definition, Protocol
from ipllvm.benchmarks.names import PAPER, STANDARD
from ipllvm.benchmarks.originals import PICTURES as PICTURE_SUFFIXES
from ipllvm.benchmarks.originals import picture_named
from ipllvm.benchmarks.prompts import SHORT
from ipllvm.benchmarks.questions import YES_NO
from ipllvm.benchmarks.sources import Hub
from ipllvm.records import Sample
from ipllvm.safety import reading

REQUEST = " Please answer yes or no."
PICTURES = {
    "existence": 30,
    "count": 30,
    "position": 30,
    "color": 30,
    "posters": 147,
    "celebrity": 170,
    "scene": 200,
    "landmark": 200,
    "artwork": 200,
    "OCR": 20,
    "commonsense_reasoning": 70,
    "numerical_calculation": 20,
    "text_translation": 20,
    "code_reasoning": 20,
}
"""Pictures a task, each with a question for yes and one for no."""
RELEASE = "MME_Benchmark_release_version"


def sample(row: Row) -> Sample:
    """A row of the hub's columns; both questions on a picture share their cluster."""
    answer = one_of(text(row, "answer").strip().lower().replace(".", ""), "answer", YES_NO)
    labels = (("category", filled(row, "category")),)
    return Sample("", optional(row, "question_id"), (), "", answer, YES_NO, labels=labels)


def original(folder: Path) -> list[dict[str, Any]] | None:
    """The released folders, one a task: questions and answers in text files, one a picture."""
    root = folder / RELEASE if (folder / RELEASE).is_dir() else folder
    tasks = [task for task in sorted(root.iterdir()) if task.is_dir() and any(task.rglob("*.txt"))]
    return [row for task in tasks for row in _task(folder, task)] or None


def _task(folder: Path, task: Path) -> Iterator[dict[str, Any]]:
    texts = task / "questions_answers_YN" if (task / "questions_answers_YN").is_dir() else task
    pictures = task / "images" if (task / "images").is_dir() else task
    for text_file in sorted(texts.glob("*.txt")):
        picture = picture_named(pictures, text_file.stem)
        name = picture.relative_to(folder).as_posix() if picture else f"{text_file.stem}.jpg"
        for line in reading.text_file(text_file).replace("\r\n", "\n").split("\n"):
            question, _, answer = line.partition("\t")
            if question.strip():
                row = {"question_id": f"{task.name}/{Path(name).name}", "image": name, "question": question}
                yield {**row, "answer": answer, "category": task.name}


def plain(name: str) -> str:
    """Task and picture alone: a release may have a folder between them, a file of answers another suffix.

    >>> plain("artwork/images/14777.jpg"), plain("artwork/14777.txt")
    ('artwork/14777', 'artwork/14777')
    """
    task, _, picture = name.rpartition("/")
    stem, _, suffix = picture.rpartition(".")
    known = f".{suffix.lower()}" in (*PICTURE_SUFFIXES, ".txt")
    return f"{task.removesuffix('/images')}/{stem if known else picture}" if task else name


def worded(row: Row, sample: Sample) -> str:
    """The question in LLaVA's form: its own request gives way to the one for a word or phrase."""
    return f"{filled(row, 'question').strip().replace(REQUEST, '')}\n{SHORT}"


MME = Definition(
    name="mme",
    title="MME: yes-no questions in pairs, 14 tasks, 2,800 points",
    size=2374,
    licence="academic research only; no redistribution without approval of Xiamen University",
    sample=sample,
    protocols={
        STANDARD: Protocol(worded, 16, "lmms", "lmms-eval mme"),
        PAPER: Protocol(worded, 5, "official", "TroL / Meteor evaluator, MME's own rule"),
    },
    rules={
        "official": "mme_official",
        "lmms": "mme_lmms",
        "vlmeval": "mme_vlmeval",
        OWN_RULE: "yes_no",
    },
    total="mme_points",
    axes=("category",),
    key=("question_id",),
    counts={"category": {name: 2 * pictures for name, pictures in PICTURES.items()}},
    terms="for academic research only; pictures of landmarks and artworks have licences of their own",
    hub=Hub(("lmms-lab/MME", "lmms-lab-encoder/MME"), ("*test-*.parquet",)),
    plain=plain,
    original=original,
    of_table=lambda row: {"question_id": row.get("image_path", ""), **row},
)
