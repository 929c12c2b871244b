"""Files of answers as harnesses write them, line by line in the columns `id`, `response`, `judge_reply`.

Known beside this project's own: lmms-eval's samples (`doc_id`, `filtered_resps`), VLMEvalKit's tables
(`index`, `prediction`; its judge's `res` or `score` beside `log`), LLaVA's answers (`question_id`, `text`)
and reviews (`content`), MathVista's outputs (`response`, `extraction`, by pid), MM-Vet's answers and grades
by id, MME's folder of texts, one a task, Qwen-VL's and InternVL's outputs (`answer` beside `annotation` or
`gt_answers`).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import BadCell
from ipllvm.benchmarks.jsonlines import in_lines, numbered
from ipllvm.benchmarks.originals import json_file
from ipllvm.benchmarks.tables import delimited, opening
from ipllvm.errors import UsageError
from ipllvm.safety import reading

RESPONSE, REPLY, QUESTION = "response", "judge_reply", "question"
PLACE = "doc_id"
"""What lmms-eval calls a row's place in the set, from 0."""
OTHERS: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    RESPONSE: (
        ("prediction", ()),
        ("pred", ("parsed_ans",)),
        ("text", ("answer_id", "model_id", "prompt")),
        ("answer", ("annotation", "gt_answers")),
        ("filtered_resps", ()),
        ("resps", ()),
    ),
    REPLY: (("extraction", ()), ("content", ("tuple", "score")), ("res", ("log",)), ("score", ("log",))),
    QUESTION: (("prompt", ()),),
}
"""What a column is called elsewhere, and columns of which one has to stand beside it: `text` alone may be a
question, `answer` the right one, which Qwen-VL's and InternVL's scripts call otherwise."""
NESTED = (
    ("gpt_eval_llava_all", "review"),
    ("gpt_eval_score", "extraction"),
    ("gpt_eval_score", "score"),
)
"""Where lmms-eval's samples of LLaVA-W, MathVista and MM-Vet have what a judge said."""
FILTER = "filter"
"""What lm-eval has made `filtered_resps` by: a rule of ours reads what the model said."""
LISTS = ("extraction",)
"""A list there is an answer."""
GRADINGS = (REPLY, "content")
"""A list there is a judge asked several times."""
SIDES = {"correct", "incorrect"}
"""Lists in which LLaVA's script for ScienceQA writes the answers it has judged."""
OUTPUTS = {"outputs": dict, "logs": list}
"""Where ScienceQA's and LLaVA's result files have the answers by id, beside counts; where lmms-eval's files
of 2024 have a list of samples, beside settings."""
SPREADSHEETS = (".xlsx", ".xls")


def answers(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number of the line or row, from 1; what stands there); raises UsageError, in one line.

    A folder is MME's, a JSON file holds a list, or answers by id, also under `outputs` or `logs`.
    """
    suffix = path.suffix.lower()
    if suffix in SPREADSHEETS:
        raise UsageError(f"{path}: spreadsheets are not read: save it as .tsv")
    if path.is_dir():
        return enumerate(_folder(path), start=1)
    if suffix in (".csv", ".tsv"):
        return enumerate(delimited.rows(path, pictures=False), start=1)
    if suffix == ".parquet":
        return enumerate(opening.rows(path), start=1)
    if suffix == ".json" and not in_lines(path):
        return enumerate(_listed(path, json_file(path)), start=1)
    return numbered(path)


def in_our_columns(row: dict[str, Any]) -> dict[str, Any]:
    """The row with `response`, `judge_reply` and `question` by these names, whatever they were called.

    Raises BadCell.

    >>> in_our_columns({"doc_id": 3, "filtered_resps": ["B"]})["response"]
    'B'
    >>> "response" in in_our_columns({"question_id": 3, "text": "What is this?", "category": "conv"})
    False
    """
    found = dict(row)
    if row.get(FILTER) not in (None, "none"):
        found.pop("filtered_resps", None)
    for ours, others in OTHERS.items():
        names = (n for n, beside in others if n in found and (not beside or any(b in row for b in beside)))
        name = ours if ours in row else next(names, None)
        if name is not None:
            found[ours] = _single(found[name], name)
    for outer, inner in NESTED:
        judged = row.get(outer)
        if REPLY not in found and isinstance(judged, dict) and inner in judged:
            found[REPLY] = _single(judged[inner], inner)
    if found.get(REPLY) is not None:
        found.setdefault(RESPONSE, None)
    return found


def _single(value: Any, column: str) -> Any:
    """What the only item of a list is, of lists in lists too; nothing of what is not a number.

    An extracted list stays one, and so do several gradings of an answer. Raises BadCell where there are
    several answers.
    """
    while isinstance(value, list) and len(value) == 1 and column not in LISTS:
        (value,) = value
    if isinstance(value, list) and column not in (*LISTS, *GRADINGS):
        raise BadCell(column, f"{len(value)} texts, and one is needed")
    return None if value != value else value


def _listed(path: Path, value: Any) -> list[dict[str, Any]]:
    """The answers of a JSON file: a list of objects, or a text or an object for each id."""
    if isinstance(value, dict):
        value = next((value[n] for n, kind in OUTPUTS.items() if isinstance(value.get(n), kind)), value)
    if isinstance(value, dict) and value.keys() == SIDES and all(map(_is_list, value.values())):
        value = [each for side in value.values() for each in side]
    if isinstance(value, dict):
        value = [
            {**each, "id": name} if isinstance(each, dict) else {"id": name, RESPONSE: each}
            for name, each in value.items()
        ]
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise UsageError(f"{path}: answers are a list of objects, or a text or an object for each id")
    return value


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _folder(path: Path) -> Iterator[dict[str, Any]]:
    """MME's texts: picture, question, right answer and the model's, with tabs between."""
    texts = sorted(path.glob("*.txt"))
    if not texts:
        raise UsageError(f"{path}: no file of answers, and a folder without MME's texts, one a task")
    for text in texts:
        try:
            lines = reading.text_file(text).replace("\r\n", "\n").split("\n")
        except (OSError, ValueError) as error:
            raise UsageError(f"{text}: can't be read: {error}") from error
        for number, line in enumerate(lines, start=1):
            cells = line.split("\t")
            if len(cells) == 4:
                name = f"{text.stem}/{cells[0]}"
                yield {"question_id": name, QUESTION: cells[1], RESPONSE: cells[3]}
            elif line.strip():
                raise UsageError(f"{text}: line {number} is not picture, question, answer, said with tabs")
