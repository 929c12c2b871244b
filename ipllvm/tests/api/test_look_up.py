"""What a report and a comparison give in Python: names lead to results, or to one line that says why not."""

import importlib
import json
import pickle
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import ipllvm
from ipllvm.api import comparing
from ipllvm.api.comparing import BaselineComparison
from ipllvm.api.report import Report, read_report
from ipllvm.api.session import _require_usable, require_report, several, spelled
from ipllvm.commands import suite
from ipllvm.commands.witness import Witness
from ipllvm.errors import ClaimViolated, IpllvmError, NotMeasured, UnknownName, UsageError
from ipllvm.gate.outcome import Gate
from ipllvm.records import ClaimKey, Decision
from ipllvm.tests.reporting import reports
from ipllvm.tests.reporting.test_gate_comment import change

OTHER = replace(reports.BENCHMARK, name="charts")


def several_results() -> Report:
    """Two properties, one of them on two benchmarks and against a baseline too."""
    compared = replace(reports.CLAIM, name="regression:permutation", source="baseline release-1")
    return Report(
        reports.report(
            reports.result(),
            replace(reports.result(), benchmark=OTHER),
            reports.result(Decision.VIOLATED, "lost 19 points", name="occlusion"),
            replace(reports.result(name="occlusion"), claim=compared),
        )
    )


@pytest.mark.parametrize(
    ("key", "place"),
    [
        (("permutation_invariance", "easyvqa"), 0),
        (("permutation_invariance", "charts"), 1),
        (("permutation_invariance", "charts", "llava-tiny"), 1),
        ("occlusion", 2),
        (("occlusion", "easyvqa"), 2),
        ("regression:permutation", 3),
    ],
)
def test_a_result_is_found_by_its_names(key: str | tuple[str, ...], place: int) -> None:
    report = several_results()
    assert report[key] is report.results[place]
    assert [*report] == list(report.results) and len(report) == 4


@pytest.mark.parametrize(
    ("key", "kind", "line"),
    [
        (
            "oclusion",
            UnknownName,
            "unknown property 'oclusion': did you mean 'occlusion'? ",
        ),
        (("occlusion", "charts"), UnknownName, "unknown benchmark 'charts': Known: easyvqa"),
        (
            ("occlusion", "easyvqa", "llava"),
            UnknownName,
            "unknown model 'llava': did you mean 'llava-tiny'? Known: llava-tiny",
        ),
        (
            "permutation_invariance",
            UsageError,
            "permutation_invariance is of 2 results: permutation_invariance (permutation) on easyvqa, "
            "permutation_invariance (permutation) on charts",
        ),
    ],
)
def test_a_name_that_means_none_or_several_is_told(key: Any, kind: type[Exception], line: str) -> None:
    with pytest.raises(kind) as told:
        several_results()[key]
    assert str(told.value).startswith(line) and str(told.value).isprintable()


def test_an_empty_report_knows_no_name() -> None:
    report = Report(reports.report())
    assert (len(report), report.violated, report.undecided, report.missing) == (0, (), (), ())
    with pytest.raises(UnknownName, match="Known: none"):
        report["occlusion"]
    assert report.ok and report.answer == "Not asked" and report.exit_status == 1
    report.raise_for_violation()


def test_a_property_that_was_lost_says_why() -> None:
    lost = replace(reports.kept("order"), benchmark="charts", reason="3 errors, budget 0")
    report = Report(reports.report(reports.result(), not_measured=(lost,)))
    with pytest.raises(NotMeasured) as told:
        report["order"]
    assert str(told.value) == "order on charts: 3 errors, budget 0"
    with pytest.raises(NotMeasured, match=r"^order on charts: 3 errors, budget 0$"):
        report.raise_for_violation()
    assert not report.ok and report.answer == "Not answered yet"


def test_every_requirement_is_violated_undecided_holding_or_missing_and_never_two_of_these() -> None:
    report = Report(reports.mixed())
    kinds = [report.violated, report.undecided]
    ids = [id(each) for kind in kinds for each in kind]
    assert len(set(ids)) == len(ids)
    for result in report:
        own = [result in kind for kind in kinds]
        if result.claim.kind == "observation":
            assert not any(own) and report.standing(result) is result.verdict.decision
        else:
            decisions = (Decision.VIOLATED, Decision.UNDECIDED)
            assert own == [report.standing(result) is each for each in decisions]


