"""What a pytest session gathers: rows from tests (and workers), a report, an exit status."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from ipllvm.errors import (
    LIMIT,
    ClaimUndecided,
    ClaimViolated,
    Finding,
    IpllvmError,
    NotTested,
    UsageError,
    first_line,
)
from ipllvm.safety.printing import Guarded, visible
from ipllvm.session.costs import planned
from ipllvm.session.options import Options
from ipllvm.session.progress import Controller, controller, told

if TYPE_CHECKING:
    from ipllvm.engine.forecast import Forecast
    from ipllvm.gate.outcome import Gate
    from ipllvm.records import ModelInfo

T = TypeVar("T")
OPTIONS = pytest.StashKey[Options]()
COSTS = pytest.StashKey[dict[str, tuple["ModelInfo", "Forecast", list[str]]]]()
ROWS = pytest.StashKey[dict[str, list[dict[str, Any]]]]()
VIOLATED, UNDECIDED, NOT_MEASURED, SKIPPED = "violated", "undecided", "not measured", "skipped"
FAILED, PASSED_LAW = "failed", "passed law"
EXIT_UNDECIDED, EXIT_NOT_MEASURED = 6, 7
OWN = "the exit status is the comparison's: what the model's own claims come to is told and fails nothing"


def case(item: pytest.Item) -> dict[str, Any]:
    """Which property, model and benchmark a test is about; empty for a test that is no property."""
    spec = getattr(item, "callspec", None)
    if spec is None or "model_name" not in spec.params:
        return {}
    return {
        "property": str(getattr(item, "originalname", item.name)).removeprefix("test_"),
        "model": item.config.stash[OPTIONS].label(spec.params["model_name"]),
        "benchmark": str(spec.params.get("benchmark_name", "")),
        "primary": item.get_closest_marker("requirement") is not None,
        "law": item.get_closest_marker("law") is not None,
    }


def place(item: pytest.Item, options: Options) -> tuple[int, int]:
    """Where a test belongs in the order of a run: by model, then by benchmark; others come first.

    pytest's own order may return to a model that has made room for another.
    """
    params = getattr(getattr(item, "callspec", None), "params", {})
    if "model_name" not in params:
        return -1, -1
    order = {name: number for number, name in enumerate(options.benchmarks)}
    return options.models.index(params["model_name"]), order.get(params.get("benchmark_name", ""), len(order))


def finding(report: pytest.TestReport, raised: BaseException | None, item: pytest.Item) -> None:
    """Rewrite the report of a test that ended in a finding or could not measure: one line, no traceback.

    Any other exception, a failed assertion aside, is no verdict either: under -v it keeps its traceback.
    """
    if not case(item):
        return
    if not isinstance(raised, Finding | IpllvmError):
        if report.when != "teardown" and _unexpected(raised):
            vars(report)["ipllvm_finding"] = NOT_MEASURED
            if item.config.get_verbosity() <= 0:
                report.longrepr = f"{type(raised).__name__}: {visible(first_line(raised), LIMIT)}"
        return
    if isinstance(raised, ClaimUndecided | NotTested):
        path, line, _ = item.location
        word = "UNDECIDED" if isinstance(raised, ClaimUndecided) else "Skipped"
        report.outcome = "skipped"
        report.longrepr = (str(path), (line or 0) + 1, f"{word}: {raised}")
        if isinstance(raised, NotTested):
            return
    else:
        notes = getattr(raised, "__notes__", ()) if item.config.get_verbosity() > 0 else ()
        report.longrepr = "\n".join([str(raised), *notes])
    vars(report)["ipllvm_finding"] = _kind(raised)


def _unexpected(raised: BaseException | None) -> bool:
    return isinstance(raised, Exception) and not isinstance(raised, AssertionError)


def _kind(raised: BaseException) -> str:
    if isinstance(raised, ClaimViolated):
        return VIOLATED
    return UNDECIDED if isinstance(raised, ClaimUndecided) else NOT_MEASURED


def status(report: pytest.TestReport) -> tuple[str, str, Any] | None:
    """Category, letter and word of a finding; None leaves pytest's own."""
    found = getattr(report, "ipllvm_finding", None)
    if told(report):
        return "", "", ""
    if found == UNDECIDED:
        return UNDECIDED, "u", ("UNDECIDED", {"yellow": True})
    if found == VIOLATED:
        return "failed", "V", ("VIOLATED", {"red": True})
    if found == NOT_MEASURED:
        return "error", "N", ("NOT MEASURED", {"red": True})
    return None


