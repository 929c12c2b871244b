"""Labels of people for answers, which put a judge's scores right: a file of lines.

{"id": SAMPLE, "answer": what was graded, "label": SCORE}; a label is of that answer and of no other.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ipllvm.errors import UsageError
from ipllvm.records import Label
from ipllvm.safety import reading


def path(name: str, text: str) -> Path:
    """The file, if it can be read as labels; raises UsageError in one line."""
    load(Path(text))
    return Path(text)


def load(file: Path) -> Mapping[str, Label]:
    """The label of each sample id; raises UsageError for a line that is none, and for a sample twice."""
    try:
        lines = reading.text_file(file).split("\n")  # splitlines would cut a text at U+2028
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"--labels {file}: can't be read: {why}") from error
    found: dict[str, Label] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            sample, label = _line(file, number, line)
            if sample in found:
                raise UsageError(f"--labels {file}: line {number}: sample {sample!r} is there twice")
            found[sample] = label
    if not found:
        raise UsageError(f"--labels {file}: it holds no label")
    return found


def unused(file: Path | None, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """What a report says of a file of which no label is of a sample whose clean score its `rows` show."""
    names = [row["estimates"] for row in rows if "clean" in row["estimates"]]
    if file is None or not names or any("clean_labelled" in own for own in names):
        return []
    return [f"--labels {file}: no label is of a sample that was asked"]


def _line(file: Path, number: int, line: str) -> tuple[str, Label]:
    how = 'write {"id": SAMPLE, "answer": the answer that was graded, "label": a number from 0 to 1}'
    try:
        value: Any = reading.json_value(line)
        sample, answer, label = value["id"], value["answer"], value["label"]
    except (KeyError, TypeError, ValueError):
        raise UsageError(f"--labels {file}: line {number}: {how}") from None
    number_like = isinstance(label, int | float) and not isinstance(label, bool)
    texts = isinstance(sample, str) and isinstance(answer, str)
    if not texts or not number_like or not 0 <= label <= 1:
        raise UsageError(f"--labels {file}: line {number}: {how}")
    return sample, Label(answer, float(label))