def test_what_fails_is_raised_with_every_reason() -> None:
    with pytest.raises(ClaimViolated) as told:
        Report(reports.mixed()).raise_for_violation()
    words = str(told.value)
    assert "occlusion (permutation) on easyvqa: the drop is at least 2.4 points" in words
    assert "law permutation_inverse: law broken: swaps (0, 1)" in words
    assert "importance" not in words, "a finding fails nothing"


def test_a_stopped_run_without_more_to_say_says_that() -> None:
    report = Report(reports.report(run=replace(reports.RUN, partial=True)))
    with pytest.raises(NotMeasured, match=r"^the run was stopped before its end$"):
        report.raise_for_violation()


@pytest.mark.parametrize(("count", "words"), [(0, "0 results"), (1, "1 result"), (2, "2 results")])
def test_a_report_says_what_it_is(count: int, words: str) -> None:
    report = Report(reports.report(*(reports.result(name=f"p{place}") for place in range(count))))
    assert repr(report).startswith("<ipllvm.Report of ") and repr(report).endswith(f"; {words}>")
    again = pickle.loads(pickle.dumps(report))
    assert again.data == report.data and again.results == report.results


def test_a_report_is_read_from_its_file_and_its_folder(tmp_path: Path) -> None:
    data = reports.report(reports.result())
    file = tmp_path / "run" / "report.json"
    file.parent.mkdir()
    file.write_text(json.dumps(data), encoding="utf-8")
    for place in (file, file.parent, str(file.parent)):
        report = read_report(place)
        assert (report.data, report.folder) == (data, file.parent)
    file.write_text("{}")
    with pytest.raises(UsageError) as told:
        read_report(file)
    assert str(told.value).startswith(str(file)) and str(told.value).isprintable()


def test_a_frame_needs_pandas_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match=r"^to_pandas needs pandas: pip install pandas$"):
        several_results().to_pandas()


OPTIONS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"samples": None, "no_store": False}, []),
    ({"samples": 9, "no_store": True}, ["--samples=9", "--no-store"]),
    ({"benchmark": "scenes"}, ["--benchmark=scenes"]),
    ({"benchmark": ("scenes", "charts")}, ["--benchmark=scenes", "--benchmark=charts"]),
    ({"benchmark": None, "property": None, "offline": None}, []),
    ({"benchmark": (each for each in ["scenes"])}, ["--benchmark=scenes"]),
    ({"undecided": "fail", "seed": 0}, ["--undecided=fail", "--seed=0"]),
    ({"claims": Path("a b.toml")}, ["--claims=a b.toml"]),
    ({"property": ["occlusion", "order"]}, ["--property=occlusion", "--property=order"]),
]


@pytest.mark.parametrize(("options", "words"), OPTIONS)
def test_options_are_spelled_as_a_command_line_has_them(options: dict[str, Any], words: list[str]) -> None:
    assert spelled(options) == words


def test_an_unknown_option_is_told_with_the_closest() -> None:
    with pytest.raises(UnknownName, match="unknown option 'sampels': did you mean 'samples'"):
        spelled({"sampels": 3})


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"benchmark": ()}, "benchmark: an empty list names nothing: leave it out"),
        ({"property": []}, "property: an empty list names nothing: leave it out"),
        ({"language_model": iter(())}, "language_model: an empty list names nothing: leave it out"),
        ({"no_store": "false"}, "no_store='false': give True or False"),
        ({"report_only": 2}, "report_only=2: give True or False"),
    ],
)
def test_what_would_mean_something_else_is_refused(options: dict[str, Any], line: str) -> None:
    """An empty list is not everything, and no word is a switch."""
    with pytest.raises(UsageError) as told:
        spelled(options)
    assert str(told.value) == line


@pytest.mark.parametrize("model", [None, [], (), iter(())])
def test_no_model_is_not_the_usual_one(model: Any) -> None:
    for call in (ipllvm.check, ipllvm.plan):
        with pytest.raises(UsageError, match=r"^model: none is named$"):
            call(model)


@pytest.mark.parametrize("model", [3, object(), [object()], ["llava-tiny", SimpleNamespace(config=None)]])
def test_what_is_no_name_is_told_by_its_kind(model: Any) -> None:
    for processor in (None, object()):
        with pytest.raises(UsageError, match=r"^model: a (int|object|SimpleNamespace) is neither a name nor"):
            ipllvm.check(model, processor)


def test_a_tokenizer_alone_is_no_processor() -> None:
    with pytest.raises(UsageError, match=r"^processor: a dict takes no pictures: give AutoProcessor's$"):
        ipllvm.check(SimpleNamespace(config=None), {})


