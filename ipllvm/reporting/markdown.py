"""A report as Markdown, fit for a pull-request comment: the answer, what failed, then the rest."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ipllvm.reporting import advice, columns, evidence, figures
from ipllvm.reporting.answer import answer_of
from ipllvm.reporting.comments import COMMENT_LIMIT, fitting
from ipllvm.reporting.grouping import products
from ipllvm.reporting.lines import Line, lines
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.text import LIMIT, REASON_LIMIT, interval, model_size, number, visible
from ipllvm.reporting.wording import count_of, failure, failure_reason, interval_note, printed, stated

ROOM: Final = 60_000
"""Characters up to which details of results are told; what comes before them may be longer."""
_SHOWN_ERRORS: Final = 20
_COMMAND_LIMIT: Final = 2_000
_SPECIAL: Final = re.compile(
    r"[&<>\"'`*{}\[\]#!|~\\$^@]|(?<![^\W_])_|_(?![^\W_])|:(?=\S)|(?<=[wW]{3})\.|^[-+=.]"
)

_NAMED: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_QUOTES: Final = "'\""
_NUMBERS: Final = re.compile(r"(?:[\d.,\[\] ≤≥-]|\bn/a\b)*")


def escape(text: str, limit: int = LIMIT) -> str:
    """`text` as one line that Markdown and HTML show as it is, cut to `limit` characters.

    Neither markup, links, images, table cells, mentions nor issue numbers come out of it.

    >>> escape("<b>a|b</b> @me *x*")
    '&lt;b&gt;a&#124;b&lt;/b&gt; &#64;&#8203;me &#42;x&#42;'
    """
    return re.sub(r"&#(?:64|35);", r"\g<0>&#8203;", _entities(text, limit))


def inline(text: str, limit: int = LIMIT) -> str:
    r"""As `escape`, by backslashes: for Markdown that is also read as it stands, outside of HTML blocks.

    >>> print(inline("<b>a|b</b> *x* [$1] isn't it"))
    &lt;b&gt;a\|b&lt;/b&gt; \*x\* \[\$1\] isn't it
    """
    inert = _SPECIAL.sub(_backslashed, visible(text, limit))
    return re.sub(r"(?<!\w)\\[@#]", r"\g<0>&#8203;", inert)


def render(report: Report, limit: int = COMMENT_LIMIT) -> str:
    """The whole of `report` as Markdown of at most `limit` bytes; its first line is the answer."""
    found = lines(report)
    answer, rest = answer_of(report).headline
    blocks = [f"**{answer}**" + (f"; {rest}" if rest else ""), *_overview(report, found)]
    closing = [_origin(report)]
    room = ROOM - sum(len(block) + 2 for block in blocks + closing)
    text = "\n\n".join([*blocks, *_fitting([_details(line) for line in found], room), *closing]) + "\n"
    return fitting(text, limit)


def _entities(text: str, limit: int) -> str:
    return _SPECIAL.sub(_entity, visible(text, limit))


def _entity(match: re.Match[str]) -> str:
    return _NAMED.get(match[0]) or f"&#{ord(match[0])};"


def _backslashed(match: re.Match[str]) -> str:
    char = match[0]
    return char if char in _QUOTES else _NAMED.get(char, f"\\{char}")


def _code(text: str, limit: int = LIMIT) -> str:
    """`text` in a code tag, from where it can be copied as it was."""
    return f"<code>{_entities(text, limit)}</code>"


def _overview(report: Report, found: Sequence[Line]) -> Iterator[str]:
    if report["failed"]:
        yield "### Failed\n\n" + "\n".join(_failed(row) for row in report["failed"])
    if report["notes"]:
        yield "### Baseline\n\n" + "\n".join(f"- {escape(note, REASON_LIMIT)}" for note in report["notes"])
    if found:
        for group in columns.groups(found):
            yield _table(group, models=len(report["models"]) > 1)
        yield interval_note(report["results"])
    asked = [
        f"- {_subject(line, report)}: {escape(advice.why(line.reason))}" for line in found if line.notable
    ]
    if asked:
        yield "\n".join([*asked, *_next(report)])
    if said := stated(report):
        yield "### Over benchmarks and models\n\n" + "\n".join(f"- {escape(each)}" for each in said)
    if report["not_measured"]:
        items = [f"- {_code(lost['test'])}: {escape(lost['reason'])}" for lost in report["not_measured"]]
        yield "### Not measured\n\n" + "\n".join(items)
    if report["not_tested"]:
        yield "### Not tested\n\n" + "\n".join(_skipped(report["not_tested"]))
    if report["passed_laws"]:
        yield "### Laws that hold\n\n" + "\n".join(_laws(report["passed_laws"]))


def _next(report: Report) -> Iterator[str]:
    """What would decide most of what is undecided, and the command."""
    step = advice.to_decide(report)
    if step is not None:
        command = f": {_code(step.command, _COMMAND_LIMIT)}" if step.command else ""
        yield f"- **Next** {escape(step.why, REASON_LIMIT)}{command}"


def _failed(row: Row) -> str:
    reason, replay = escape(failure_reason(row), REASON_LIMIT), _code(row["replay"], _COMMAND_LIMIT)
    return f"- **{failure(row)}** {_names(row)}: {reason}\n  - Run it again: {replay}"


def _laws(passed: Sequence[Row]) -> Iterator[str]:
    for model in dict.fromkeys(row["model"] for row in passed):
        names = ", ".join(escape(row["property"]) for row in passed if row["model"] == model)
        yield f"- {escape(model)}: {names}"


def _subject(line: Line, report: Report) -> str:
    model = f", {escape(line.model)}" if len(report["models"]) > 1 else ""
    return f"**{line.verdict}** {escape(line.property)}, {escape(line.benchmark)}{model}"


def _skipped(rows: Sequence[Row]) -> Iterator[str]:
    for reason, *parts in products(rows, "reason", "property", "benchmark", "model"):
        names = ", ".join(escape(name) for part in parts for name in part if name)
        yield f"- **not tested** {names}: {escape(reason)}"


def _names(row: Row) -> str:
    return ", ".join(escape(row[name]) for name in ("property", "benchmark", "model") if row[name])


def _table(found: Sequence[Line], models: bool) -> str:
    names = [name if name.endswith("[low, high]") else escape(name) for name in columns.heads(found)]
    heading = ["minimum detectable effect" if name == "mde" else name for name in names]
    rows = [_cells(line) for line in found]
    if models:
        heading = ["model", *heading]
        rows = [[escape(line.model), *cells] for line, cells in zip(found, rows, strict=True)]
    return "\n".join(_pipes(cells) for cells in [heading, ["---"] * len(heading), *rows])


def _cells(line: Line) -> list[str]:
    *names, verdict = columns.cells(line)
    return [*map(escape, names[:2]), *map(_numeric, names[2:]), f"**{verdict}**"]


def _pipes(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _details(line: Line) -> str:
    row, claim = line.row, line.row["claim"]
    parts = [
        f"Claim: {escape(claim['text'])} ({claim['kind']}; source: {escape(claim['source'])})",
        *([f"Why: {escape(line.reason)}"] if line.reason else []),
        _estimates(row),
        *_example(row),
        *_series(row["series"]),
        *_printed(row),
        f"Settings: {_pairs(row['settings'])}",
        f"{count_of(row['trials'], 'trial')} in {number(row['seconds'], 's')}, "
        f"{count_of(len(row['errors']), 'error')}",
        *_errors(row["errors"]),
        f"Measure it again: {_code(row['replay'], _COMMAND_LIMIT)}",
    ]
    title = f"{line.verdict}: {escape(line.property)}, {escape(line.benchmark)}, {escape(line.model)}"
    return _folded(title, parts)


def _folded(title: str, parts: Iterable[str]) -> str:
    return "\n\n".join([f"<details><summary>{title}</summary>", *parts, "</details>"])


def _estimates(row: Row) -> str:
    heading = ["estimate", "value", interval_note([row]), "unit"]
    heading += ["n", "clusters", "draws", "errors", "seed", "method"]
    rows = [[escape(name), *_numbers(value)] for name, value in row["estimates"].items()]
    return "\n".join(_pipes(cells) for cells in [heading, ["---"] * len(heading), *rows])


def _numbers(value: Row) -> list[str]:
    unit = value["unit"]
    shown = [number(value["value"], unit), interval(value["low"], value["high"], unit), unit]
    counts = [str(value[name]) for name in ("n", "clusters", "draws", "n_error", "seed")]
    return [*map(_numeric, [*shown, *counts]), escape(value["method"])]


def _numeric(cell: str) -> str:
    """`cell` as it is where it holds numbers only; a unit with it is escaped."""
    return cell if _NUMBERS.fullmatch(cell) else escape(cell)


def _series(found: Sequence[Row]) -> list[str]:
    """Curves and maps as preformatted text."""
    lines = [_entities(line, REASON_LIMIT) for series in found for line in figures.text(series)]
    return ["<pre>" + "\n".join(lines) + "</pre>"] if lines else []


def _printed(row: Row) -> list[str]:
    """What the paper prints, as a list."""
    items = [f"- {escape(line)}" for line in printed(row)]
    return ["In the paper:\n\n" + "\n".join(items)] if items else []


def _example(row: Row) -> list[str]:
    """Of a violated result the smallest flipped answer, and the command that shows it."""
    shown = evidence.flip(row)
    if shown is None:
        return []
    told, question = escape(evidence.sentence(row), REASON_LIMIT), escape(shown["prompt"])
    return [f"Example: {told} ({question}). Show it: {_code(shown['replay'], _COMMAND_LIMIT)}"]


def _errors(errors: Sequence[Row]) -> list[str]:
    items = [f"- {_code(entry['sample'])}: {escape(entry['error'])}" for entry in errors[:_SHOWN_ERRORS]]
    more = len(errors) - len(items)
    return ["\n".join(items + ([f"- and {more} more in report.json"] if more else []))] if items else []


def _pairs(values: Row) -> str:
    return ", ".join(_code(f"{name}={value}") for name, value in values.items()) or "none"


def _origin(report: Report) -> str:
    """Models, data, versions and the command of the run, folded away."""
    run = report["run"]
    models = [
        f"- Model {_code(model['id'])}: {escape(model['family'])}, "
        f"fingerprint {_code(model['fingerprint'])}, "
        f"{escape(model['device'])}, {escape(model['dtype'])}, attention {escape(model['attention'])}, "
        f"prompt {escape(model['prompt'])}, {model_size(model['parameters'])}"
        + "".join(f"; {escape(note)}" for note in model.get("notes", ()))
        for model in report["models"]
    ]
    data = [
        f"- Benchmark {_code(data['id'])}: {data['n']} of {data['total']} samples in {data['clusters']} "
        f"clusters, digest {_code(data['digest'])}, from {escape(data['source'])}"
        for data in report["benchmarks"]
    ]
    session = [
        f"- Run {_code(run['id'])}: {escape(run['started'])}, {number(run['seconds'], 's')}, "
        f"seed {run['seed']}, exit status {run['exit_status']}, {escape(run['platform'])}",
        f"- Versions: {_pairs(run['versions'])}",
        f"- Options: {_pairs(run['options'])}",
        f"- Command: {_code(run['command'], _COMMAND_LIMIT)}",
    ]
    return _folded("Model, data, versions and command", ["\n".join(models + data + session)])


def _fitting(details: Sequence[str], room: int) -> list[str]:
    """As many of `details` as fit into `room` characters, and a word about those left out."""
    kept: list[str] = []
    for block in details:
        room -= len(block) + 2
        if room < 0:
            return [*kept, f"The details of {len(details) - len(kept)} more results are in report.json."]
        kept.append(block)
    return kept
