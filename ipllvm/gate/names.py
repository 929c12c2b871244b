"""Where a baseline is, by its name: nothing is written outside of the folder of baselines."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from ipllvm.errors import UsageError
from ipllvm.safety.printing import visible

FOLDER: Final = "baselines"
FILE: Final = "baseline.json"
"""What a run keeps in its own folder."""
REPORT: Final = "report.json"
LATEST: Final = "latest"
"""Stands for the newest run."""
_NAME: Final = re.compile(r"[^\W_][\w.-]*")
_LONGEST: Final = 100
_LISTED: Final = 10


def is_name(text: str) -> bool:
    """Whether a baseline can be kept under this name: a file's name that leads nowhere else.

    >>> [is_name(text) for text in ("release-1", "../climbed", ".hidden", "x.json", "x.budget", "a" * 300)]
    [True, False, False, False, False, False]
    """
    fits = bool(_NAME.fullmatch(text)) and len(text.encode()) <= _LONGEST
    return fits and not text.endswith((".json", ".budget"))  # x.budget.json is the budget of x


def new(option: str, text: str) -> str:
    """A name for a baseline to be, as `option` gives it; raises UsageError for one that can't be a file's."""
    if text == LATEST:
        raise UsageError(f"--{option} {text}: the name of the newest run, of which it would take the place")
    if not is_name(text):
        raise UsageError(
            f"--{option} {visible(text)}: give at most {_LONGEST} letters, digits, - _ and . that begin with "
            f"a letter or digit, without .json or .budget; it is kept in the folder {FOLDER} of --report-dir"
        )
    return text


def place(reports: Path, name: str) -> Path:
    """The file of a baseline that is kept by name."""
    return reports / FOLDER / f"{name}.json"


def find(text: str, reports: Path, what: str = "--baseline") -> Path | None:
    """The file that a name, a file or a run stands for; None for a name that no baseline has yet.

    A baseline's name goes before a path of the same spelling, and that before the name of a run (`latest`, or
    the folder in `reports`). A folder that holds one run stands for it. Raises UsageError for a path where
    nothing is, and for a folder of several runs.
    """
    if is_name(text) and _exists(place(reports, text)):
        return place(reports, text)
    given = Path(text)
    if text and _exists(given):
        return _within(given, reports, f"{what} {visible(text)}") if given.is_dir() else given
    run = _run(text, reports, what)
    if run is not None:
        return run
    if is_name(text):
        return None
    raise UsageError(f"{what} {visible(text)}: no such file: {_known(text, reports)}")


def unknown(text: str, reports: Path, what: str = "--baseline") -> UsageError:
    """What to say of a name that no baseline has."""
    first = f"the first one is made by --save-baseline={text}" if what == "--baseline" else ""
    told = "; ".join(part for part in (_known(text, reports), first) if part)
    return UsageError(f"{what} {visible(text)}: no such baseline in {visible(str(reports / FOLDER))}: {told}")


def baseline_file(text: str, reports: Path, what: str) -> Path:
    """As `find`; raises UsageError for a name that nothing has."""
    found = find(text, reports, what)
    if found is None:
        raise unknown(text, reports, what)
    return found


def _run(text: str, reports: Path, what: str) -> Path | None:
    """The baseline.json of a run by its name, `latest` or `latest~1`; None where there is no such run.

    Raises UsageError for a run that has kept none: another run is never taken in its place.
    """
    there = _runs(reports, REPORT)
    named = {folder.name: folder for folder in there}
    named |= {f"{LATEST}~{back}": folder for back, folder in enumerate(reversed(there))}
    named |= {LATEST: there[-1]} if there else {}
    if text not in named:
        return None
    if not _exists(named[text] / FILE):
        own = f"it is {named[text].name}, which" if text.startswith(LATEST) else "this run"
        able = ", ".join(run.name for run in _runs(reports)[-_LISTED:]) or "none"
        raise UsageError(
            f"{what} {visible(text)}: {own} has kept no {FILE}, as a run of several models, or one that has "
            f"measured nothing by sample: name another run ({visible(able)})"
        )
    return named[text] / FILE


def _runs(folder: Path, *more: str) -> list[Path]:
    """The runs in a folder that have kept what a baseline needs, or one of these files, the oldest first."""
    try:
        files = {file.parent for name in (FILE, *more) for file in folder.glob(f"*/{name}")}
        return sorted(run for run in files if run.name != FOLDER)
    except OSError:
        return []


def _within(folder: Path, reports: Path, asked: str) -> Path:
    """The baseline.json of a run's folder, or of the one run in it."""
    if _exists(folder / FILE):
        return folder / FILE
    there = _runs(folder)
    if not there:
        raise UsageError(f"{asked}: the folder holds no {FILE}: {_known(str(folder), reports)}")
    if len(there) > 1:
        listed = ", ".join(visible(run.name) for run in there[-_LISTED:])
        raise UsageError(f"{asked}: the folder holds {len(there)} runs: name one of them: {listed}")
    return there[0] / FILE


def _known(text: str, reports: Path) -> str:
    """The closest name, and the names there are."""
    names = sorted(saved(reports))
    close = get_close_matches(Path(text).stem[:_LONGEST], names, n=1, cutoff=0.5)
    hint = f"did you mean '{close[0]}'? " if close else ""
    more = ", ..." if len(names) > _LISTED else ""
    return f"{hint}Known: {', '.join(names[:_LISTED]) or 'none'}{more}"


def saved(reports: Path) -> Iterator[str]:
    """The names of baselines that are kept."""
    try:
        yield from (file.stem for file in (reports / FOLDER).glob("*.json") if is_name(file.stem))
    except OSError:
        return


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or holds a null byte
        return False
