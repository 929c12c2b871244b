"""Comparisons with a baseline as tests: one for each claim that it holds, right behind the test it is about.

They are made while pytest collects, in the file of the property, so that -k, -x, --lf, node ids, JUnit
and xdist treat them as any test. What the baseline holds and nothing measures is a test too, which says so.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from ipllvm.errors import ClaimViolated, Finding, NotMeasured
from ipllvm.records import ClaimKey
from ipllvm.session.options import Options
from ipllvm.session.outcomes import NOT_MEASURED, OPTIONS, ROWS, case, reason

if TYPE_CHECKING:
    from ipllvm.gate.baseline import Baseline
    from ipllvm.gate.outcome import Change
    from ipllvm.records import Benchmark

NAME: Final = "test_regression"
LOST: Final = "its baseline"
"""Under which name the tests stand that compare what no property here measures."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a run is compared with: the baseline, what it was called, where it is and what was read there."""

    name: str
    file: Path
    baseline: "Baseline"
    content: bytes


@dataclass(frozen=True, slots=True)
class MeasuredTest:
    """What the property test before a comparison gave: its rows, or why there are none."""

    test: str
    rows: Sequence[dict[str, Any]]
    why: str


HANDED: Final = "ipllvm_baseline"
"""Of what a worker is given: file and content of the baseline."""
REFERENCE = pytest.StashKey[Reference]()
MEASURED = pytest.StashKey[MeasuredTest]()
DATA = pytest.StashKey[tuple[str, "Benchmark"]]()
"""The benchmark that was loaded last for examples, by its name."""


def reference(options: Options, handed: tuple[str, bytes] | None = None) -> Reference | None:
    """The baseline that was asked for, read and checked; raises UsageError.

    A worker takes what was `handed` to it: the file may have been written over since.
    """
    if not options.baseline:
        return None
    from ipllvm.gate import budget, names, reading

    if handed is not None:
        return _read(options.baseline, Path(handed[0]), handed[1])
    file = names.find(options.baseline, options.report_dir)
    if file is None:
        raise names.unknown(options.baseline, options.report_dir)
    content = reading.content(file)
    if options.budget is not None:
        budget.load(budget.file_of(file), budget.digest(content))
    return _read(options.baseline, file, content)


def _read(name: str, file: Path, content: bytes) -> Reference:
    from ipllvm.gate import reading

    return Reference(name, file, reading.loads(content, file), content)


