"""What a gate or a run leaves in a CI job: a summary, annotations, outputs, a comment with the worst."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ipllvm.reporting.comments import COMMENT_LIMIT, fitting
from ipllvm.reporting.markdown import escape
from ipllvm.reporting.text import interval, number
from ipllvm.safety.printing import annotate

if TYPE_CHECKING:
    from ipllvm.gate.outcome import Change, Gate
    from ipllvm.reporting.schema import Report

MARK: Final = "<!-- ipllvm-gate -->"
"""By which a comment of an earlier run is found and replaced."""
SUMMARY, OUTPUT, ACTIONS = "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_ACTIONS"
PLACE: Final = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
EXAMPLES: Final = 3
SUMMARY_LIMIT: Final = 1 << 20
"""Bytes of a step's summary; GitHub shows nothing of a longer one."""
HEAD: Final = ("", "measure", "benchmark", "before", "after", "worse by", "margin", "lost, gained")


def comment(answer: str, gate: "Gate", environment: Mapping[str, str] = MappingProxyType({})) -> str:
    """The gate as one comment that replaces itself: answer, a row a comparison, the three worst, and where a
    job of GitHub's wrote it the way to that job, with whose artifacts the pages and pictures are.
    """
    rows = [HEAD, ("---",) * len(HEAD), *(_row(gate, each) for each in gate.changes)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    notes = "\n".join(f"- {escape(line)}" for line in gate.lines())
    blocks = [MARK, f"**{escape(answer)}**", table, notes, _worst(gate), job_link(environment)]
    return fitting("\n\n".join(filter(None, blocks)) + "\n", COMMENT_LIMIT)


def outputs(gate: "Gate", verdict: str) -> dict[str, str]:
    """What later steps can use: of the worst comparison, of those that fail it if any do."""
    failing = [*filter(gate.fails, gate.changes)] or gate.changes
    worst = max(failing, key=lambda each: each.estimate.value or 0.0, default=None)
    found = {"verdict": verdict, "delta": "", "p": "", "samples-needed": ""}
    if worst is None:
        return found
    needed, p = worst.verdict.n_to_decide, worst.verdict.p_violated
    if gate.standing(worst) == "WORSE" and worst.verdict.p_worse is not None:
        p = worst.verdict.p_worse
    return {
        **found,
        "delta": f"{worst.estimate.value or 0.0:.4g}",
        "p": f"{p:.3g}",
        "samples-needed": "" if needed is None else str(needed),
    }


def problems(gate: "Gate") -> Iterator[str]:
    """One line for each comparison that stands in the way, and for each that was not made."""
    for change in gate.changes:
        if gate.stops(change):
            where = f"{gate.measure(change)} on {change.key.benchmark}"
            yield f"{gate.standing(change)} {where}: {gate.reason(change)}"
    yield from gate.lines()


def publish(
    page: str, values: Mapping[str, str], errors: Sequence[str], environment: Mapping[str, str]
) -> None:
    """Leave all of it where the job looks for it; nothing where there is no job."""
    _append(environment.get(SUMMARY), page, SUMMARY_LIMIT)
    _append(environment.get(OUTPUT), "".join(f"{name}={value}\n" for name, value in values.items()))
    if environment.get(ACTIONS) == "true":
        for error in errors:
            annotate("error", "ipllvm", error)


def publish_run(report: "Report", environment: Mapping[str, str]) -> None:
    """Leave a run in a CI job: its Markdown as the summary, an annotation for all that stands in its way."""
    from ipllvm.reporting import advice, markdown
    from ipllvm.reporting.answer import answer_of
    from ipllvm.reporting.lines import lines
    from ipllvm.reporting.wording import failure_reason, standing
    from ipllvm.verdicts.failing import NOT_MEASURED

    if not (environment.get(SUMMARY) or environment.get(ACTIONS) == "true"):
        return
    found = answer_of(report)
    errors = [
        f"{line.verdict} {line.property} on {line.benchmark}: {advice.why(line.reason)}"
        for line in lines(report)
        if found.stops(line.row) or standing(line.row) == NOT_MEASURED
    ]
    errors += [f"{row['property']}: {failure_reason(row)}" for row in report["failed"]]
    errors += [f"{NOT_MEASURED} {row['property']}: {row['reason']}" for row in report["not_measured"]]
    publish(
        markdown.render(report, SUMMARY_LIMIT),
        {},
        errors if report["run"]["exit_status"] else [],
        environment,
    )


def _append(place: str | None, text: str, limit: int = 0) -> None:
    """Add a text to a job's file, which may have `limit` bytes in all."""
    if place:
        with suppress(OSError), Path(place).open("a", encoding="utf-8") as file:
            file.write(fitting(text, limit - file.tell()) if limit else text)


def job_link(environment: Mapping[str, str]) -> str:
    """A link to the job: a comment shows no pictures that are not on the web (GitHub takes no data URI)."""
    server, repository, number = (environment.get(name, "") for name in PLACE)
    address = f"{server}/{repository}/actions/runs/{number}"
    if not re.fullmatch(r"https?://[\w.:-]+/[\w.-]+/[\w.-]+/actions/runs/\d+", address):
        return ""
    return f"[The job]({address}), with the pages and pictures that it keeps."


def _row(gate: "Gate", change: "Change") -> tuple[str, ...]:
    found = change.estimate
    cells = [
        gate.standing(change),
        gate.measure(change),
        change.key.benchmark,
        number(change.before),
        number(change.after),
        f"{number(found.value)} {interval(found.low, found.high)}",
        f"{change.claim.margin:g}",
        ", ".join(map(str, found.discordant)),
    ]
    return tuple(map(escape, cells))


def _worst(gate: "Gate") -> str:
    """The samples that lost most, with both answers."""
    for change in sorted(gate.changes, key=lambda each: -(each.estimate.value or 0.0)):
        if change.turned:
            rows = [f"- {escape(str(each), 1000)}" for each in change.turned[:EXAMPLES]]
            name, benchmark = escape(change.key.property), escape(change.key.benchmark)
            return "\n".join([f"Worst on {benchmark} ({name}):", *rows])
    return ""
