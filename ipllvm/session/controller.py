"""What a pytest session gathers: rows from tests (and workers), a report, an exit status."""

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ipllvm.errors import UsageError, first_line
from ipllvm.records import ClaimKey
from ipllvm.reporting.folders import run_name
from ipllvm.safety.printing import Guarded, visible
from ipllvm.safety.writing import Place
from ipllvm.session import budgeting, exiting, labels, saving
from ipllvm.session.comparisons import REFERENCE, lost
from ipllvm.session.costs import planned
from ipllvm.session.gathered import Gathered, cases
from ipllvm.session.outcomes import (
    FAILED,
    NOT_MEASURED,
    OPTIONS,
    PASSED_LAW,
    ROWS,
    SKIPPED,
    case,
    crashed,
    uncollected,
)
from ipllvm.session.progress import Controller, controller, told
from ipllvm.session.terse import asker

if TYPE_CHECKING:
    from ipllvm.engine.forecast import Forecast
    from ipllvm.records import ModelInfo
    from ipllvm.reporting.report import WithoutResult

STORED = ("outcomes", "artifacts", "derived", "replies")
RUN_ID = "ipllvm_run"
"""The attribute of pytest's options that names this run, for workers too."""
Ended = tuple[str, str, dict[str, Any]]
"""Test, outcome and row of a result."""
COSTS = pytest.StashKey[dict[str, tuple["ModelInfo", "Forecast", list[str]]]]()
OWN = "the exit status is the comparison's: what the model's own claims come to is told and fails nothing"
LEFT_OUT = "it is in the baseline and was left out of this run by -k, -m, --deselect or --lf"


