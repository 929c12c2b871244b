"""Reports that older versions of ipllvm wrote, as this one reads them.

Within a version of the schema fields are only added or renamed. A field that came after the first report of
its version has a `default` in document.py: what an older report means that does not have it. A field that had
another name has that as `formerly`.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any

from ipllvm.errors import UsageError
from ipllvm.reporting import beside
from ipllvm.reporting.schema import SCHEMA, VERSION, Report, validate
from ipllvm.reporting.text import visible
from ipllvm.safety import reading

_VERSION = re.compile(r"ipllvm-report/(\d+)")


def read(file: Path) -> Report:
    """The report in `file`, as `current` gives it; raises UsageError in one line.

    So it does where the answers beside it are of another run or of other weights (beside.py).
    """
    shown = visible(str(file), 4096)
    try:
        found = reading.json_file(file)
    except OSError as error:
        raise UsageError(f"{shown}: can't read the report: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{shown}: {error}") from error
    try:
        report = current(found)
        beside.require(report, file.parent)
        return report
    except UsageError as error:
        raise UsageError(f"{shown}: {error}") from None


def current(report: Any) -> Report:
    """`report` with all fields that this version knows, valid by its schema; the argument is not changed.

    Raises UsageError for what is no report, for one of a later version of the schema, and for one that
    contradicts itself (consistency.py).
    """
    name = report.get("schema") if isinstance(report, dict) else None
    version = _VERSION.fullmatch(str(name))
    if version and int(version[1]) > int(VERSION.rpartition("/")[2]):
        raise UsageError(f"{name} was written by a later ipllvm; this one reads {VERSION}: update ipllvm")
    filled: Report = _filled(report, SCHEMA)
    validate(filled)
    _require_listed(filled)
    from ipllvm.reporting import consistency  # brings scipy along, which no help and no list needs

    consistency.require(filled)
    return filled


def _require_listed(report: Report) -> None:
    """Raises UsageError where a result names a model or a benchmark that the report does not list, once."""
    for kind in ("model", "benchmark"):
        listed = Counter(each["id"] for each in report[f"{kind}s"])
        for name, count in listed.items():
            if count > 1:
                raise UsageError(f"not an {VERSION}: it lists {kind} {visible(name)!r} {count} times")
        for row in report["results"]:
            if row[kind] not in listed:
                raise UsageError(
                    f"not an {VERSION}: a result names {kind} {visible(row[kind])!r}, which is not listed"
                )


def _filled(value: Any, node: Any) -> Any:
    """`value` with the defaults of the fields that it does not have; faults are left for `validate`."""
    for each in node.get("anyOf", ()):
        node = each if "$ref" in each and value is not None else node
    if "$ref" in node:
        node = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]]
    if isinstance(value, list) and isinstance(node.get("items"), dict):
        return [_filled(item, node["items"]) for item in value]
    if not isinstance(value, dict):
        return value
    fields, others = node.get("properties", {}), node.get("additionalProperties", {})
    former = {field["formerly"]: name for name, field in fields.items() if "formerly" in field}
    value = {former.get(name, name): each for name, each in value.items()}
    missing = {name: field["default"] for name, field in fields.items() if "default" in field}
    return {**missing, **{name: _filled(each, fields.get(name, others)) for name, each in value.items()}}
