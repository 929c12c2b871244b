"""Which column of anybody's own file holds what: guessed by name, or mapped by a small TOML beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import Row
from ipllvm.errors import UnknownName, UsageError
from ipllvm.registry import SCORERS
from ipllvm.safety import reading

NAMES: Mapping[str, tuple[str, ...]] = {
    "image": (
        "image",
        "images",
        "decoded_image",
        "picture",
        "photo",
        "img",
        "image_path",
        "img_path",
        "imgname",
        "file",
    ),
    "question": ("question", "query", "prompt", "instruction", "text"),
    "answer": (
        "answer",
        "answers",
        "label",
        "gold",
        "target",
        "ground_truth",
        "correct_answer",
        "correct_choice",
    ),
    "choices": ("choices", "options", "candidates"),
    "id": ("id", "question_id", "pid", "qid", "index"),
    "cluster": ("cluster", "group", "image_id", "pair"),
    "kind": ("kind", "category", "type"),
    "hint": ("hint",),
}
"""Columns by what they may be called, the likeliest first."""
LISTED = 40
"""Columns that a message names."""
NEEDED = ("image", "question", "answer")
SHOWN = ("question", "hint", "choices")
"""What a model is shown the words of, which may not be the right answer's column."""
NUMBERS = ("max_new_tokens", "answers_from")
MAX_NEW_TOKENS = 16
BYTES_A_TOKEN = 2
"""At least, of most tokenizers and languages: room for a right answer is found by it."""
LONGEST_ANSWER = 32_768
"""Tokens; an answer that never ends would take as many for each question."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """The column of each thing, "" where there is none, and how the questions are asked and scored."""

    image: str = ""
    question: str = ""
    answer: str = ""
    choices: str = ""
    id: str = ""
    cluster: str = ""
    kind: str = ""
    hint: str = ""
    suffix: str | None = None
    scorer: str = ""
    answers_from: int | None = None
    max_new_tokens: int | None = None
    pictures: str = ""
    licence: str = ""

    def limit(self, answers: Iterable[str]) -> int:
        """How many tokens an answer may have: as given, else at least what each right one takes.

        >>> Mapped().limit(["red"]), Mapped().limit(["x" * 99]), Mapped(max_new_tokens=8).limit(["x" * 99])
        (16, 50, 8)
        """
        longest = max((len(answer.encode()) for answer in answers), default=0)
        return self.max_new_tokens or max(MAX_NEW_TOKENS, -(-longest // BYTES_A_TOKEN))

    def __str__(self) -> str:
        """The columns, as a report shows them."""
        return ", ".join(f"{name} = {getattr(self, name)}" for name in NAMES if getattr(self, name))


def settings(path: Path) -> dict[str, Any]:
    """The TOML beside a file, empty where there is none; raises UsageError."""
    if not path.exists() and not path.is_symlink():
        return {}
    try:
        found = reading.toml_file(path)
    except (OSError, reading.Refused) as error:
        raise UsageError(f"{path}: can't be read: {error}") from error
    known = [each.name for each in fields(Mapped)]
    for name, value in found.items():
        if name not in known:
            raise UsageError(f"{path}: {UnknownName('key', name, known)}")
        if not isinstance(value, int if name in NUMBERS else str) or isinstance(value, bool):
            raise UsageError(f"{path}: '{name}' can't be {value!r}")
    if not 1 <= found.get("max_new_tokens", 1) <= LONGEST_ANSWER:
        raise UsageError(f"{path}: 'max_new_tokens' must be from 1 to {LONGEST_ANSWER:,}")
    if found.get("answers_from", 0) not in (0, 1):
        raise UsageError(f"{path}: 'answers_from' is 0 or 1: what the first choice counts as")
    if "scorer" in found and found["scorer"] not in SCORERS:
        raise UsageError(f"{path}: {UnknownName('scorer', found['scorer'], SCORERS)}")
    return found


def _check_alone(name: str, column: str, known: Sequence[str], where: str) -> None:
    """Raises UsageError where another column has the name of one but for capitals or spaces at its ends."""
    alike = [each for each in known if column and each.strip().lower() == column.strip().lower()]
    if len(alike) > 1:
        raise UsageError(
            f"{where}: {alike[0]!r} and {alike[1]!r} could both be the {name}: say which in "
            f'{Path(where).stem}.toml, as {name} = "COLUMN"'
        )


def _check_hidden(found: Mapping[str, Any], rows: Sequence[Row], where: str) -> None:
    """Raises UsageError where the column of what is shown is that of the answer, or a copy of it."""
    answer = found["answer"]
    for name in SHOWN:
        column = found[name]
        if column and (same := _same(rows, column, answer)):
            raise UsageError(
                f"{where}: column '{column}', taken for the {name}, {same}: "
                f"a model would be shown the right answer: say another in {Path(where).stem}.toml, as "
                f'{name} = "COLUMN" or "" for none'
            )


def _same(rows: Sequence[Row], column: str, answer: str) -> str:
    """What a column has of the right answer's, in words; nothing where it is its own, as lists are."""
    if column == answer:
        return "is the answer's"
    cells = [(row.get(column), row.get(answer)) for row in rows]
    if any(isinstance(each, list) for pair in cells for each in pair):
        return ""
    alike = all(_text(cell) == _text(right) for cell, right in cells)
    return f"holds what '{answer}' holds in every row" if alike else ""


def _text(value: Any) -> str:
    return str(value).strip().lower()


def columns(rows: Sequence[Row], given: Mapping[str, Any], where: str) -> Mapped:
    """Which column holds what: as given, else by its name; raises UsageError where one is missing."""
    if not rows:
        raise UsageError(f"{where}: holds no rows")
    known = list(
        dict.fromkeys(str(column) for row in rows for column in row)
    )  # of all rows: JSON lines differ
    there = {column.lower(): column for column in reversed(known)}
    found = dict(given)
    for name, likely in NAMES.items():
        column = given.get(name)
        if column and column not in known:
            raise UsageError(f"{where}: {UnknownName('column', str(column), known)}")
        if column is None:
            found[name] = next((there[each] for each in likely if each in there), "")
            _check_alone(name, found[name], known, where)
    missing = [name for name in NEEDED if not found[name] and not (name == "image" and given.get(name) == "")]
    if missing:
        shown = ", ".join(known[:LISTED]) + f", ... {len(known):,} in all" * (len(known) > LISTED)
        bare = ', or image = "" for questions without pictures' * ("image" in missing)
        raise UsageError(
            f"{where}: no column for {' and '.join(missing)} (there are: {shown}): say which in "
            f'{Path(where).stem}.toml, as {missing[0]} = "COLUMN"{bare}'
        )
    _check_hidden(found, rows, where)
    return Mapped(**found)
