"""Anybody's own questions: a file of rows, its columns guessed by name or mapped by a small TOML beside it.

`questions.jsonl` with `questions.toml` beside it; keys of the TOML: the columns `image`, `question`,
`answer`, `choices`, `id`, `cluster`, `kind`, `hint` (stands before the question), and `suffix` (behind it),
`answers_from` (0 or 1: answers are places among the choices, counted from there), `scorer`,
`max_new_tokens`, `pictures` (the folder that paths go from) and `licence`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from ipllvm.benchmarks import frames, right_answers
from ipllvm.benchmarks.cells import BadCell, Row, filled, optional, row_name, whole
from ipllvm.benchmarks.contradictions import and_more, contradictions
from ipllvm.benchmarks.definition import fit_for_files
from ipllvm.benchmarks.names import ACCEPTED
from ipllvm.benchmarks.originals import listed, options, texts_listed
from ipllvm.benchmarks.own_columns import Mapped, columns, settings
from ipllvm.benchmarks.prompts import LETTERS, SHORT, multiple_choice
from ipllvm.benchmarks.questions import YES_NO
from ipllvm.benchmarks.rendering import digest
from ipllvm.benchmarks.tables import opening
from ipllvm.benchmarks.tables.pictures import Keyed
from ipllvm.errors import BenchmarkUnavailable, UsageError
from ipllvm.records import Benchmark, Sample
from ipllvm.safety import reading

PLACE = "<image>"
"""Where other data formats say that a picture stands."""
PLACES = "say answers_from = 0 (or 1) in the TOML beside the file"
LABELS = ("label", "id", "key", "letter")
"""What the letter of a choice is called that is an object beside its `text`."""


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """What a row asks: pictures, words without options, choices and the answers that count."""

    pictures: Sequence[Keyed]
    words: str
    choices: tuple[str, ...]
    accepted: tuple[str, ...]


def load(path: Path) -> Benchmark:
    """The questions of a file; raises UsageError and BenchmarkUnavailable, in one line with the row."""
    found = opening.named_rows(path)
    mapped = columns(found, settings(path.with_suffix(".toml")), str(path))
    rows = unpacked(found, mapped)
    root = path.parent / mapped.pictures
    try:
        pictured = opening.with_pictures(rows, [mapped.image], root) if mapped.image else rows
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    return benchmark(str(path), path.stem, pictured, mapped, refuse=True)


def unpacked(rows: Sequence[Row], mapped: Mapped) -> list[dict[str, Any]]:
    """The rows, with pictures and answers that are lists written as text, as tables have them, as lists."""
    several = [column for column in (mapped.image, mapped.answer) if column]
    return [{**row, **{c: found for c in several if (found := texts_listed(row.get(c)))}} for row in rows]


def benchmark(name: str, stem: str, rows: Sequence[Row], mapped: Mapped, refuse: bool = False) -> Benchmark:
    """Rows as a benchmark; raises BenchmarkUnavailable with the number and column of a bad row.

    Rows that contradict each other are told in the source of the benchmark, or refused: who keeps the file
    can mend it.
    """
    parsed = [*_parsed(name, rows, mapped)]
    scorer = mapped.scorer or _scorer(rows, parsed, mapped)
    samples = tuple(_samples(name, stem, rows, parsed, mapped, scorer))
    digests = [tuple(picture.digest() for picture in each.pictures) for each in parsed]
    keys = (key for each in digests for key in each)
    questions = (each.words for each in parsed)
    unlike = [*contradictions(samples, questions, digests, ACCEPTED)]
    if unlike and refuse:
        raise BenchmarkUnavailable(f"{name}: {unlike[0]}{and_more(len(unlike) - 1)}")
    wrong = [f"{row}: {why}" for row, why in _ungradable(samples, mapped, scorer)]
    if wrong and refuse:
        raise BenchmarkUnavailable(f"{name}: {wrong[0]}{and_more(len(wrong) - 1)}")
    unlike += wrong
    limit = mapped.limit(sample.answer for sample in samples)
    how = repr((scorer, mapped.suffix, limit)).encode()
    return Benchmark(
        name, samples, scorer, digest(samples, how, *keys), _source(parsed, mapped, scorer, unlike), limit
    )


def _source(rows: Sequence[ParsedRow], mapped: Mapped, scorer: str, doubtful: Sequence[str]) -> str:
    """What a report says of the data: how much, how it was read, and what is doubtful about it."""
    held = "1 row" if len(rows) == 1 else f"{len(rows):,} rows"
    parts = [
        f"own data, {held}{'' if mapped.image else ' without pictures'}",
        f"columns {mapped}",
        f"scorer {scorer}",
        f"licence {mapped.licence}" if mapped.licence else "",
        frames.sentence(picture for row in rows for picture in row.pictures),
        f"{doubtful[0]}{and_more(len(doubtful) - 1)}" if doubtful else "",
    ]
    return "; ".join(filter(None, parts))


def _ungradable(samples: Sequence[Sample], mapped: Mapped, scorer: str) -> Iterator[tuple[str, str]]:
    """The row and column of each right answer that the scorer would not accept, and why."""
    for number, why in right_answers.refused(scorer, samples):
        yield f"row {number}, column '{mapped.answer}'", why


def _parsed(name: str, rows: Sequence[Row], mapped: Mapped) -> Iterator[ParsedRow]:
    for number, row in enumerate(rows, start=1):
        try:
            pictures = _pictures(row, mapped)
            if mapped.image and (not pictures or None in pictures):
                raise BadCell(mapped.image, "there is no picture")
            words, choices = _question(row, mapped, len(pictures)), _choices(row, mapped)
            yield ParsedRow(pictures, words, choices, _answers(row, mapped, choices))
        except BadCell as error:
            raise BenchmarkUnavailable(f"{name}: row {number}, {error}") from error


def _samples(
    name: str, stem: str, rows: Sequence[Row], parsed: Sequence[ParsedRow], mapped: Mapped, scorer: str
) -> Iterator[Sample]:
    taken: dict[str, int] = {}
    for number, (row, each) in enumerate(zip(rows, parsed, strict=True), start=1):
        try:
            given, cluster, kind = (
                optional(row, column) if column else "" for column in (mapped.id, mapped.cluster, mapped.kind)
            )
        except BadCell as error:
            raise BenchmarkUnavailable(f"{name}: row {number}, {error}") from error
        id = fit_for_files(f"{stem}-{given or f'{number:05d}'}")
        if id in taken:
            raise BenchmarkUnavailable(
                f"{name}: row {number}, column '{mapped.id}': {given!r} is row {taken[id]}'s too"
            )
        taken[id] = number
        cluster = cluster or (each.pictures[0].digest().hex()[:16] if each.pictures else "")
        yield _sample(each, id, f"{stem}-{cluster}" if cluster else id, kind, mapped, scorer)


def _sample(each: ParsedRow, id: str, cluster: str, kind: str, mapped: Mapped, scorer: str) -> Sample:
    accepted, choices = each.accepted, each.choices
    labels = tuple((ACCEPTED, answer) for answer in accepted) if len(accepted) > 1 else ()
    if kind:
        labels = (*labels, ("kind", kind))
    polar = scorer == "yes_no" or (scorer == "mixed" and not choices and _is_polar(accepted))
    answer = accepted[0].lower() if polar else accepted[0]
    shown = YES_NO if polar else choices
    prompt = _prompt(each.words, choices, mapped.suffix)
    return Sample(id, cluster, tuple(each.pictures), prompt, answer, shown, kind, labels)


def _is_polar(answers: Sequence[str]) -> bool:
    return len(answers) == 1 and answers[0].lower() in YES_NO


def _question(row: Row, mapped: Mapped, pictures: int) -> str:
    """The words, behind a hint where there is one, without the marks of pictures that stand around them."""
    words = filled(row, mapped.question).strip()
    marks = words.count(PLACE)
    while words.startswith(PLACE) or words.endswith(PLACE):
        words = words.removeprefix(PLACE).removesuffix(PLACE).strip()
    if not words:
        raise BadCell(mapped.question, f"there are no words beside '{PLACE}'")
    if PLACE in words or marks not in (0, pictures):
        raise BadCell(
            mapped.question,
            f"{marks} '{PLACE}' for {pictures} pictures, which stand before the words: leave '{PLACE}' out",
        )
    hint = optional(row, mapped.hint).strip() if mapped.hint else ""
    if PLACE in hint:
        raise BadCell(mapped.hint, f"it holds '{PLACE}', which no picture can take here: leave it out")
    return f"{hint}\n{words}" if hint else words


def _pictures(row: Row, mapped: Mapped) -> list[Keyed]:
    if not mapped.image:
        return []
    value = row.get(mapped.image)
    found: list[Any] = value if isinstance(value, list) else [value]
    return found


def _prompt(question: str, choices: Sequence[str], suffix: str | None) -> str:
    if suffix is None:
        return multiple_choice(question, choices) if choices else f"{question}\n{SHORT}"
    listed = [f"{letter}. {choice}" for letter, choice in zip(LETTERS, choices, strict=False)]
    return "\n".join([question, *listed, *([suffix] if suffix else [])])


def _choices(row: Row, mapped: Mapped) -> tuple[str, ...]:
    if not mapped.choices:
        return tuple(options(row))
    value = _written_out(row.get(mapped.choices))
    if value is None or value == "" or value != value:
        return ()
    value = _columns(value)
    given = listed(_named(value, mapped.choices) if isinstance(value, dict) and value else value)
    found = tuple(filled({mapped.choices: each}, mapped.choices) for each in given)
    if any(PLACE in each for each in found):
        raise BadCell(mapped.choices, f"a choice holds '{PLACE}', which no picture can take here")
    if not 2 <= len(found) <= len(LETTERS) or len(set(found)) != len(found):
        raise BadCell(
            mapped.choices, f"2 to {len(LETTERS)} different choices are needed, not {str(value)[:60]!r}"
        )
    return found


def _written_out(value: Any) -> Any:
    """Named choices that are written as JSON, as the dict that they are."""
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value
    try:
        return reading.json_value(value)
    except reading.Refused:
        return value


def _columns(value: Any) -> Any:
    """Choices that are objects of a label and a text, as the columns `label` and `text`.

    >>> _columns([{"label": "A", "text": "red"}, {"id": "B", "text": "blue"}])
    {'label': ['A', 'B'], 'text': ['red', 'blue']}
    """
    if not isinstance(value, list) or not all(isinstance(each, dict) and "text" in each for each in value):
        return value
    labels = [next((str(each[n]) for n in LABELS if n in each), None) for each in value]
    return (
        value if None in labels or not labels else {"label": labels, "text": [each["text"] for each in value]}
    )


def _named(choices: dict[str, Any], column: str) -> list[Any]:
    """Choices by their letters, or as columns `label` and `text`; raises BadCell where these are others.

    >>> _named({"A": "red", "B": "blue"}, "x"), _named({"label": ["A", "B"], "text": ["red", "blue"]}, "x")
    (['red', 'blue'], ['red', 'blue'])
    """
    columns = isinstance(choices.get("label"), list) and isinstance(choices.get("text"), list)
    labels, texts = (
        (choices["label"], choices["text"]) if columns else zip(*sorted(choices.items()), strict=True)
    )
    if list(labels) != list(ascii_uppercase[: len(texts)]):
        raise BadCell(column, f"choices are labelled {list(labels)}: label them A, B, C, ... in order")
    return list(texts)


def _answers(row: Row, mapped: Mapped, choices: Sequence[str]) -> tuple[str, ...]:
    """The answers that count, the first as the answer; of lettered choices the letter."""
    value = row.get(mapped.answer)
    if choices and mapped.answers_from is not None:
        return (_letter_at(whole(row, mapped.answer) - mapped.answers_from, choices, mapped.answer),)
    given: list[Any] = list(value) if isinstance(value, list | tuple) else [value]
    several = tuple(_said(each, mapped.answer) for each in given)
    if not several or not all(each.strip() for each in several):
        raise BadCell(mapped.answer, "it is blank")
    if not choices:
        return several
    if len(several) > 1:
        raise BadCell(mapped.answer, "a question with choices has one answer")
    if isinstance(value, int) and several[0] in choices and _are_texts(row, mapped) and value <= len(choices):
        raise BadCell(
            mapped.answer,
            f"{value!r} may be the text of a choice or the place of one: write it as text, or {PLACES}",
        )
    return (_letter(several[0], choices, mapped.answer),)


def _are_texts(row: Row, mapped: Mapped) -> bool:
    value = row.get(mapped.choices) if mapped.choices else None
    return not isinstance(value, list | tuple) or any(isinstance(each, str) for each in value)


def _said(answer: Any, column: str) -> str:
    """An answer as text: a float without a fraction as a whole number, of VQA's annotators what they said.

    >>> _said(3.0, "x"), _said({"answer": "red", "answer_confidence": "yes"}, "x")
    ('3', 'red')
    """
    if isinstance(answer, dict) and isinstance(answer.get("answer"), str):
        answer = answer["answer"]
    if isinstance(answer, float) and math.isfinite(answer):
        answer = row_name(answer)
    return filled({column: answer}, column).strip()


def _letter_at(place: int, choices: Sequence[str], column: str) -> str:
    if not 0 <= place < len(choices):
        raise BadCell(column, f"there is no choice at place {place + 1} of {len(choices)}")
    return ascii_uppercase[place]


def _letter(answer: str, choices: Sequence[str], column: str) -> str:
    """The letter of an answer that is a choice's text or its letter."""
    letters = ascii_uppercase[: len(choices)]
    bare = answer.strip("(). ").upper()
    lettered = bare if bare in tuple(letters) else None
    worded = letters[list(choices).index(answer)] if answer in choices else None
    if worded and lettered and worded != lettered:
        other = choices[letters.index(lettered)]
        why = f"{answer!r} may be the text of choice {worded} or the letter of {other!r}"
        raise BadCell(column, f"{why}: write it as a place, and {PLACES}")
    if worded or lettered:
        return worded or lettered or ""
    places = f": if it is a place among them, {PLACES}" if answer.isdecimal() else ""
    raise BadCell(column, f"{answer!r} is neither one of the choices nor the letter of one{places}")


def _scorer(rows: Sequence[Row], parsed: Sequence[ParsedRow], mapped: Mapped) -> str:
    """Letters where there are choices; of the other rows by their answers; `mixed` where there are both."""
    lettered = sum(bool(each.choices) for each in parsed)
    if lettered == len(parsed):
        return "multiple_choice"
    return "mixed" if lettered else _open_scorer(rows, mapped)


def _open_scorer(rows: Sequence[Row], mapped: Mapped) -> str:
    """Of rows without choices: several answers, yes and no, else the exact words."""
    if any(isinstance(each.get(mapped.answer), list | tuple) for each in rows):
        return "any_answer"
    answers = {str(each.get(mapped.answer)).strip().lower() for each in rows}
    return "yes_no" if answers and answers <= set(YES_NO) else "exact_match"