class Session:
    """The controller's view of a run: gathers, writes the report once, sets the exit status."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.options = config.stash[OPTIONS]
        self.began = datetime.now(UTC)
        self.reports: list[pytest.TestReport] = []
        self.report: dict[str, Any] | None = None
        self.folder: Path | None = None
        self.unwritten = ""
        self.gate: Gate | None = None
        self.told: list[str] = []
        self._kept: list[dict[str, Any]] = []
        self._workers: Controller | None = None
        self._said: list[dict[str, Any]] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Whatever the terminal is told goes through `ipllvm.safety.printing`."""
        reporter: Any = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None and not isinstance(reporter._tw._file, Guarded):
            reporter._tw._file = Guarded(reporter._tw._file)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Before anything is measured: a report folder that can't be written ends the run."""
        if self.config.getoption("collectonly") or not any(case(item) for item in session.items):
            return
        from ipllvm.reporting.folders import ensure_writable, refuse_link

        try:
            ensure_writable(self.options.report_dir)
            for name in ("outcomes", "artifacts", "baselines"):
                refuse_link(self.options.report_dir / name)
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep every report, to be sorted at the end; under xdist this runs in the controller."""
        said = told(report)
        if said is None:
            self.reports.append(report)
            return
        self._workers = self._workers or controller(self.config)
        self._workers.tell(getattr(report, "worker_id", ""), *said)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Set the exit status (0, 1, 6 or 7; pytest's 2-5 stay), then write the report."""
        rows = [] if self.options.plan else list(self._rows())
        session.exitstatus = self.exit_status(int(exitstatus), rows)
        if self.options.plan:
            return
        ends = (FAILED, PASSED_LAW, NOT_MEASURED, *([SKIPPED] if self.options.baseline else []))
        if not rows and not any(any(self._lost(kind)) for kind in ends):
            return
        try:
            rows += self._gated(rows)
            session.exitstatus = self._with_gate(int(session.exitstatus))
            self._write(rows, int(session.exitstatus))
            self._keep(rows)
        except UsageError as error:
            self.unwritten = str(error)
            session.exitstatus = int(session.exitstatus) or pytest.ExitCode.USAGE_ERROR

    def exit_status(self, status: int, rows: Sequence[Mapping[str, Any]] = ()) -> int:
        """What pytest says, refined by the run's one answer: 7 not measured, 6 undecided where that fails.

        A test fails by its own verdict; whether that stands among all claims of the run is what counts.
        """
        found = [getattr(report, "ipllvm_finding", None) for report in self.reports]
        known = (NOT_MEASURED, VIOLATED)
        failed = any(
            r.failed and (f not in known or (f == VIOLATED and not getattr(r, "ipllvm_rows", [])))
            for r, f in zip(self.reports, found, strict=True)
        )
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or failed:
            return status
        said = self._said_of(rows)
        if VIOLATED in found and "VIOLATED" in said:
            return pytest.ExitCode.TESTS_FAILED
        if NOT_MEASURED in found:
            return EXIT_NOT_MEASURED
        told = self.options.report_only or self.options.compares_only
        undecided = UNDECIDED in found or ("UNDECIDED" in said and not told)
        return EXIT_UNDECIDED if undecided and self.options.fail_undecided else pytest.ExitCode.OK

    def _said_of(self, rows: Sequence[Mapping[str, Any]]) -> set[str]:
        """What the run says of its requirements, and of observations where these may fail it too."""
        from ipllvm.verdicts import release

        lost = list(self._lost(NOT_MEASURED))
        families = release.families(rows, lost, raw=self.options.exit == "raw")
        found = {place: str(each.decision) for place, each in release.standings(families).items()}
        strict = self.options.strict_observations
        return {
            found.get(place, row["verdict"]["decision"])
            for place, row in enumerate(rows)
            if strict or row["claim"]["kind"] == "requirement"
        }

    def _rows(self) -> Iterable[dict[str, Any]]:
        """Rows of the finished tests, then of one that was interrupted and reported nothing."""
        from ipllvm.reporting.report import entry

        finished = [(r.nodeid, _outcome(r), getattr(r, "ipllvm_rows", [])) for r in self.reports]
        stopped = [(node, "error", rows) for node, rows in self.config.stash.get(ROWS, {}).items()]
        for node, outcome, rows in [*finished, *stopped]:
            for row in rows:
                self._kept += row.get("paired", [])
                self._said.append(row)
                found = {name: value for name, value in row.items() if name not in ("paired", "parts")}
                yield entry(found, node, outcome, self._replay(node))

    def _gated(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Save and compare baselines as asked for; a row for each comparison. Raises UsageError."""
        options = self.options
        if not (options.baseline or options.save_baseline):
            return []
        from ipllvm.gate import baseline
        from ipllvm.gate.compare import compare, result
        from ipllvm.reporting import schema

        about = self._about(rows)
        if options.save_baseline and rows:
            self._save(options.report_dir / "baselines" / f"{options.save_baseline}.json", about)
        if not options.baseline:
            return []
        file = options.baseline_file(options.baseline)
        if not file.exists():
            if rows:
                self._save(file, about, "there was no baseline: this run is it now; ")
            return []
        source = f"baseline {options.baseline}"
        now = baseline.of(about, self._kept)
        self.gate = compare(baseline.load(file), now, source, f"--save-baseline={file.stem}")
        made = []
        for change in self.gate.changes:
            like = next(r for r in rows if (r["property"], r["benchmark"]["name"]) == change.key[::2])
            found = schema.row(result(change, schema.result(like)))
            verdict = change.verdict.decision
            outcome = {"HOLDS": "passed", "VIOLATED": "failed"}.get(verdict, "skipped")
            made.append({**like, **found, "outcome": outcome})
        self.told += [*self.gate.lines(), *([OWN] if options.compares_only else [])]
        return made

    def _about(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """What a baseline of this run says of itself."""
        from ipllvm.reporting.report import machine, versions

        started = f"{self.began:%Y-%m-%dT%H:%M:%SZ}"
        model = rows[0]["model"] if rows else None
        return {"model": model, "started": started, "versions": versions(), "machine": machine()}

    def _keep(self, rows: list[dict[str, Any]]) -> None:
        """Put what a comparison needs beside the report; a baseline is of one model."""
        from ipllvm.gate.baseline import dumps
        from ipllvm.reporting.folders import replace_file

        if self.folder is not None and self._kept and len(self.options.models) == 1:
            replace_file(self.folder, "baseline.json", dumps(self._about(rows), self._kept))

    def _save(self, file: Path, about: dict[str, Any], why: str = "") -> None:
        from ipllvm.gate.baseline import dumps
        from ipllvm.reporting.folders import ensure_writable, replace_file

        ensure_writable(file.parent)
        replace_file(file.parent, file.name, dumps(about, self._kept))
        self.told.append(f"{why}baseline saved as {file}")

    def _with_gate(self, status: int) -> int:
        """The exit status with what the gate found: a regression is a violation."""
        if (
            self.gate is None
            or self.options.report_only
            or status not in (0, EXIT_UNDECIDED, EXIT_NOT_MEASURED)
        ):
            return status
        if self.gate.status == 1 or not status:
            undecided = self.gate.undecided and self.options.fail_undecided
            return self.gate.status or (EXIT_UNDECIDED if undecided else status)
        return status

    def _lost(self, kind: str) -> Iterable[dict[str, Any]]:
        """What to say of each test of a property that gave no row and ended as `kind`."""
        for report in self.reports:
            if _ending(report) == kind and not getattr(report, "ipllvm_rows", []):
                about = vars(report)["ipllvm_case"]
                yield {
                    **about,
                    "law": about["law"] and report.when == "call",
                    "test": report.nodeid,
                    "reason": _reason(report),
                    "replay": self._replay(report.nodeid),
                    "seconds": round(report.duration, 3),
                }

    def _replay(self, node: str) -> str:
        """The command line that runs a test again in the folder where this session was started."""
        from ipllvm.reporting.report import replay

        config, chosen = self.config, self.options.command_line()
        if config.rootpath == config.invocation_params.dir:
            return replay(node, chosen)
        root = [
            f"--rootdir={config.rootpath}",
            *([f"--config-file={ini}"] if (ini := config.inipath) else []),
        ]
        return replay(str(config.rootpath / node), [*root, *chosen])

    def _records(self, record: type[T], kind: str) -> list[T]:
        """What `_lost` says, as records of the report."""
        names = [part.name for part in fields(record)]  # type: ignore[arg-type]
        return [record(**{name: told[name] for name in names}) for told in self._lost(kind)]

    def _write(self, rows: list[dict[str, Any]], status: int) -> None:
        from ipllvm.reporting import replays
        from ipllvm.reporting import report as reports
        from ipllvm.reporting.folders import run_folder
        from ipllvm.verdicts import release, statements

        run = reports.Run(
            id=f"{self.began:%Y-%m-%dT%H-%M-%SZ}",
            started=self.began,
            finished=datetime.now(UTC),
            command=shlex.join(["pytest", *(str(a) for a in self.config.invocation_params.args)]),
            seed=self.options.seed,
            exit_status=status,
            partial=status == pytest.ExitCode.INTERRUPTED,
            options=self.options.as_row(),
        )
        said = statements.of(statements.rows(self._said), self.options.seed)
        said += release.of(rows, list(self._lost(NOT_MEASURED)), raw=self.options.exit == "raw")
        self.report = reports.build(
            rows,
            run,
            not_tested=self._records(reports.NotTested, SKIPPED),
            not_measured=self._records(reports.NotMeasured, NOT_MEASURED),
            failed=self._records(reports.Failed, FAILED),
            passed_laws=self._records(reports.PassedLaw, PASSED_LAW),
            statements=said,
            notes=self.told,
        )
        folder = run_folder(self.options.report_dir, self.began)
        self.report["run"]["id"] = folder.name
        replays.put(self.report, folder)
        try:
            reports.write(self.report, folder)
        finally:
            self.folder = folder if (folder / "report.json").exists() else None

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The table of what was measured, and where the report is; with --plan what would be."""
        for line in planned(self.config.stash.get(COSTS, {})):
            terminalreporter.write_line(line)
        if self.report is None or self.config.get_verbosity() < -1:
            return
        from ipllvm.reporting.terminal import summary

        writer = terminalreporter._tw
        encoding = str(getattr(writer._file, "encoding", None) or "ascii").lower()
        terminalreporter.write_sep("=", "properties")
        for line in summary(
            self.report,
            writer.fullwidth,
            folder=self.folder,
            ascii_only=not encoding.startswith("utf"),
            verbose=self.config.get_verbosity() > 0,
            color=writer.hasmarkup,
        ):
            writer.line(line)
        for line in self.told:
            writer.line(line)
        if self.unwritten:
            writer.line("no report was written: " * (not self.folder) + self.unwritten, red=True)


def _outcome(report: pytest.TestReport) -> str:
    return "error" if getattr(report, "ipllvm_finding", None) == NOT_MEASURED else str(report.outcome)


def _ending(report: pytest.TestReport) -> str | None:
    """How a test of a property ended; None for any other, and where nothing is left to say."""
    about, found = getattr(report, "ipllvm_case", {}), getattr(report, "ipllvm_finding", None)
    if not about or found == UNDECIDED:
        return None
    if found == NOT_MEASURED or report.skipped:
        return NOT_MEASURED if found == NOT_MEASURED else SKIPPED
    if report.failed and report.when != "teardown":
        return FAILED
    return PASSED_LAW if report.passed and report.when == "call" and about["law"] else None


def _reason(report: pytest.TestReport) -> str:
    """Why a test gave no row, in one line: of a traceback, what was raised."""
    shown = report.longrepr
    if isinstance(shown, tuple):
        return str(shown[2]).removeprefix("Skipped: ")
    crash = getattr(shown, "reprcrash", None)
    return str(crash.message if crash else shown).partition("\n")[0]
