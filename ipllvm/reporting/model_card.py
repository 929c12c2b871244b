"""A report in the forms of the hub: a section of a model card with its metadata, and `.eval_results`.

The metadata is the `model-index` of a card; `.eval_results/ipllvm.yaml` (hub docs, eval-results) has the
clean scores on published data sets that were measured whole, which leaderboards read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ipllvm.errors import UsageError
from ipllvm.records import COMPARISON
from ipllvm.registry import BENCHMARKS
from ipllvm.reporting.answer import answer_of
from ipllvm.reporting.folders import inner_folder, replace_file
from ipllvm.reporting.markdown import escape
from ipllvm.reporting.measures import places
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.text import interval, number
from ipllvm.reporting.wording import interval_note, standing
from ipllvm.safety.printing import visible

if TYPE_CHECKING:
    from huggingface_hub import EvalResult, EvalResultEntry

TASK: Final = "image-text-to-text"
FOLDER: Final = "model-card"
COLUMNS: Final = ("property", "benchmark", "quantity", "value", "{interval}", "margin", "n", "verdict")
STANDARD: Final = {"answer": "generate", "prompt": "checkpoint"}
"""Settings of the standard protocol, where a row names them."""


def write(report: Report, folder: Path) -> list[Path]:
    """Writes README.md and, where there is something for it, .eval_results/ipllvm.yaml into `folder`.

    Raises UsageError for a report of several models, and where `folder` can't be written.
    """
    if len(report["models"]) != 1:
        raise UsageError(f"--model-card: a card is of one model, and this report has {len(report['models'])}")
    files = [replace_file(folder, "README.md", card(report))]
    if entries := list(_entries(report)):
        text = _yaml(entries)
        files.append(replace_file(inner_folder(folder, ".eval_results"), "ipllvm.yaml", text))
    return files


def card(report: Report) -> str:
    """The front matter of a card and its section on properties."""
    from huggingface_hub import ModelCardData

    name = visible(report["models"][0]["name"])
    results = list(_results(report))
    data = ModelCardData(model_name=name, eval_results=results or None, pipeline_tag=TASK)
    return f"---\n{data.to_yaml()}\n---\n\n{section(report)}"


def section(report: Report) -> str:
    """What a card says of the properties: the answer, a row a result, what made it."""
    note = interval_note([row for row in report["results"] if row["estimates"]])
    rows = [
        tuple(name.format(interval=note) for name in COLUMNS),
        ("---",) * len(COLUMNS),
        *map(_cells, places(report["results"]), report["results"]),
        *map(_missing, report["not_measured"]),
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    version, model = report["run"]["versions"].get("ipllvm", ""), report["models"][0]
    origin = (
        f"Measured by ipllvm {escape(version)} on {escape(report['run']['finished'][:10])}: weights "
        f"{escape(model['fingerprint'][:12])}, {escape(model['dtype'])}, seed {report['run']['seed']}."
    )
    first, rest = answer_of(report).headline
    return f"## Properties\n\n**{escape(first)}**{escape(f'; {rest}' * bool(rest))}\n\n{table}\n\n{origin}\n"


def _cells(place: str, row: Row) -> tuple[str, ...]:
    claim, target = row["claim"], row["estimates"].get(row["claim"]["quantity"]) or {}
    sign, unit = "≤" if claim["direction"] == "at_most" else "≥", escape(target.get("unit", ""))
    kind = "" if claim["kind"] == "requirement" else " (observation)"
    return (
        escape(place.removesuffix(f"/{row['benchmark']}")),
        escape(row["benchmark"]),
        escape(claim["quantity"]),
        number(target.get("value"), unit),
        interval(target.get("low"), target.get("high"), unit),
        f"{sign} {claim['margin']:g}",
        f"{target.get('n', 0):,}",
        f"{standing(row)}{kind}",
    )


def _missing(row: Row) -> tuple[str, ...]:
    return (escape(row["property"]), escape(row["benchmark"]), *[""] * (len(COLUMNS) - 3), "not measured")


def _results(report: Report) -> "Iterator[EvalResult]":
    """Each measured quantity and each clean score, once, as the metadata of a card has them."""
    from huggingface_hub import EvalResult

    for name, metric, value, row in _scores(report):
        yield EvalResult(
            task_type=TASK,
            dataset_type=visible(_repository(row["benchmark"]) or row["benchmark"]),
            dataset_name=visible(row["benchmark"]),
            metric_type=visible(metric),
            metric_name=visible(name),
            metric_value=round(value, 2),
        )


def _scores(report: Report) -> Iterator[tuple[str, str, float, Row]]:
    given = set()
    for place, row in zip(places(report["results"]), report["results"], strict=True):
        if row["claim"]["name"].startswith(COMPARISON):
            continue  # how it stands to a file of the author's is no score of the model
        for key in ("clean", row["claim"]["quantity"]):
            value = (row["estimates"].get(key) or {}).get("value")
            name = "clean score" if key == "clean" else f"{place.removesuffix('/' + row['benchmark'])}: {key}"
            if value is not None and (name, row["benchmark"]) not in given:
                given.add((name, row["benchmark"]))
                yield name, "accuracy" if key == "clean" else key, float(value), row


def _entries(report: Report) -> "Iterator[EvalResultEntry]":
    """The clean scores on published data sets, by their own rules, of which all samples were measured."""
    try:
        from huggingface_hub import EvalResultEntry
    except ImportError as error:
        raise UsageError("--model-card: .eval_results needs a later huggingface_hub: update it") from error
    sizes = {each["id"]: each for each in report["benchmarks"]}
    for _, metric, value, row in _scores(report):
        data = sizes[row["benchmark"]]
        repository = _repository(data["name"])
        if metric == "accuracy" and repository and _is_whole(row, data):
            yield EvalResultEntry(
                dataset_id=repository,
                task_id="default",
                value=round(value, 2),
                date=report["run"]["finished"],
                notes=f"{visible(data['name'])}, n = {data['n']}",
            )


def _is_whole(row: Row, data: Row) -> bool:
    """Whether the clean score is of every sample that was published, by the standard protocol.

    It is not of an interrupted run, of one that ended when its claim was decided, where samples failed, of
    a copy that lacks rows, of another protocol, of answers by likelihood, to another prompt than the
    checkpoint's or graded by a judge; nor of rows of the hub whose protocol is not known here.
    """
    clean, name, given = row["estimates"]["clean"], data["name"], row["settings"]
    if row["partial"] or clean["n_error"] or not clean["n"] == data["n"] == data["total"]:
        return False
    if "judge" in given or any(given.get(key, usual) != usual for key, usual in STANDARD.items()):
        return False
    return (
        "@" not in name
        and not name.startswith("hub:")
        and data["total"] == getattr(BENCHMARKS.load(name), "size", data["total"])
    )


def _repository(benchmark: str) -> str:
    """The data set of the hub that a published benchmark is, empty for one that is none."""
    name = benchmark.partition("@")[0]
    found: Any = getattr(BENCHMARKS.load(name), "hub", None) if name in BENCHMARKS else None
    return found.repositories[0] if found and found.repositories else ""


def _yaml(entries: "list[EvalResultEntry]") -> str:
    import yaml  # type: ignore[import-untyped]
    from huggingface_hub import eval_result_entries_to_yaml

    return str(yaml.safe_dump(eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True))
