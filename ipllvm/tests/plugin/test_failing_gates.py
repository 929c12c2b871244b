"""A gate that fails says so everywhere: status, page, report, terminal, JUnit, CI, commands and API."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import ipllvm
from ipllvm import cli
from ipllvm.api.report import Report
from ipllvm.reporting.answer import answer_of
from ipllvm.tests.plugin.gates import agree, batch, last, report
from ipllvm.tests.plugin.sessions import Session, sessions, suite

RED = ("failure", "error")


@dataclass(frozen=True, slots=True)
class Case:
    """A gate: the model, the samples, how it is asked, and what it comes to."""

    model: str
    samples: int
    words: tuple[str, ...]
    status: int

    @property
    def failing(self) -> set[str]:
        """The words that fail it."""
        return {"VIOLATED", "WORSE"} if WORSE[0] in self.words else {"VIOLATED"}

    @property
    def command(self) -> list[str]:
        """What the commands without a model take of that."""
        return [each for each in self.words if each.startswith(("--fail-on", "--undecided"))]


WORSE = ("--fail-on=worse",)
OPEN = ("--undecided=fail",)
CASES = {
    "violated": Case("blind", 400, (), 1),
    "worse within its margin": Case("positional", 2000, WORSE, 1),
    "worse, by how much is open": Case("positional", 800, WORSE, 1),
    "all answers together": Case("modality", 1000, WORSE, 1),
    "undecided": Case("modality", 400, OPEN, 6),
    "left out": Case("invariant", 400, ("-k", "first"), 7),
    "not measured": Case("failing", 400, (), 7),
    "too many failed": Case("lossy", 400, (), 7),
    "the same": Case("invariant", 400, (*WORSE, *OPEN), 0),
    "worse, and that may be": Case("positional", 2000, (), 0),
}


def _arguments(case: Case) -> list[str]:
    result = ["--benchmark=scenes", f"--model=planted:{case.model}", f"--samples={case.samples}"]
    return [*result, f"--baseline={_baseline(case)}", *case.words]


def _baseline(case: Case) -> str:
    return f"reports/baselines/of-{case.samples}.json"


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Session]:
    """All of these gates, as in a job of GitHub's."""
    place = suite(tmp_path_factory.mktemp("gates"), "suite_gate")
    invariant = ["--benchmark=scenes", "--model=planted:invariant"]
    sizes = {case.samples for case in CASES.values()}
    saved = sessions(place, *([*invariant, f"--samples={n}", f"--save-baseline=of-{n}"] for n in sizes))
    assert {each.status for each in saved} == {0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITHUB_ACTIONS", "true")
        return batch(place, {name: _arguments(case) for name, case in CASES.items()})


@pytest.fixture(params=CASES, ids=[name.replace(" ", "-") for name in CASES])
def gate(request: pytest.FixtureRequest, done: dict[str, Session]) -> tuple[Case, Session]:
    """One of them."""
    return CASES[request.param], done[request.param]


def _annotations(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("::error")]


def test_status_report_page_and_api_agree(gate: tuple[Case, Session]) -> None:
    case, run = gate
    result: Any = report(run)
    assert (run.status, result["run"]["exit_status"]) == (case.status, case.status)
    read = Report(result, last(run).parent)  # read_report asks for values that the suite makes up
    shown_to_hold = case.status == 0 and WORSE[0] in case.words
    colour = "good" if shown_to_hold else {1: "bad"}.get(case.status, "open")
    assert read.exit_status == case.status and answer_of(read.data).release[0] == colour
    assert read.answer in last(run, "report.html").read_text()
    assert read.ok == (case.status in (0, 6)), "what is undecided is not shown to be wrong"


def test_what_fails_it_is_said_of_its_rows_and_together(gate: tuple[Case, Session]) -> None:
    case, run = gate
    result = report(run)
    own = [row for row in result["results"] if row["claim"]["name"].startswith("regression:")]
    words = {(row["standing"] or row["verdict"])["decision"] for row in own}
    (together,) = {each["decision"] for each in result["statements"] if each["name"] == "no_regression"}
    assert (case.status == 1) == bool(case.failing & words) == (together in case.failing)
    assert case.status == 0 or together != "HOLDS"


def test_the_terminal_and_both_junit_files_are_red(gate: tuple[Case, Session]) -> None:
    case, run = gate
    ends = [*agree(run).values()]
    assert bool(case.status) == any(end in RED for end in ends)
    words = {0: (), 1: ("failed",), 6: ("undecided",), 7: ("error", "errors")}[case.status]
    counted = run.lines[-1].strip("= ").replace(",", "").split()
    assert not words or set(words) & set(counted)
    assert case.status or not {"failed", "error", "errors"} & set(counted)


def test_what_stands_in_the_way_is_annotated(gate: tuple[Case, Session]) -> None:
    case, run = gate
    told = _annotations(run.output)
    assert bool(told) == bool(case.status)
    assert not any("::HOLDS" in line for line in told)
    if case.status == 7:
        assert all("NOT MEASURED" in line for line in told)


@pytest.mark.parametrize("command", ["compare", "gate"])
def test_the_commands_without_a_model_say_the_same(
    gate: tuple[Case, Session],
    command: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case, run = gate
    output = tmp_path / "outputs"
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    sides = [str(run.folder.parent / _baseline(case)), str(last(run).parent)]
    json_too = ["--format=json"] if command == "compare" else []
    assert cli.main([command, *sides, *case.command, *json_too]) == case.status
    printed = capsys.readouterr().out
    if command == "compare":
        (found,) = json.loads(printed).values()
        verdicts = {each["verdict"] for each in found["changes"]}
        assert found["status"] == case.status
        assert (case.status == 1) == bool(case.failing & verdicts)
        return
    values: dict[str, Any] = dict(line.split("=", 1) for line in output.read_text().splitlines())
    words = {0: ("pass", "undecided"), 1: ("fail",), 6: ("undecided",), 7: ("incomplete",)}
    assert values["verdict"] in words[case.status]
    assert case.status != 1 or (float(values["p"]) <= 0.05 and float(values["delta"]) > 0)
    assert bool(_annotations(printed)) == bool(case.status)
    told = {line.partition(" ")[0] for line in printed.splitlines()}
    assert (case.status == 1) == bool(case.failing & told)


def test_the_api_compares_as_the_gate_does(gate: tuple[Case, Session]) -> None:
    case, run = gate
    words = {each.partition("=")[0][2:].replace("-", "_"): each.partition("=")[2] for each in case.command}
    sides = run.folder.parent / _baseline(case), last(run).parent
    found = ipllvm.compare(*sides, **words)  # type: ignore[arg-type]
    assert (found.exit_status, found.ok) == (case.status, not case.status)
    if not found.ok:
        with pytest.raises(ipllvm.errors.ClaimViolated, match=r"scenes|compared|missing|all_answers"):
            found.raise_for_violation()
    with pytest.raises(ipllvm.errors.UsageError, match="fail_on is violated or worse"):
        ipllvm.compare(*sides, fail_on="wrose")
