"""A report as JUnit: a document of its own, and a row as flat properties for pytest's --junitxml."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from ipllvm.reporting.answer import run_of
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.text import REASON_LIMIT, visible
from ipllvm.reporting.wording import failure, failure_reason, reason, standing, word
from ipllvm.verdicts.failing import NOT_MEASURED

LONG = 4096
CALL = "call"
"""pytest's phase of the test itself."""
ENDINGS = {"failed": "failure", "error": "failure", "skipped": "skipped"}
"""What pytest made of a test that has measured something, and what JUnit calls it; one that passed has no
such element."""
SEVERITY = (NOT_MEASURED, "VIOLATED", "WORSE", "UNDECIDED", "HOLDS")


def render(report: Report) -> str:
    """The whole of `report`: a case for each test that pytest ran, ended as pytest's own JUnit says it did.

    In reports that were put together each run has its own cases.

    What could not be measured is an error, or a failure where it was the test itself that could not; an
    UNDECIDED that was let through is skipped, each with its reason. What was never run, and a row that is of
    no test, is told in the properties of the suite. Times are seconds of wall time, 0 where not known.
    """
    cases = [*_cases(report)]
    ends = Counter(child.tag for case in cases for child in case)
    run = report["run"]
    counts = {"errors": ends["error"], "failures": ends["failure"], "skipped": ends["skipped"]}
    about = {"name": "ipllvm", "tests": len(cases), **counts, "time": _seconds(run["seconds"])}
    root = _element("testsuites", about)
    suite = SubElement(root, "testsuite", _texts({**about, "timestamp": run["started"]}))
    told = {name: run[name] for name in ("id", "command", "seed", "exit_status", "partial", "platform")}
    fingerprints = {f"model.{model['id']}": model["fingerprint"] for model in report["models"]}
    never = [(f"not_run.{row['test']}", row["reason"]) for row in report["not_measured"] if not row["phase"]]
    of_none = [row for row in report["results"] if not _is_test(row)]
    never += [(f"{row['property']}: {name}", value) for row in of_none for name, value in properties(row)]
    suite.append(_properties([*{**told, **run["versions"], **fingerprints}.items(), *never]))
    suite.extend(cases)
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, "unicode", xml_declaration=True) + "\n"


def _cases(report: Report) -> Iterator[Element]:
    results: dict[tuple[str, str], list[Row]] = {}
    for row in filter(_is_test, report["results"]):
        results.setdefault((run_of(row, report)["id"], row["test"]), []).append(row)
    yield from (_measured(test, rows) for (_, test), rows in results.items())
    for row in report["failed"]:
        case = _case(row["test"], row["seconds"])
        _end(case, "failure", failure(row), failure_reason(row), row["replay"])
        yield case
    for row in report["not_measured"]:
        if row["phase"]:
            case = _case(row["test"], row["seconds"])
            _end(case, "failure" if row["phase"] == CALL else "error", NOT_MEASURED, row["reason"])
            yield case
    for row in report["not_tested"]:
        names = "-".join(row[name] for name in ("model", "benchmark") if row[name])
        case = _case(row["test"] or f"{row['property']}[{names}]", 0.0)
        _end(case, "skipped", "not tested", row["reason"])
        yield case
    yield from (_case(row["test"], row["seconds"]) for row in report["passed_laws"])


def _is_test(row: Row) -> bool:
    """Whether a row is of a test of pytest's: that over all answers of a gate is of none."""
    return "::" in row["test"]


def _measured(test: str, rows: Sequence[Row]) -> Element:
    """The case of a test with results; of several claims the properties begin with the claim's name."""
    case = _case(test, max(row["seconds"] or 0.0 for row in rows))
    named = [(f"{row['claim']['name']}: " if len(rows) > 1 else "", row) for row in rows]
    case.append(
        _properties((f"{claim}{name}", value) for claim, row in named for name, value in properties(row))
    )
    worst = min(rows, key=lambda row: SEVERITY.index(standing(row)))
    ends = [ENDINGS[row["outcome"]] for row in rows if row["outcome"] in ENDINGS]
    if ends:
        _end(case, min(ends, key=[*ENDINGS.values()].index), word(worst), reason(worst), worst["replay"])
    return case


def _case(test: str, seconds: float | None) -> Element:
    """The test case of pytest's id `test`, named as pytest names it."""
    address, bracket, parameters = test.partition("[")
    file, *names = address.split("::")
    place = [file.replace("/", ".").removesuffix(".py"), *names[:-1]] if names else ["ipllvm"]
    name = f"{(names or [file])[-1]}{bracket}{parameters}"
    return _element("testcase", {"classname": ".".join(place), "name": name, "time": _seconds(seconds)})


def _end(case: Element, tag: str, kind: str, reason: str, replay: str = "") -> None:
    message = f"{kind}: {visible(reason, REASON_LIMIT)}" if reason else kind
    end = SubElement(case, tag, {"message": message, "type": kind})
    end.text = f"run it again: {visible(replay, LONG)}" if replay else None


def _properties(found: Iterable[tuple[str, object]]) -> Element:
    made = Element("properties")
    for name, value in found:
        SubElement(made, "property", {"name": visible(name), "value": visible(_text(value), LONG)})
    return made


def _element(tag: str, attributes: Mapping[str, object]) -> Element:
    return Element(tag, _texts(attributes))


def _texts(attributes: Mapping[str, object]) -> dict[str, str]:
    return {name: visible(str(value)) for name, value in attributes.items()}


def _seconds(value: float | None) -> str:
    return f"{value or 0.0:.3f}"


def properties(row: Row) -> list[tuple[str, str]]:
    """Names and values, both plain text: what was measured on what, the numbers, the verdict.

    `row` comes from `schema.row` or from the results of a report. Every estimate gives NAME,
    NAME.low and NAME.high; the one that the claim speaks of also gives low, high, n, clusters,
    draws and n_error. What is not known is left out.
    """
    claim, verdict = row["claim"], row["verdict"]
    target = row["estimates"].get(claim["quantity"], {})
    found = {
        "property": row["property"],
        "model": _name(row["model"]),
        "benchmark": _name(row["benchmark"]),
        "claim": claim["name"],
        "margin": claim["margin"],
        **_bounds(row["estimates"]),
        **{name: target.get(name) for name in ("unit", "low", "high", "n", "clusters", "draws", "n_error")},
        **{name: verdict[name] for name in ("p_holds", "p_violated", "n_to_decide")},
        "mde": verdict["minimum_detectable_effect"],
        "verdict": word(row),
        "reason": verdict["reason"],
        **{name: row[name] for name in ("trials", "seconds", "partial")},
        "errors": len(row["errors"]),
    }
    return [(visible(name), _text(value)) for name, value in found.items() if value not in (None, "")]


def _bounds(estimates: Row) -> Row:
    parts = {"": "value", ".low": "low", ".high": "high"}
    return {name + end: each[part] for name, each in estimates.items() for end, part in parts.items()}


def _name(info: Row | str) -> str:
    return info if isinstance(info, str) else str(info["name"])


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else visible(str(value))
