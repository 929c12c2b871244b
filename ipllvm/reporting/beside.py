"""The answers that a run leaves beside its report (baseline.json) are of the same model and say the same."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ipllvm.errors import UsageError
from ipllvm.reporting.schema import Report
from ipllvm.reporting.text import number, visible
from ipllvm.safety import reading

FILE: Final = "baseline.json"
CLOSE: Final = 1e-6
"""By how many points a score may differ that is written twice."""


def require(report: Report, folder: Path) -> None:
    """Raises UsageError where a report and the answers in its folder are not of one run.

    Answers that are missing or can't be read say nothing here: whoever compares with them reads them himself.
    """
    try:
        answers = reading.json_file(folder / FILE)
        found = next(contradictions(report, answers), None)
    except (OSError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return
    if found is not None:
        raise UsageError(f"it and the {FILE} beside it are of different runs: {found}")


def contradictions(report: Report, answers: Mapping[str, Any]) -> Iterator[str]:
    """What a report and answers do not agree on, a line each."""
    about = answers["about"]
    run, model = about.get("run"), about.get("model")
    if run is not None and run != report["run"]["id"]:
        yield f"run {visible(report['run']['id'])} there, {visible(str(run), 60)} beside"
    ours = {each["fingerprint"] for each in report["models"]}
    if isinstance(model, Mapping) and len(ours) == 1 and (theirs := model.get("fingerprint")) not in ours:
        yield f"the weights of {visible(min(ours)[:12])} there, of {visible(str(theirs)[:12])} beside"
    scores = _scores(report) if len(report["models"]) == 1 else {}
    for entry in answers["entries"]:
        place = (entry["property"], entry["benchmark"], entry["claim"]["name"])
        one, other = scores.get(place), entry.get("mean")
        if one is not None and other is not None and abs(one - other) > CLOSE * max(1.0, abs(other)):
            yield (
                f"{visible(place[0])} on {visible(place[1])} is {number(one)} there, {number(other)} beside"
            )


def _scores(report: Report) -> dict[tuple[str, str, str], float | None]:
    """What was measured of each claim, by property, benchmark and claim."""
    return {
        (row["property"], row["benchmark"], row["claim"]["name"]): found["value"]
        for row in report["results"]
        if (found := row["estimates"].get(row["claim"]["quantity"])) is not None
    }