class Comparison(pytest.Item):
    """A claim of this run against the same claim of the baseline.

    `source` is the property test that measures it, None where there is none, `key` the entry of the
    baseline, None where it holds nothing of that test. The `last` one of its test also answers for claims
    that the baseline does not have.
    """

    def __init__(
        self, *, source: pytest.Function | None, key: ClaimKey | None, last: bool, **others: Any
    ) -> None:
        super().__init__(**others)
        self.source, self.key, self.last = source, key, last
        self.compared = False
        self.unlike = ""  # why it can't be made whatever is measured: precheck.py
        self.notes: list[str] = []
        self.ipllvm_case = _about(source, key, self.config)
        self.add_marker("regression")
        self.add_marker(self._kind)
        if source is not None:
            self.callspec, self.cls = source.callspec, source.cls  # by which pytest keeps its order
            self.extra_keyword_matches.add(source.name)

    @property
    def _kind(self) -> str:
        """Whether it can fail a run."""
        if self.key is not None:
            return self.config.stash[REFERENCE].baseline.entries[self.key].claim.kind
        observed = self.source is not None and self.source.get_closest_marker("observation")
        return "observation" if observed else "requirement"

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the property stands, else where the baseline is."""
        if self.source is None:
            return self.config.stash[REFERENCE].file.absolute(), None, self.name
        return self.path, self.source.reportinfo()[1], self.name

    def runtest(self) -> None:
        """Compare, record the row, and raise what the verdict calls for."""
        self._require_alike()
        if self.config.stash[OPTIONS].plan and self.source is not None:
            pytest.skip("planned only")
        now = self._now()
        change = self._change(now)
        raised, new = self._finding(change), self._new(now)
        if new and not isinstance(raised, ClaimViolated):
            raise NotMeasured(new)
        if raised is not None:
            raise raised
        if change is None:
            pytest.skip("nothing to compare: its property has no score by sample")

    def _require_alike(self) -> None:
        if self.unlike and self.key is not None:
            raise NotMeasured(f"not compared {self.key}: {self.unlike}")

    def _finding(self, change: "Change | None") -> Finding | None:
        from ipllvm.verdicts.findings import finding

        options = self.config.stash[OPTIONS]
        if change is None or options.report_only:
            return None
        fails = change.claim.kind == "requirement" or options.strict_observations
        return finding(change.verdict, change.claim) if fails else None

    def _new(self, now: "Baseline") -> str:
        """What to say of claims that the baseline does not have; empty where it has them all."""
        from ipllvm.gate import outcome

        entries = self.config.stash[REFERENCE].baseline.entries
        new = [key for key in now.entries if key not in entries] if self.last else []
        return "; ".join(f"new {key}: {outcome.NEW}" for key in new)

    def _now(self) -> "Baseline":
        """What this run would keep of the test; raises NotMeasured where it gave nothing."""
        from ipllvm.gate import baseline, outcome
        from ipllvm.reporting.report import machine, versions

        if self.source is None:
            assert self.key is not None
            raise NotMeasured(f"missing {self.key}: {outcome.MISSING}{self._renamed(self.key)}")
        found = self.config.stash.get(MEASURED, None)
        if found is None or found.test != self.source.nodeid:
            found = MeasuredTest(self.source.nodeid, (), "it was not run in this process")
        if found.why:
            if self.key is None:
                pytest.skip(f"nothing to compare: {found.why}")
            raise NotMeasured(f"not compared {self.key}: {found.why}")
        paired = [each for row in found.rows for each in row["paired"]]
        return baseline.of({"versions": versions(), "machine": machine()}, paired)

    def _renamed(self, key: ClaimKey) -> str:
        """Which property or benchmark here may be the one that the baseline lacks."""
        from ipllvm.gate import outcome

        entries = self.config.stash[REFERENCE].baseline.entries
        abouts = filter(None, map(case, self.session.items))
        here = {ClaimKey(about["property"], key.claim, about["benchmark"]) for about in abouts}
        return outcome.renamed(key, (each for each in here if each not in entries))

    def _change(self, now: "Baseline") -> "Change | None":
        """The comparison, its row recorded; None where the baseline holds nothing of this test."""
        from ipllvm.gate import agreement, compare, outcome

        if self.key is None:
            return None
        kept, known = self.config.stash[REFERENCE], now.entries.get(self.key)
        options = self.config.stash[OPTIONS]
        if known is None:
            close = outcome.renamed(self.key, now.entries.keys() - kept.baseline.entries.keys())
            raise NotMeasured(f"missing {self.key}: {outcome.MISSING}{close}")
        old = kept.baseline.entries[self.key]
        refusing, told = agreement.versions(kept.baseline, now)
        unlike = [*agreement.disagreements(old, known), *refusing]
        if unlike:
            raise NotMeasured(f"not compared {self.key}: {'; '.join(unlike)}")
        change = compare.change(old, known, f"baseline {kept.name}", options.variants, options.fail_rule)
        self.notes = [f"noted: {each}" for each in (*told, *agreement.devices(old, known))]
        if change.improved:
            refresh = f"--save-baseline={kept.file.stem}"
            self.notes.append(outcome.improved(self.key, refresh))
        self._record(change)
        return change

    def _record(self, change: "Change") -> None:
        from ipllvm.gate.compare import result
        from ipllvm.reporting import schema
        from ipllvm.reporting.junit import properties
        from ipllvm.session.flipped import examples

        like = schema.result(self.config.stash[MEASURED].rows[0])
        assert self.source is not None
        made = schema.row(result(change, like, tuple(examples(change.turned, like, self._data))))
        self.user_properties.extend(properties(made))
        rows = self.config.stash.setdefault(ROWS, {})
        rows[self.nodeid] = [{**made, "paired": [], "parts": {}}]
        self.compared = True

    def _data(self) -> "Benchmark":
        """The benchmark of its property; kept for the next comparison."""
        from ipllvm.benchmarks import choice

        assert self.source is not None
        name = case(self.source)["benchmark"]
        loaded = self.config.stash.get(DATA, None)
        if loaded is None or loaded[0] != name:
            loaded = name, choice.load(name, self.config.stash[OPTIONS].offline)
            self.config.stash[DATA] = loaded
        return loaded[1]


def _about(source: pytest.Function | None, key: ClaimKey | None, config: pytest.Config) -> dict[str, Any]:
    """What `case` says of a comparison; it is no member of the family of its model's own claims."""
    if source is not None:
        about = case(source)
        return {**about, "primary": False, "claim": about["property"] if key is None else key.claim}
    assert key is not None
    return lost(config.stash[OPTIONS], key)[1]


def behind(made: object, config: pytest.Config) -> object:
    """What pytest made of a function, with the comparisons of each test of a property behind it."""
    if not isinstance(made, list) or REFERENCE not in config.stash:
        return made
    return [each for item in made for each in (item, *_comparisons(item))]