def test_threads_wait_for_each_other_and_a_session_may_begin_another(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most, streams = [0], [0], (sys.stdout, sys.stderr)

    def session(words: Sequence[str], *_: object) -> int:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.01)
        inside[0] -= 1
        if "--samples=1" in words:
            most.append(ipllvm.plan("llava-tiny", samples=2).trials)
        return 0

    monkeypatch.setattr(suite, "run", session)
    threads = [threading.Thread(target=ipllvm.plan, args=("llava-tiny",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    ipllvm.plan("llava-tiny", samples=1)
    for thread in threads:
        thread.join()
    assert most == [1, 0] and (sys.stdout, sys.stderr) == streams


@pytest.mark.parametrize(
    ("given", "found"),
    [(0, [0]), ("", [""]), (Path("a"), [Path("a")]), ({"a"}, ["a"]), (iter("ab"), ["a", "b"]), ([], [])],
)
def test_one_or_several_are_several(given: object, found: list[Any]) -> None:
    assert several(given) == found


@pytest.mark.parametrize(
    ("status", "errors", "kind", "line"),
    [
        (3, "", IpllvmError, "pytest broke: it said nothing"),
        (3, "one\n\n two \n", IpllvmError, "pytest broke: two"),
        (4, "", UsageError, "pytest could not use what was asked for"),
        (4, "\nERROR: no such option\nusage: x", UsageError, "no such option"),
        (5, "noise", UsageError, "no property was chosen: ipllvm properties lists them"),
    ],
)
def test_a_session_without_a_report_ends_in_one_line(
    status: int, errors: str, kind: type[Exception], line: str
) -> None:
    witness = Witness()
    witness.status = status
    with pytest.raises(kind) as told:
        _require_usable(witness, "", errors)
    assert str(told.value) == line
    with pytest.raises(NotMeasured, match=r"^nothing was measured$"):
        require_report(witness)


def test_an_interrupt_stays_one() -> None:
    witness = Witness()
    witness.status = 2
    with pytest.raises(KeyboardInterrupt):
        _require_usable(witness, "", "")


def test_a_comparison_gives_what_the_gate_says() -> None:
    bad = change("b", Decision.VIOLATED, 9.0, benchmark="charts")
    found = BaselineComparison(Gate((change("a"), bad)))
    assert [*found] == list(found.changes) and not found.ok and found.exit_status == 1
    assert [found.standing(each) for each in found] == [Decision.HOLDS, Decision.VIOLATED]
    with pytest.raises(ClaimViolated) as told:
        found.raise_for_violation()
    assert str(told.value).startswith("b regression:b charts: because of b")
    assert "because of a" not in str(told.value)


def test_what_was_not_compared_is_raised_by_its_notes() -> None:
    gate = Gate((change("a"),), refused=((ClaimKey("b", "b", "charts"), "its questions differ"),))
    found = BaselineComparison(gate)
    assert found.exit_status == 7
    with pytest.raises(ClaimViolated, match=r"^not compared b \(b\) on charts: its questions differ$"):
        found.raise_for_violation()
    fine = BaselineComparison(Gate((change("a"),)))
    fine.raise_for_violation()
    assert fine.ok and fine.notes == ()


@pytest.mark.parametrize(
    "wrong", [{"fail_on": "worst"}, {"fail_on": ""}, {"undecided": "skip"}, {"undecided": "no"}]
)
def test_a_comparison_takes_the_words_of_the_command(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"fail_on is violated or worse, undecided is pass or fail"):
        comparing.compare("a", "b", **wrong)


@pytest.mark.parametrize("variants", [0, -1, True, 1.5, "3", None])
def test_a_best_of_no_number_is_refused(variants: Any) -> None:
    with pytest.raises(UsageError, match="give a whole number of at least 1"):
        comparing.compare("a", "b", variants=variants)


@pytest.mark.parametrize("key", [5, (), ("image_use", 3), None])
def test_a_key_that_is_no_name_is_refused(key: Any) -> None:
    with pytest.raises(UsageError, match="name a property, and a benchmark and a model behind it"):
        several_results()[key]


def test_a_report_that_lies_nowhere_cant_be_compared(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="this report lies in no folder"):
        comparing.compare(several_results(), "latest", report_dir=tmp_path)
    with pytest.raises(UsageError, match="no such baseline"):
        comparing.compare("release", "latest", report_dir=tmp_path)
    assert importlib.import_module("ipllvm").compare is comparing.compare
