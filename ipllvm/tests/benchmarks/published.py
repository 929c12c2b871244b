"""Rows of published benchmarks in the hub's columns: a few real ones, the others made up here."""

import json
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.templates import PUBLISHED

ROWS = Path(__file__).parent / "rows"
Rows = list[dict[str, Any]]


def rows(name: str) -> Rows:
    """Rows of the benchmark of that name, without pictures."""
    file = ROWS / f"{name}.jsonl"
    if file.is_file():
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    if name in PUBLISHED:
        return [{"image": None, "label": n} for n in (0, 2, 7)]
    if name == "docci":
        told = ("A red mug on a table.", "A goat by a fence.", "Two boats at dusk.", "A tin roof.", "A kite.")
        return [
            {"example_id": f"test_{n:05d}", "image": None, "description": text} for n, text in enumerate(told)
        ]
    found: Rows = MADE_UP[name]
    return found


def _qbench() -> Rows:
    columns = ("id", "question", "option0", "option1", "option2", "option3", "correct_choice")
    given = [
        (0, "How sharp is the kettle?", "Blurry", "Sharp", "Medium", "N/A", "B"),
        (1, "Is the lawn too bright?", "Yes", "No", "N/A", "N/A", "A"),
        (2, "What spoils the tower?", "Noise", "Snow", "Glare", "Motion blur", "D"),
    ]
    codes = [(2, 2), (0, 1), (1, 3)]
    return [
        {
            **dict(zip(columns, row, strict=True)),
            "image": None,
            "question_type": kind,
            "question_concern": concern,
        }
        for row, (kind, concern) in zip(given, codes, strict=True)
    ]


def _mme() -> Rows:
    asked = " Please answer yes or no."
    return [
        {
            "question_id": f"{task}/{n}.png",
            "image": None,
            "question": text + asked,
            "answer": gold,
            "category": task,
        }
        for task, n, pair in (
            ("existence", 1, ("Is there a whisk?", "Is there a saw?")),
            ("existence", 2, ("Is there a comb?", "Is there a goat?")),
            ("OCR", 1, ('Is the word "mill"?', 'Is the word "hill"?')),
            ("code_reasoning", 1, ("Does it print 3?", "Does it print 4?")),
        )
        for text, gold in zip(pair, ("Yes", "No"), strict=True)
    ]


def _mmstar() -> Rows:
    given = [
        ("Which tool hangs left?\nOptions: A: saw, B: axe, C: rake, D: none", "B", "math", "geometry"),
        (
            "What is 1, 2 and 3 in all?\nOptions: A: 6, B: 1, 2, C: 9, D: 7",
            "A",
            "math",
            "statistical reasoning",
        ),
        (
            "Where is it?\nOptions: A: farm, B: sea, C: city, D: wood",
            "C",
            "coarse perception",
            "image emotion",
        ),
    ]
    return [
        {
            "index": n,
            "question": text,
            "image": None,
            "answer": gold,
            "category": category,
            "l2_category": axis,
        }
        for n, (text, gold, category, axis) in enumerate(given)
    ]


def _mmvet() -> Rows:
    given = [
        ("What is x in the note?", "3<AND>-3", "ocr,math"),
        ("Which made-up river is longer?", "Tarn<OR>the Tarn", "rec,know,gen"),
        ("What is on the sign?", "stop", "ocr"),
    ]
    return [
        {"question_id": f"v1_{n}", "image": None, "question": text, "answer": gold, "capability": names}
        for n, (text, gold, names) in enumerate(given)
    ]


def _scienceqa() -> Rows:
    facts = {"task": "closed choice", "grade": "grade4", "topic": "physics", "image": None}
    return [
        {
            **facts,
            "question": text,
            "choices": list(choices),
            "answer": gold,
            "hint": hint,
            "subject": subject,
        }
        for text, choices, gold, hint, subject in (
            (
                "Which jar is heavier?",
                ("jar A", "jar B", "neither"),
                2,
                "Two jars hang there.",
                "natural science",
            ),
            ("Is moss a plant?", ("yes", "no"), 0, "", "natural science"),
            ("Which word rhymes?", ("mat", "dog"), 0, "", "language science"),
        )
    ]


def _chartqa() -> Rows:
    return [
        {"type": half, "question": text, "answer": gold, "image": None, "imgname": name}
        for half, text, gold, name in (
            ("human_test", "How many made-up bars are blue?", "3", "a.png"),
            ("human_test", "Which two made-up months are equal?", "[May, June]", "b.png"),
            ("augmented_test", "What did the made-up mill sell in 2012?", "1,250", "b.png"),
            ("augmented_test", "What did the made-up mill sell in 2013?", "0", "b.png"),
            ("augmented_test", "What is the made-up share?", "0.57", "c.png"),
        )
    ]


def _ai2d() -> Rows:
    return [
        {"question": text, "options": list(options), "answer": gold, "image": None, "_question_id": id}
        for text, options, gold, id in (
            ("What eats the made-up beetle?", ("Owl", "Moss", "Fish", "Fox"), "3", "1.png-0"),
            ("Which letter is the root?", ("c", "d\nd", "a", "b"), "1", "2.png-0"),
        )
    ]


def _seed() -> Rows:
    made_up = {"choice_a": "one", "choice_b": "two", "choice_c": "three", "choice_d": "four", "image": [None]}
    return [
        {**made_up, "question": text, "answer": gold, "question_id": id, "data_id": id, **kind}
        for text, gold, id, kind in (
            ("How many made-up boats?", "B", "1", {"data_type": "image", "question_type_id": 5}),
            ("How many made-up hats?", "D", "2", {"data_type": "image", "question_type_id": 5}),
            ("What happens next?", "A", "v0", {"data_type": "video", "question_type_id": 10}),
        )
    ]


def _mmvp() -> Rows:
    return [
        {"Index": n, "Question": text, "Options": options, "Correct Answer": gold, "image": None}
        for n, (text, options, gold) in enumerate(
            (
                ("Is the made-up gate open?", "(a) Open (b) Closed", "(a)"),
                ("Is the made-up gate open?", "(a) Open (b) Closed", "(b)"),
                ("Where is the cup (the blue one)?", "(a) Left (or near it) (b) Right", "(b)"),
                ("Where is the cup (the blue one)?", "(a) Left (or near it) (b) Right", "(a)"),
            ),
            start=1,
        )
    ]


MADE_UP = {
    "qbench": _qbench(),
    "mme": _mme(),
    "mmstar": _mmstar(),
    "mmvet": _mmvet(),
    "scienceqa": _scienceqa(),
    "chartqa": _chartqa(),
    "ai2d": _ai2d(),
    "ai2d-no-mask": _ai2d(),
    "seed": _seed(),
    "mmvp": _mmvp(),
}