class Session:
    """The controller's view of a run: gathers, writes the report once, sets the exit status."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.options = config.stash[OPTIONS]
        self.began = datetime.now(UTC)
        self.name = run_name(self.began)
        setattr(config.option, RUN_ID, self.name)  # xdist hands it to its workers
        self.gathered = Gathered()
        self.report: dict[str, Any] | None = None
        self.folder: Path | None = None
        self.unwritten = ""
        self.told: list[str] = []
        self.unread: list[str] = []
        self._places: list[Place] = []
        self._workers: Controller | None = None
        self._ended = ""
        self._told_pooled = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Whatever the terminal is told goes through `ipllvm.safety.printing`."""
        reporter: Any = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None and not isinstance(reporter._tw._file, Guarded):
            reporter._tw._file = Guarded(reporter._tw._file)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """A reader of the terminal that has gone is noticed here, not by Python at its end."""
        reporter: Any = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter._tw._file.flush()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Before anything is measured: a report folder that can't be written ends the run."""
        self.gathered.cases.update(cases(session.items))
        if self.config.getoption("collectonly"):
            return
        self.gathered.collected(item.nodeid for item in session.items)
        if not any(case(item) for item in session.items):
            return
        from ipllvm.gate import names
        from ipllvm.reporting.folders import ensure_own, ensure_writable
        from ipllvm.verdicts.top_up import FILE

        reports, saved = self.options.report_dir, self.options.save_baseline
        stored = [self.options.store_dir / name for name in STORED if self.options.store]
        try:
            ensure_writable(reports, "--report-dir")
            ensure_own([reports / names.FOLDER, *stored], [reports / FILE])
            ensure_own([], [names.place(reports, saved)] if saved else [])
            beside = [names.place(reports, saved).parent] if saved else []
            if self.options.budget and REFERENCE in self.config.stash:
                ensure_writable(self.config.stash[REFERENCE].file.parent)
            for folder in beside:
                ensure_writable(folder)
            self._places = [Place(reports), *map(Place, beside)]
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that could not be read may hold properties: the report says so too."""
        if report.failed:
            place = visible(report.nodeid) or "a file of your own"
            self.unread.append(f"not collected: {place}: {visible(uncollected(report), 300)}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """Know the tests of the workers."""
        self.gathered.collected(ids)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: pytest.TestReport, sched: Any) -> None:
        """The test of a worker that was killed has not been measured."""
        crashed(report, self.gathered.cases.get(crashitem, {}))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep every report, to be sorted at the end; under xdist this runs in the controller."""
        if self.gathered.add(report):
            return
        self._workers = self._workers or controller(self.config)
        self._workers.tell(getattr(report, "worker_id", ""), *(told(report) or ("", False)))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Set the exit status (0, 1, 6 or 7; pytest's 2-5 stay), then write the report."""
        self._ended = str(session.shouldfail or session.shouldstop or "")
        if self.config.getoption("collectonly") or exitstatus == pytest.ExitCode.USAGE_ERROR:
            return
        reports, plan = self.gathered.reports, self.options.plan
        found = [] if plan else self.gathered.rows(self.config.stash.get(ROWS, {}))
        found += self._pooled(found)
        if REFERENCE in self.config.stash:
            budgeting.share(self.config.stash[REFERENCE], [row for _, _, row in found], self.options)
        rows, missed = [*self._entries(found)], [*self._lost(NOT_MEASURED)]
        session.exitstatus = exiting.refined(int(exitstatus), reports, rows, missed, self.options)
        ends = (FAILED, PASSED_LAW, *([SKIPPED] if self.options.baseline or self.options.shard else []))
        if plan or not (found or missed or any(any(self._lost(kind)) for kind in ends)):
            return
        try:
            self._write([row for _, _, row in found], rows, missed, session)
        except (UsageError, MemoryError) as error:
            self.unwritten = first_line(error)
            session.exitstatus = int(session.exitstatus) or pytest.ExitCode.USAGE_ERROR

    def tell_rest(self) -> None:
        """Report what fails a gate and is no test, as tests: before JUnit is written."""
        from ipllvm.session.all_answers import failed, left_out

        for key in self._left_out():
            self.gathered.cases.update([left_out(self.config, key, LEFT_OUT)])
        found = self.gathered.rows(self.config.stash.get(ROWS, {}))
        pooled_row = self._pooled(found)
        if not pooled_row or self.options.report_only or any(each.failed for each in self.gathered.reports):
            return
        budgeting.share(self.config.stash[REFERENCE], [row for _, _, row in found + pooled_row], self.options)
        rows, missed = [*self._entries(found + pooled_row)], [*self._lost(NOT_MEASURED)]
        stood = exiting.stood(rows, missed, self.options)
        if any(place == len(found) and fails for place, fails, _ in stood):
            failed(self.config, pooled_row[0][2])
            self._told_pooled = True

    def _uncompared(self) -> "Iterator[ClaimKey]":
        """What of the baseline no comparison was made with."""
        if REFERENCE not in self.config.stash or self.options.plan:
            return
        done = {tuple(getattr(report, "ipllvm_compared", ()) or ()) for report in self.gathered.reports}
        yield from (key for key in self.config.stash[REFERENCE].baseline.entries if key not in done)

    def _left_out(self) -> "list[ClaimKey]":
        """What of that no test was there for."""
        cases = self.gathered.cases.values()
        here = {ClaimKey(about["property"], about["claim"], about["benchmark"]) for about in cases}
        return [key for key in self._uncompared() if key not in here]

    def _entries(self, found: Iterable[tuple[str, str, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
        """The rows as entries of the report."""
        for node, outcome, row in found:
            from ipllvm.reporting.report import entry  # where nothing was measured nothing heavy is imported

            shown = {name: value for name, value in row.items() if name not in ("paired", "parts")}
            yield entry(shown, node, outcome, self._replay(node))

    def _pooled(self, found: Sequence[Ended]) -> list[Ended]:
        """The row over all answers of a comparison with a baseline, where there is one."""
        if REFERENCE not in self.config.stash or not found or self._told_pooled:
            return []
        from ipllvm.session.all_answers import pooled

        rule, variants = self.options.fail_rule, self.options.variants
        made = pooled(self.config.stash[REFERENCE], [row for _, _, row in found], rule, variants)
        if made is None:
            return []
        return [(made["property"], "passed" if made["verdict"]["decision"] == "HOLDS" else "skipped", made)]

    def skipped(self) -> Iterator[str]:
        """Why tests gave no row."""
        return (reason for _, _, reason in self.gathered.lost(SKIPPED))

    def unmeasured(self) -> Iterator[str]:
        """Why tests could not be measured."""
        return (reason for _, _, reason in self.gathered.lost(NOT_MEASURED))

    def _lost(self, kind: str) -> Iterator[dict[str, Any]]:
        """What to say of each test of a property that gave no row and ended as `kind`."""
        for report, about, reason in self.gathered.lost(kind):
            yield {
                **about,
                "law": about["law"] and report.when == "call",
                "test": report.nodeid,
                "reason": reason,
                "phase": report.when,
                "replay": self._replay(report.nodeid),
                "seconds": round(report.duration, 3),
            }
        if kind == NOT_MEASURED:
            yield from self._untried()

    def _untried(self) -> Iterator[dict[str, Any]]:
        """What to say of tests that the session ended without, and of comparisons that were left out."""
        why = f"not run: the session ended before it{f' ({self._ended})' if self._ended else ''}"
        for node, about in self.gathered.never_run(self.config):
            yield {**about, "test": node, "reason": why, "phase": "", "seconds": 0.0}
        for key in self._left_out():
            node, about = lost(self.options, key)
            yield {**about, "test": node, "reason": LEFT_OUT, "phase": "", "seconds": 0.0}

    def _replay(self, node: str) -> str:
        """The command line that runs a test again in the folder where this session was started."""
        from ipllvm.reporting.report import replay

        config, chosen = self.config, self.options.command_line()
        typed, about = asker(config), self.gathered.cases.get(node)
        if typed is not None and about:
            model = next(name for name in self.options.models if self.options.label(name) == about["model"])
            return typed.replay(about, model, chosen)
        if config.rootpath == config.invocation_params.dir:
            return replay(node, chosen)
        root = [
            f"--rootdir={config.rootpath}",
            *([f"--config-file={ini}"] if (ini := config.inipath) else []),
        ]
        return replay(str(config.rootpath / node), [*root, *chosen])

    def _command(self) -> str:
        """What was typed."""
        typed = asker(self.config)
        words = ["pytest", *map(str, self.config.invocation_params.args)]
        return typed.command if typed else shlex.join(words)

    def _records(self, found: Iterable[dict[str, Any]]) -> "list[WithoutResult]":
        """What `_lost` says, as records of the report."""
        from ipllvm.reporting.report import WithoutResult

        names = [part.name for part in fields(WithoutResult)]
        return [WithoutResult(**{name: each[name] for name in names if name in each}) for each in found]

    def _write(
        self,
        rows: list[dict[str, Any]],
        entries: list[dict[str, Any]],
        missed: list[dict[str, Any]],
        session: pytest.Session,
    ) -> None:
        """Write the report, and baselines as asked for; raises UsageError."""
        from ipllvm.reporting import replays, standings
        from ipllvm.reporting import report as reports
        from ipllvm.reporting.folders import ensure_there, run_folder
        from ipllvm.verdicts import release, statements

        stood = standings.stood(entries, missed, self.options.as_row())
        paired = [*standings.with_verdicts(stood, [row["paired"] for row in rows])]
        status = int(session.exitstatus)
        failures = exiting.failures(session, self.gathered.reports)
        lossy = standings.unmeasured(stood)
        without = [row["test"] for row in (*missed, *lossy) if row in lossy or not row["claim"]]
        ending = saving.Ending(status, len(missed) + len(lossy), failures, without)
        about = saving.about(self.name, self.began, rows, ending)
        unsaved = self._save(about, paired, entries, ending)
        self._note(entries)
        run = reports.Run(
            id=self.name,
            started=self.began,
            finished=datetime.now(UTC),
            command=self._command(),
            seed=self.options.seed,
            exit_status=status,
            partial=status == pytest.ExitCode.INTERRUPTED,
            options=self.options.as_row(),
        )
        answers = statements.of(statements.rows(rows), self.options.seed)
        answers += release.of(entries, missed, **release.rules(run.options))
        self.report = reports.build(
            entries,
            run,
            not_tested=self._records(self._lost(SKIPPED)),
            not_measured=self._records(missed),
            failed=self._records(self._lost(FAILED)),
            passed_laws=self._records(self._lost(PASSED_LAW)),
            statements=answers,
            notes=self.told,
        )
        session.exitstatus = self.report["run"]["exit_status"] = exiting.of_audit(
            status, self.report, self.options
        )
        ensure_there(self._places[:1])
        folder = run_folder(self.options.report_dir, self.name)
        self.report["run"]["id"] = folder.name
        typed = asker(self.config)
        replays.put(self.report, folder, typed.files if typed else ())
        try:
            reports.write(self.report, folder)
        finally:
            self.folder = folder if (folder / "report.json").exists() else None
        saving.keep(about, paired, self.options, self.folder)
        if unsaved:
            raise UsageError(unsaved)

    def _save(
        self,
        about: dict[str, Any],
        paired: list[dict[str, Any]],
        entries: list[dict[str, Any]],
        ending: saving.Ending,
    ) -> str:
        """Keep the baseline and the record of gates, as asked for; why one can't be: it costs no report."""
        notes, why = self.told, ""
        try:
            notes += saving.save(about, paired, self.options, self._places, ending)
            if REFERENCE in self.config.stash:
                reference = self.config.stash[REFERENCE]
                notes += budgeting.keep(reference, entries, self.options, about["started"])
        except UsageError as error:
            why = first_line(error)
            notes.append(f"not kept beside the report: {why}")
        return why

    def _note(self, entries: Sequence[dict[str, Any]]) -> None:
        """What comparisons, pictures and labels have to say beside the verdicts, each once."""
        from ipllvm.benchmarks import frames

        notes = (note for report in self.gathered.reports for note in vars(report).get("ipllvm_notes", ()))
        own = [OWN] if self.options.fail_rule.compares_only else []
        self.told += [*self.unread, *dict.fromkeys(notes), *own]
        self.told += frames.noted(entry["benchmark"] for entry in entries)
        self.told += labels.unused(self.options.labels, entries)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The table of what was measured, and where the report is; with --plan what would be."""
        for line in planned(self.config.stash.get(COSTS, {})):
            terminalreporter.write_line(line)
        if self.report is None or self.config.get_verbosity() < -1:
            if self.unwritten:
                terminalreporter.write_line(f"no report was written: {self.unwritten}", red=True)
            elif not self.options.plan and self.config.get_verbosity() >= -1:
                for line in self.gathered.untested():
                    terminalreporter.write_line(line)
            return
        from ipllvm.reporting.ci import publish_run
        from ipllvm.reporting.terminal import summary

        publish_run(self.report, os.environ)
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
