"""A budget over many gates: what each may spend, that a repeated gate costs nothing, and its false alarms."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ipllvm.errors import UsageError
from ipllvm.gate import budget
from ipllvm.gate.budget import (
    Entry,
    added,
    digest,
    dumps,
    evidence,
    file_of,
    level,
    load,
    parse,
    take_place,
)
from ipllvm.session import budgeting
from ipllvm.stats.online import lord
from ipllvm.verdicts.release import LEVEL

RATE = parse("budget", "1 false alarm per 100 checkpoints")


def test_what_cannot_be_read_is_refused_in_one_line(tmp_path: Path) -> None:
    for text in ("", "one", "3 false alarms per 2 checkpoints", "0 false alarms per 9 checkpoints", "200 %"):
        with pytest.raises(UsageError, match=r"--budget .*: write "):
            parse("budget", text)
    for text in ("", "[]", "{}", '{"schema": "ipllvm-budget/1", "gates": [{"level": 1}]}'):
        (tmp_path / "x.budget.json").write_text(text)
        with pytest.raises(UsageError, match="move it away to begin anew"):
            load(tmp_path / "x.budget.json")


def test_a_gate_that_is_repeated_keeps_its_level_and_its_place(tmp_path: Path) -> None:
    share = parse("budget", "5 % of alarms false")
    first = Entry("a", "m", level(share, [], "a", "m"), 0.5, False)
    entries = added([], first)
    assert level(share, entries, "a", "m") == first.level
    assert level(share, entries, "b", "m") < first.level
    again = Entry("a", "m", first.level, 0.4, True)
    assert added(entries, again) == [again]
    file = file_of(tmp_path / "release-1.json")
    file.write_text(dumps(entries))
    assert load(file) == entries and load(tmp_path / "none.budget.json") == []


def at_once(*work: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(work)) as pool:
        return [each.result() for each in [pool.submit(one) for one in work]]


def test_gates_that_end_at_once_are_all_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each read the record before the others had written theirs: of eight one was left."""
    file, read = tmp_path / "b.budget.json", budget.load

    def slow(*given: Any) -> list[Entry]:
        found = read(*given)
        time.sleep(0.005)
        return found

    monkeypatch.setattr(budget, "load", slow)
    gates = [Entry(str(i), "m", 0.01, 0.5, False) for i in range(8)]
    at_once(*(partial(budget.keep, file, "", each) for each in gates))
    assert sorted(each.checkpoint for each in read(file)) == list("01234567")
    share = parse("budget", "5 % of alarms false")
    file.unlink()
    levels = at_once(*(partial(take_place, file, "", share, str(i), "m") for i in range(4)))
    assert sorted(levels) == sorted(lord([False] * i, 0.05) for i in range(4)), "no two have one place"
    assert take_place(file, "", share, "2", "m") in levels and len(read(file)) == 4


def test_a_record_of_gates_against_another_baseline_is_refused(tmp_path: Path) -> None:
    """A baseline was saved anew under its name: the gates before were counted as made against it."""
    file, gate = tmp_path / "b.budget.json", Entry("a", "m", 0.01, 0.5, False)
    one, other = digest(b"one"), digest(b"other")
    assert budget.keep(file, one, gate) == load(file, one) == load(file) == [gate]
    for refused in (partial(load, file, other), partial(budget.keep, file, other, gate)):
        with pytest.raises(UsageError, match=r"b\.budget\.json: .*another baseline.*: move it away"):
            refused()
    file.write_text(dumps([gate]))
    assert load(file, other) == [gate], "one of an earlier version does not say"


def test_a_record_that_can_not_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    file, gate = tmp_path / "b.budget.json", Entry("a", "m", 0.01, 0.5, False)
    file.with_suffix(".lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match=r"b\.budget\.json: can't be written: it is a link"):
        budget.keep(file, "", gate)
    assert not (tmp_path / "elsewhere").exists()
    (tmp_path / "absent").write_text("no folder")
    with pytest.raises(UsageError, match=r"b\.budget\.json: can't be written: "):
        budget.keep(tmp_path / "absent" / "b.budget.json", "", gate)


def test_where_the_level_is_not_known_no_alarm_stands_and_the_reason_is_told(tmp_path: Path) -> None:
    """A record that is damaged while a gate runs ended the session in an error, without a report."""
    about = {"property": "p", "benchmark": {"name": "b", "digest": "d", "n": 9}, "settings": {"seed": 0}}
    row: dict[str, Any] = {**about, "claim": {"name": "regression:x"}, "model": {"fingerprint": "f"}}
    reference: Any = SimpleNamespace(file=tmp_path / "base.json", content=b"{}")
    options: Any = SimpleNamespace(budget=RATE)
    budgeting.share(reference, [row], options)
    assert row["settings"][LEVEL] == 0.01 and len(load(tmp_path / "base.budget.json")) == 1
    (tmp_path / "base.budget.json").write_text("damaged")
    budgeting.share(reference, [row], options)
    assert row["settings"][LEVEL] == budgeting.NO_LEVEL
    with pytest.raises(UsageError, match="not a record of gates"):
        load(tmp_path / "base.budget.json")


def test_an_alarm_at_another_budgets_level_earns_nothing() -> None:
    """A gate under "1 false alarm per 100" may alarm where a share of false ones would not have."""
    share = parse("budget", "5 % of alarms false")
    at_first = level(share, [], "a", "m")
    quiet, loud = (Entry("a", "m", 0.01, 2 * at_first, alarm) for alarm in (False, True))
    earned = Entry("a", "m", at_first, at_first / 2, True)
    assert (
        level(share, [loud], "b", "m") == level(share, [quiet], "b", "m") < level(share, [earned], "b", "m")
    )


def test_evidence_on_shared_samples_is_averaged() -> None:
    runs = [Entry("a", str(i), 0.05, 1.0, False, evidence={"claim": e}) for i, e in enumerate((4.0, 10.0))]
    assert evidence(runs, "a") == {"claim": 7.0} and evidence(runs, "b") == {}


def test_false_decisions_of_a_train_of_100_releases() -> None:
    """Of unchanged ones 5 alarm without a budget, 1 with one, next to none by the false discovery rate."""
    rng, alarms = np.random.default_rng(0), np.zeros(3)
    for _ in range(40):
        p = rng.random(100)
        seen: list[bool] = []
        for each in p:
            seen.append(bool(each <= lord(seen, 0.05)))
        alarms += [(p <= 0.05).sum(), (p <= level(RATE, [], "", "")).sum(), sum(seen)]
    assert alarms / 40 == pytest.approx([5.0, 1.0, 0.0], abs=1.2)


def test_a_budget_is_a_rate_of_alarms_or_a_share_of_them_and_not_both() -> None:
    share = parse("budget", "5 % of alarms false")
    assert (RATE.alarms, RATE.checkpoints, RATE.share) == (1.0, 100, 0.0)
    assert (share.alarms, share.checkpoints, share.share) == (0.0, 0, 0.05)
