"""Files and models that a report names by their way from where its run was made: their way from here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ipllvm.judges.recorded import PREFIX
from ipllvm.models import embedded, sources
from ipllvm.models.planted import naming
from ipllvm.reporting.schema import Report

EMBEDDED = frozenset(each.name for each in embedded.EMBEDDED_MODELS)
CONFIGS = ("config.json", "adapter_config.json")
CHECKPOINTS = ("adapter", "base_model", "vision_tower", "saliency", "captioner")


def found(report: Report, folder: Path) -> Report:
    """A report that lies in `folder`, whose options name models and recorded replies by their way from here.

    Each is looked for from here, then from the report's folder upwards. What it holds is compared afterwards.
    """
    options: dict[str, Any] = dict(report["run"]["options"])
    options["models"] = [checkpoint(name, folder) for name in options.get("models") or []]
    for name in CHECKPOINTS:
        if options.get(name):
            options[name] = checkpoint(str(options[name]), folder)
    judge = str(options.get("judge") or "")
    if judge.startswith(PREFIX):
        options["judge"] = PREFIX + file(judge.removeprefix(PREFIX), folder)
    elif judge:
        options["judge"] = checkpoint(judge, folder)
    return {**report, "run": {**report["run"], "options": options}}


def file(name: str, folder: Path) -> str:
    """A file, such as one of own data; a name without a suffix is none's."""
    return _above(name, folder, Path.exists) if Path(name).suffix else name


def checkpoint(name: str, folder: Path) -> str:
    """A model's folder; the name of an embedded, planted or served model, or an alias, is none's."""
    if name in EMBEDDED or name in sources.HUB_ALIASES or name.startswith("~"):
        return name
    if naming.is_planted(name) or sources.is_endpoint(name):
        return name
    return _above(name, folder, lambda place: any((place / each).is_file() for each in CONFIGS))


def _above(name: str, folder: Path, there: Callable[[Path], bool]) -> str:
    """The first of `name` here and below each folder above `folder` that is `there`; else `name`."""
    try:
        if Path(name).is_absolute() or there(Path(name)):
            return name
        places = (above / name for above in folder.resolve().parents)
        return next((str(place) for place in places if there(place)), name)
    except (OSError, ValueError):  # too long for a name; a zero byte
        return name
