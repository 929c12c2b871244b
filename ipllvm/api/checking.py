"""`ipllvm.check`: the properties of a model, named or in memory, as a report."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipllvm.api.report import Report
from ipllvm.api.session import names, one_at_a_time, require_report, run, spelled
from ipllvm.errors import UsageError
from ipllvm.models.load_options import LoadOptions

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel
    from ipllvm.session.python_call import PythonCall

REPORTS = "reports"
UNNAMED = "in-memory"
LOADING = ("prompt", "device", "dtype", *(each.name for each in fields(LoadOptions)))
"""Options that say how a named model is loaded and asked."""


@one_at_a_time
def check(
    model: Any = "llava-tiny",
    processor: Any = None,
    *,
    properties: "str | Iterable[str] | None" = None,
    benchmarks: "str | Iterable[str] | None" = None,
    samples: int | str | None = None,
    against: "str | PathLike[str] | Report | None" = None,
    claims: "str | PathLike[str] | None" = None,
    name: str = UNNAMED,
    report_dir: "str | PathLike[str]" = REPORTS,
    verbose: bool = False,
    **options: Any,
) -> Report:
    """Measure properties of a model, and give what was found; nothing is raised for a claim that is violated.

    It is the session that `ipllvm check` starts: same options, store and report; other threads wait for it.

    Args:
        model: A name, a folder or an id of the hub; several of these; or a model of transformers in memory.
        processor: The processor of a model in memory.
        properties: Names of properties or claims, or files of your own; all if not given.
        benchmarks: What to measure on, as `--benchmark` takes it; the profile's if not given.
        samples: How many of each benchmark, or "all"; else the profile's.
        against: A baseline to compare with: a name, a file, the folder of a run, or a report.
        claims: A TOML file with margins of your own.
        name: What reports call a model in memory.
        report_dir: Where the report is written; the store is the user's (`IPLLVM_STORE` moves it).
        verbose: Whether to print what the command prints.
        **options: Any option of `ipllvm check --options`, with underscores, such as `no_store=True`.

    Returns:
        The report; `report.ok` is whether nothing stands in the way.

    Raises:
        UsageError: What is asked for can't be done, with the closest name.
        ModelUnavailable: A model in memory is of no family that is known.
        NotMeasured: There was nothing to measure.
    """
    _require_text(name=name, report_dir=report_dir)
    wanted = {
        "benchmark": benchmarks,
        "samples": samples,
        "claims": claims,
        "baseline": _baseline(against),
        "report_dir": report_dir,
        "property": properties,
        **options,
    }
    if in_memory := _is_in_memory(model):
        _refuse_loading(options)
    words = spelled(wanted)
    if not in_memory:
        words += [f"--model={each}" for each in names(model)]
        if processor is not None:
            raise UsageError("processor: it is for a model in memory; a named model brings its own")
        return Report(*require_report(run(words, Path(report_dir), verbose=verbose, asked=_asked(words))))
    with _in_hand(model, processor, name) as adapted:
        held, asked = {name: adapted}, _asked(words, in_memory=name)
        return Report(*require_report(run(words, Path(report_dir), held, verbose=verbose, asked=asked)))


def _asked(words: Sequence[str], in_memory: str = "") -> "PythonCall":
    """The call as a report shows it: without the usual report folder, files of properties from here."""
    from ipllvm.session.python_call import PythonCall

    files = [os.path.relpath(word) for word in words if not word.startswith("--")]
    given = [f"--name={in_memory}"] if in_memory else []
    given += [word for word in words if word.startswith("--") and word != f"--report-dir={REPORTS}"]
    return PythonCall([*given, *(f"--property={file}" for file in files)], files, in_memory)


def _require_text(**given: object) -> None:
    """Raises UsageError for what is no text and no path, and for an empty one."""
    for name, value in given.items():
        if not isinstance(value, str | PathLike) or not str(value):
            raise UsageError(f"{name}={value!r}: give a text")


def _refuse_loading(options: Mapping[str, Any]) -> None:
    """Raises UsageError for what says how a model is loaded, of one that is in memory."""
    from ipllvm.session.options import OPTIONS

    if options.get("adapter"):
        raise UsageError("adapter: merge it into the model in memory before it is measured")
    for name in LOADING:
        if options.get(name) not in (None, False, OPTIONS[name].default):
            raise UsageError(f"{name}: a model in memory is measured as it was loaded: leave it out")


def _baseline(against: "str | PathLike[str] | Report | None") -> str | None:
    if not isinstance(against, Report):
        return None if against is None else str(against)
    if against.folder is None:
        raise UsageError("against: this report lies in no folder: give the baseline's name or file")
    return str(against.folder)


def _is_in_memory(model: Any) -> bool:
    return not isinstance(model, str | PathLike) and (hasattr(model, "config") or hasattr(model, "prepare"))


@contextmanager
def _in_hand(model: Any, processor: Any, name: str) -> "Iterator[VisionLanguageModel]":
    """A model of transformers as one that can be measured, and as it was afterwards.

    Raises UsageError without a processor, ModelUnavailable for what can't answer and an unknown family.
    """
    if hasattr(model, "prepare"):  # it is one already
        yield model
        return
    if processor is None:
        raise UsageError("a model in memory needs its processor: ipllvm.check(model, processor)")
    if not hasattr(processor, "image_processor"):
        raise UsageError(f"processor: a {type(processor).__name__} takes no pictures: give AutoProcessor's")
    from ipllvm.api.preserved import preserved
    from ipllvm.models.adapting import in_hand, require_answering

    require_answering(model, name)
    with preserved(model, processor):
        yield in_hand(model, processor, name=name)