def _comparisons(item: object) -> Iterator[Comparison]:
    if not isinstance(item, pytest.Function):
        return
    about = case(item)
    if not about or about["law"] or not about["benchmark"]:
        return
    entries = item.config.stash[REFERENCE].baseline.entries
    test = about["property"], about["benchmark"]
    keys: list[Any] = [key for key in entries if key.test() == test]
    if not keys and item.get_closest_marker("skip") is None:
        keys = [None]
    for key in keys:
        yield _comparison(item, key, last=key is keys[-1])


def _comparison(source: pytest.Function, key: ClaimKey | None, last: bool) -> Comparison:
    name = _name(source.callspec.id, *(key[:2] if key else (case(source)["property"],)))
    parent: Any = source.parent
    node = f"{parent.nodeid}::{name}"  # in full, so that --lf reads it as it is written
    comparison: Comparison = Comparison.from_parent(
        parent, name=name, nodeid=node, source=source, key=key, last=last
    )
    return comparison


class Arrangement:
    """Around what all other plugins make of the list of tests; registered where there is a baseline."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> Iterator[None]:
        """Add what is missing before any test is left out, and put the comparisons in their places after."""
        complete(session, items)
        yield
        items[:] = arranged(items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand the baseline to a worker as it was read here."""
        read = node.config.stash[REFERENCE]
        node.workerinput[HANDED] = str(read.file), read.content


def complete(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Before any is left out: the comparisons of tests that were asked for by name, and those of no test."""
    kept = session.config.stash.get(REFERENCE, None)
    if kept is None:
        return
    there = {item.nodeid for item in items}
    for item in [*items]:
        items.extend(each for each in _comparisons(item) if each.nodeid not in there)
    compared = {item.key for item in items if isinstance(item, Comparison)}
    for key in kept.baseline.entries:
        if key not in compared:
            items.append(_lost(session, key))


def lost(options: Options, key: ClaimKey) -> tuple[str, dict[str, Any]]:
    """Id and case of the test that compares what no property here measures."""
    model = options.label(options.models[0])
    about = {**key._asdict(), "model": model, "primary": False, "law": False}
    return f"{LOST}::{_name(model, key.benchmark, key.property, key.claim)}", about


def _lost(session: pytest.Session, key: ClaimKey) -> Comparison:
    node, _ = lost(session.config.stash[OPTIONS], key)
    name = node.removeprefix(f"{LOST}::")
    comparison: Comparison = Comparison.from_parent(
        session, name=name, nodeid=node, source=None, key=key, last=False
    )
    return comparison


def _name(*parts: str) -> str:
    return f"{NAME}[{'-'.join(dict.fromkeys(parts))}]"


def arranged(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The comparisons right behind the test that they are about, which is run even where they alone are."""
    chosen = [*items]
    by_source: dict[str, list[pytest.Item]] = {}
    for item in chosen:
        if isinstance(item, Comparison) and item.source is not None:
            by_source.setdefault(item.source.nodeid, []).append(item)
    made: dict[str, pytest.Item] = {}
    for item in chosen:
        first = item.source if isinstance(item, Comparison) and item.source is not None else item
        for each in (first, *by_source.get(first.nodeid, ())):
            made.setdefault(each.nodeid, each)
    return [*made.values()]


def keep(item: pytest.Item, report: pytest.TestReport) -> None:
    """Hang on its report what a comparison has found, and remember what any other test gave to compare."""
    if REFERENCE not in item.config.stash or report.when == "teardown":
        return
    if isinstance(item, Comparison):
        planned = item.config.stash[OPTIONS].plan
        if report.skipped and item.key is not None and not planned and not hasattr(report, "ipllvm_finding"):
            _refuse_skip(item.key, report)
        if report.when == "call":
            compared = tuple(item.key or ()) if item.compared else ()  # a plain one, which xdist can send
            vars(report).update(ipllvm_compared=compared, ipllvm_notes=item.notes)
    elif report.when == "call" or not report.passed:
        rows = getattr(report, "ipllvm_rows", [])
        why = _unmeasured(report, rows)
        item.config.stash[MEASURED] = MeasuredTest(item.nodeid, () if why else rows, why)


def _refuse_skip(key: ClaimKey, report: pytest.TestReport) -> None:
    """Let a comparison that somebody's mark has skipped be one that was not made."""
    report.longrepr = f"not compared {key}: it was skipped: {reason(report)}"
    report.outcome = "failed"
    vars(report)["ipllvm_finding"] = NOT_MEASURED


def _unmeasured(report: pytest.TestReport, rows: Sequence[dict[str, Any]]) -> str:
    """Why the test of a property gave nothing to compare; empty where it gave something."""
    if getattr(report, "ipllvm_finding", None) == NOT_MEASURED:
        return f"its property could not be measured: {reason(report)}"
    if rows:
        return ""
    return f"its property gave no result{'' if report.passed else f': {reason(report)}'}"
