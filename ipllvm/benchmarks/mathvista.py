"""`mathvista`: MathVista testmini, 1,000 questions of mathematics on pictures, options or a number.

Source: P. Lu et al., MathVista (ICLR 2024), data set AI4Math/MathVista, CC BY-SA 4.0.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import BadCell, Row, filled, one_of, text, texts
from ipllvm.benchmarks.definition import OWN_RULE, Definition, Protocol
from ipllvm.benchmarks.names import PAPER, STANDARD
from ipllvm.benchmarks.originals import json_file, listed
from ipllvm.benchmarks.prompts import LETTERS
from ipllvm.benchmarks.sources import Hub
from ipllvm.records import Sample
from ipllvm.safety import reading

QUESTIONS = ("multi_choice", "free_form")
ANSWERS = ("text", "integer", "float", "list")
HINTS = {
    ("integer", 0): ("an integer answer", "value, e.g., 1, 2, 3"),
    ("float", 1): ("a floating-point number with one decimal place", "value, e.g., 1.2, 1.3, 1.4"),
    ("float", 2): ("a floating-point number with two decimal places", "value, e.g., 1.23, 1.34, 1.45"),
    ("list", 0): ("a Python list as an answer", "list, e.g., [1, 2, 3], [1.2, 1.3, 1.4]"),
}
FACTS = ("language", "source", "category", "task", "context", "grade")


def sample(row: Row) -> Sample:
    """A row of the hub's columns; `precision` is a float there, and none for what is no float."""
    kind = one_of(text(row, "question_type"), "question_type", QUESTIONS)
    form = one_of(text(row, "answer_type"), "answer_type", ANSWERS)
    choices = texts(row, "choices") if kind == "multi_choice" else ()
    answer = filled(row, "answer")
    if choices and answer not in choices:
        raise BadCell("answer", f"{answer!r} is not among the choices")
    labels = [("question_type", kind), ("answer_type", form), *_facts(row)]
    if form == "float":
        labels.append(("precision", text(row, "precision")))
    return Sample("", "", (), "", answer, choices, labels=tuple(labels))


def _facts(row: Row) -> list[tuple[str, str]]:
    """The labels of a row's metadata: an object, also written as JSON, as a table has it."""
    given = row.get("metadata")
    if given is None or given == "" or given != given:
        return []
    if isinstance(given, str):
        with suppress(reading.Refused):
            given = reading.json_value(given)
    if not isinstance(given, Mapping):
        raise BadCell("metadata", f"an object is needed, not {str(given)[:60]!r}")
    found = [(name, str(given[name])) for name in FACTS if given.get(name) is not None]
    return found + [("skill", str(each)) for each in listed(given.get("skills"))]


def original(folder: Path) -> list[dict[str, Any]] | None:
    """The released testmini.json, rows by pid, and images/; queries as its script words them."""
    table = next(
        (p for p in (folder / "testmini.json", folder / "data" / "testmini.json") if p.is_file()), None
    )
    if table is None:
        return None
    given = json_file(table).items()
    return [{"query": worded(row), **row, "pid": pid, "decoded_image": row["image"]} for pid, row in given]


def _query(row: Row, sample: Sample) -> str:
    """The query as the data set words it; a row of the original release brings none."""
    return filled(row, "query") if row.get("query") is not None else worded(row)


def of_table(row: dict[str, Any]) -> dict[str, Any]:
    """A row of VLMEvalKit's MathVista_MINI."""
    facts = {name: row[name] for name in FACTS if row.get(name)}
    return {
        **row,
        "pid": row.get("pid") or row["index"],
        "query": row["question"],
        "choices": listed(row.get("choices")),
        "metadata": {**facts, "skills": listed(row.get("skills"))},
        "decoded_image": row["image"],
        "image": "",
    }


def worded(row: Row) -> str:
    """The query: a hint at the form of the answer, the question, its unit and its choices."""
    if row["question_type"] == "multi_choice":
        form, examples = "provide the correct option letter, e.g., A, B, C, D", ""
    else:
        form, examples = _hint(row)
    unit = f" (Unit: {row['unit']})" if row.get("unit") else ""
    given = [f"({LETTERS[n]}) {choice}" for n, choice in enumerate(row.get("choices") or ())]
    choices = "\n".join(["", "Choices:", *given]) if given else ""
    ask = "question" + (f" requiring {form}" if examples else "") + " and "
    wanted = f"provide the final {examples}" if examples else form
    return f"Hint: Please answer the {ask}{wanted}, at the end.\nQuestion: {row['question']}{unit}{choices}"


def _hint(row: Row) -> tuple[str, str]:
    """The form of a free answer, and examples of it; raises BadCell."""
    kind, places = row.get("answer_type"), row.get("precision") or 0
    try:
        return HINTS[str(kind), int(float(places))]
    except (KeyError, TypeError, ValueError, OverflowError):
        raise BadCell("precision", f"{str(places)[:60]!r} does not fit an answer of type {kind!r}") from None


MATHVISTA = Definition(
    name="mathvista",
    title="MathVista testmini: mathematics on pictures, options or a number",
    size=1000,
    licence="CC BY-SA 4.0; test use only",
    sample=sample,
    protocols={
        STANDARD: Protocol(_query, 1024, "official", "MathVista's script; lmms-eval's token limit"),
        PAPER: Protocol(_query, 512, "today", "TroL evaluator, MathVista's script of 2024"),
    },
    rules={
        "official": "mathvista_published",
        "today": "mathvista_today",
        OWN_RULE: "mathvista_strict",
    },
    axes=("question_type", "answer_type", *FACTS, "skill"),
    key=("pid",),
    counts={
        "question_type": {"multi_choice": 540, "free_form": 460},
        "answer_type": {"text": 540, "integer": 418, "float": 40, "list": 2},
    },
    hub=Hub(("AI4Math/MathVista",), ("*testmini-*.parquet",)),
    pictures=("decoded_image",),
    released=("testmini.json",),
    original=original,
    of_table=of_table,
)
