"""The files that other harnesses log samples in, and each sample with its task. Without torch."""

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ipllvm.benchmarks.jsonlines import numbered
from ipllvm.errors import UsageError
from ipllvm.safety import reading
from ipllvm.safety.printing import visible

MEMBER: Final = 64 * reading.MIB
"""Bytes of one sample in a packed log."""
WHOLE: Final = 2048 * reading.MIB
"""Bytes of a whole log."""
NO_LOG: Final = "not a log of inspect_ai"
_TASK: Final = re.compile(r"(?:.*_)?samples_(.+?)(?:_\d{4}-\d\d-\d\dT[\d.:-]+)?\.jsonl")
_TOTALS: Final = re.compile(r"(?:.*_)?results(?:_.*)?\.json")
_PACKED: Final = re.compile(r".*samples_.*\.jsonl?\.(?:gz|bz2|xz|zst|zip)")


def mistaken(place: Path) -> str:
    """What a harness has left where a log was looked for, in words; empty where it is nothing of the kind."""
    there = [place] if place.is_file() else [*place.rglob("*")] if place.is_dir() else []
    names = [path.name for path in there]
    if packed := next(filter(_PACKED.fullmatch, names), ""):
        return f"{packed}: it is packed: unpack it first"
    if totals := next(filter(_TOTALS.fullmatch, names), ""):
        return f"{totals}: totals alone, and no scores by sample: --log_samples writes these"
    return ""


def files(place: Path) -> list[Path]:
    """The logs that a file or a folder is or holds, by their names."""
    if place.is_file():
        known = _TASK.fullmatch(place.name) or place.suffix == ".eval" or _is_inspect(place)
        return [place] if known else []
    found = [path for path in place.rglob("*.jsonl") if _TASK.fullmatch(path.name)]
    packed = [path for path in place.glob("*.eval") if path.is_file()]
    return sorted([*found, *packed]) if place.is_dir() else []


def _is_inspect(file: Path) -> bool:
    """Whether a JSON file is a log of inspect_ai, by its first words."""
    if file.suffix != ".json":
        return False
    with file.open("rb") as stream:
        start = stream.read(4096)
    start = start.replace(b"\0", b"")  # UTF-16 too, which is told when it is read
    return b'"eval"' in start and b'"version"' in start


def rows(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each sample of a file with its task; raises UsageError, in one line, where it is none."""
    if file.suffix == ".jsonl":
        named = _TASK.fullmatch(file.name)
        task = named[1] if named else file.stem
        yield from ((task, row) for _, row in numbered(file))
    elif file.suffix == ".eval":
        yield from _packed(file)
    else:
        try:
            log = _object(reading.json_file(file, WHOLE, finite=False), "the log")
            samples = log.get("samples") or []
            if not isinstance(samples, list):
                raise reading.Refused("what 'samples' holds is no JSON object each")
            task = _task(log)
            yield from ((task, _object(row, "a sample")) for row in samples)
        except (OSError, ValueError) as error:
            raise UsageError(f"{visible(str(file))}: {NO_LOG}: {error}") from error


def _packed(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The samples of inspect_ai's packed log, one member each."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if sum(each.file_size for each in members) > WHOLE:
                raise UsageError(f"{visible(str(file))}: unpacks to more than {WHOLE >> 30} GiB")
            names = {each.filename for each in members}
            header = next((name for name in ("header.json", "_journal/start.json") if name in names), "")
            task = _task(_member(archive, archive.getinfo(header))) if header else file.stem
            for each in members:
                if each.filename.startswith("samples/") and each.filename.endswith(".json"):
                    yield task, _member(archive, each)
    except NotImplementedError as error:  # of the packing, such as Zstandard
        how = "convert it (inspect log convert --to json)"
        raise UsageError(f"{visible(str(file))}: {NO_LOG} that Python unpacks: {how}") from error
    except RuntimeError as error:
        raise UsageError(f"{visible(str(file))}: {NO_LOG}: it is encrypted") from error
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, ValueError) as error:
        raise UsageError(f"{visible(str(file))}: {NO_LOG}: {error}") from error


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Mapping[str, Any]:
    if info.file_size > MEMBER:
        raise ValueError(f"{info.filename} has {info.file_size:,} bytes")
    with archive.open(info) as stream:
        content = stream.read(MEMBER + 1)
    return _object(reading.json_value(content, finite=False), visible(info.filename))


def _object(value: Any, what: str) -> Mapping[str, Any]:
    """A table of a log; raises Refused for anything else."""
    if not isinstance(value, dict):
        raise reading.Refused(f"{what} is no JSON object")
    return value


def _task(log: Mapping[str, Any]) -> str:
    about = _object(log.get("eval") or {}, "'eval'")
    return str(about.get("task") or "task").rpartition("/")[2]
