"""`mathvista`: MathVista testmini, 1,000 questions of mathematics on pictures, options or a number.

Source: P. Lu et al., MathVista (ICLR 2024), data set AI4Math/MathVista, CC BY-SA 4.0.
"""

from ipllvm.benchmarks.cells import BadCell, Row, cell, filled, one_of, optional, text, texts
from ipllvm.benchmarks.definition import OWN_RULE, PAPER, STANDARD, Definition, Protocol
from ipllvm.benchmarks.wordings import query
from ipllvm.records import Sample

QUESTIONS = ("multi_choice", "free_form")
ANSWERS = ("text", "integer", "float", "list")
FACTS = ("language", "source", "category", "task", "context", "grade")


def sample(row: Row) -> Sample:
    """A row of the hub's columns; `precision` is a float there, and none for what is no float."""
    kind = one_of(text(row, "question_type"), "question_type", QUESTIONS)
    form = one_of(text(row, "answer_type"), "answer_type", ANSWERS)
    choices = texts(row, "choices") if kind == "multi_choice" else ()
    answer = filled(row, "answer")
    if choices and answer not in choices:
        raise BadCell("answer", f"{answer!r} is none of the choices")
    labels = [("question_type", kind), ("answer_type", form), *_facts(row)]
    if form == "float":
        labels.append(("precision", text(row, "precision")))
    return Sample("", optional(row, "image"), (), "", answer, choices, labels=tuple(labels))


def _facts(row: Row) -> list[tuple[str, str]]:
    given = row.get("metadata") or {}
    found = [(name, str(given[name])) for name in FACTS if given.get(name) is not None]
    return found + [("skill", str(each)) for each in given.get("skills") or ()]


def _worded(row: Row, sample: Sample) -> str:
    cell(row, "query")
    return query(row, sample)


MATHVISTA = Definition(
    name="mathvista",
    title="MathVista testmini: mathematics on pictures, options or a number",
    size=1000,
    licence="CC BY-SA 4.0; test use only",
    sample=sample,
    protocols={
        STANDARD: Protocol(_worded, 1024, "official", "MathVista's script; lmms-eval's token limit"),
        PAPER: Protocol(_worded, 512, "today", "TroL evaluator, MathVista's script of 2024"),
    },
    rules={
        "official": "mathvista_published",
        "today": "mathvista_today",
        OWN_RULE: "mathvista_strict",
    },
    axes=("question_type", "answer_type", *FACTS, "skill"),
    key=("pid",),
)
