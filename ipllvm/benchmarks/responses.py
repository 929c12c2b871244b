"""Answers that any harness has produced, and which row each belongs to."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipllvm.benchmarks import response_files
from ipllvm.benchmarks.cells import BadCell, Row, row_name
from ipllvm.benchmarks.names import FIRST, LAST, REFUSE
from ipllvm.errors import UsageError

REQUEST = "Please answer yes or no."


@dataclass(frozen=True, slots=True)
class Answer:
    """A line of a file of responses; `response` is None where the model gave none; `id` is the row's place,
    from 0, where it is `placed`, and that in the file where it is `unnamed`; `gradings` are a judge's replies
    where it was asked several times.
    """

    line: int
    id: str
    response: str | None
    judge_reply: str | None = None
    question: str | None = None
    placed: bool = False
    gradings: tuple[str, ...] = ()
    unnamed: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is neither a response nor what a judge has said of one."""
        return self.response is None and self.judge_reply is None


@dataclass(frozen=True, slots=True)
class Matched:
    """An answer, or none, for each row; the lines that belong to no row."""

    answers: tuple[Answer | None, ...]
    strays: tuple[Answer, ...]
    repeated: int


def read(path: Path, names: Sequence[str] = ("id",)) -> list[Answer]:
    """The answers of a file: JSON lines with `id`, `response` and, where a judge has replied, `judge_reply`,
    or a form that `response_files` knows.

    `names` are the columns that may name a row, the first that is there counts. Where no answer has any and
    all bring their question, they are in the rows' order. Raises UsageError, in one line with the line's
    number.
    """
    given = list(response_files.answers(path))
    if not given:
        raise UsageError(f"{path}: holds no responses")
    usual = (*names, response_files.PLACE)
    ordered = all(_is_unnamed(row, usual) for _, row in given)
    return [
        _answer(path, number, row, usual, place if ordered else None)
        for place, (number, row) in enumerate(given)
    ]


def _is_unnamed(row: dict[str, Any], names: Sequence[str]) -> bool:
    """Whether an answer says its question and nothing else of whose it is."""
    asks = any(isinstance(row.get(name), str) for name in ("question", "prompt"))
    return asks and all(row.get(name) is None for name in names)


def require_order(rows: Sequence[Row], answers: Sequence[Answer]) -> None:
    """Raises UsageError where an answer without a name is not to the question of the row in its place."""
    for place, answer in enumerate(answers):
        if not answer.unnamed:
            continue
        own = rows[place].get("question") if place < len(rows) else None
        if not isinstance(own, str) or _bare(own) not in str(answer.question):
            row = f"that of row {place + 1}" if place < len(rows) else f"any of the {len(rows):,} rows'"
            raise UsageError(
                f"line {answer.line}: no 'id' names its row, and its question is not {row}: give them ids"
            )


def match(
    names: Sequence[str],
    rows: Sequence[Row],
    answers: Sequence[Answer],
    duplicates: str,
    plain: Callable[[str], str] = str,
) -> Matched:
    """Which answer belongs to which row, by the name that a row is known by; names are compared `plain`.

    Rows that share a name are told apart by the answers' `question`; without one their answers go in the
    files' order. Raises UsageError where an answer could belong to several rows, and with duplicates
    "refuse" where a row has several different answers.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        places[plain(name)].append(place)
    given: dict[str, list[Answer]] = defaultdict(list)
    strays: list[Answer] = []
    for answer in answers:
        (given[plain(answer.id)] if plain(answer.id) in places else strays).append(answer)
    found: list[Answer | None] = [None] * len(names)
    repeated = 0
    for name, own in given.items():
        for place, several in _shared(names[places[name][0]], places[name], own, rows).items():
            repeated += len(several) - 1
            found[place] = _one(several, duplicates)
    return Matched(tuple(found), tuple(strays), repeated)


def _shared(
    name: str, places: Sequence[int], answers: Sequence[Answer], rows: Sequence[Row]
) -> dict[int, list[Answer]]:
    """The answers of each of the rows that share a name."""
    if len(places) == 1:
        return {places[0]: list(answers)}
    if all(answer.question is not None for answer in answers):
        asked = {_bare(rows[place].get("question")): place for place in places}
        by_question: dict[int, list[Answer]] = defaultdict(list)
        for answer in answers:
            by_question[asked[_asked(name, answer, asked)]].append(answer)
        return dict(by_question)
    if len(answers) == len(places):
        return {place: [answer] for place, answer in zip(places, answers, strict=True)}
    if len({repr({**rows[place], "id": None}) for place in places}) == 1:  # the same row, given twice
        return {place: list(answers) for place in places}
    raise UsageError(
        f"line {answers[0].line}: {len(places)} rows are known by '{name}' and {len(answers)} answers: give "
        "the answers a 'question' too, or rows and answers an 'id' of their own"
    )


def _asked(name: str, answer: Answer, known: Collection[str]) -> str:
    """Which of the known questions an answer is to: its own, or the only one inside a whole prompt."""
    own = _bare(answer.question)
    inside = [each for each in known if each in str(answer.question)]
    found = own if own in known else max(inside, key=len, default="")
    if not found or not all(each in found for each in inside):
        raise UsageError(f"line {answer.line}: no row '{name}' asks {own[:80]!r}")
    return found


def _bare(question: object) -> str:
    """A question without the request behind it, which differs between harnesses."""
    return str(question).partition("\n")[0].removesuffix(REQUEST).strip()


def _one(answers: Sequence[Answer], duplicates: str) -> Answer:
    first, *others = answers
    differs = [
        other
        for other in others
        if (other.response, other.judge_reply) != (first.response, first.judge_reply)
    ]
    if differs and duplicates == REFUSE:
        raise UsageError(
            f"line {differs[0].line}: '{first.id}' was answered otherwise on line {first.line}: "
            f"say which counts, --duplicates {FIRST} or {LAST}"
        )
    return answers[-1] if duplicates == LAST else first


def _answer(
    path: Path, number: int, given: dict[str, Any], usual: Sequence[str], place: int | None
) -> Answer:
    """The answer of a line; `place` is its own in the file where it has no name."""
    try:
        row = response_files.in_our_columns(given)
    except BadCell as error:
        raise UsageError(f"{path}: line {number}, {error}") from error
    if place is not None:
        row = {**row, response_files.PLACE: place}
    key = next((column for column in usual if row.get(column) is not None), "id")
    for column in (key, "response"):
        if column not in row:
            raise UsageError(
                f"{path}: line {number} has no '{column}' (it has: {', '.join(given)}); a response is "
                '{"id": ..., "response": ...}'
            )
    question = row.get("question")
    return Answer(
        number,
        row_name(row[key]) if isinstance(row[key], float) else _text(path, number, row, key),
        None if row["response"] is None else _text(path, number, row, "response"),
        _reply(path, number, row),
        question if isinstance(question, str) else None,
        key == response_files.PLACE,
        _gradings(row),
        place is not None,
    )


def _reply(path: Path, number: int, row: dict[str, Any]) -> str | None:
    """What a judge has replied; a list, as an extracted answer may be, as Python writes it."""
    value = row.get("judge_reply")
    if value is None or isinstance(value, list):
        return None if value is None else str(value)
    return _text(path, number, row, "judge_reply")


def _gradings(row: dict[str, Any]) -> tuple[str, ...]:
    value = row.get("judge_reply")
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _text(path: Path, number: int, row: dict[str, Any], column: str) -> str:
    value = row[column]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UsageError(
            f"{path}: line {number}, column '{column}': a text is needed, not {str(value)[:60]!r}"
        )
    return str(value)
