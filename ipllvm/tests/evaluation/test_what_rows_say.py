"""What a row says beside its numbers: settings, origins, bounds of totals, examples and schedules."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ipllvm.benchmarks import planted
from ipllvm.engine.plan import Plan
from ipllvm.engine.shard import Shard
from ipllvm.engine.shard import parse as parse_shard
from ipllvm.errors import NotTested, UsageError
from ipllvm.evaluation import counterexamples, flips
from ipllvm.evaluation.explanations import refutes
from ipllvm.evaluation.importance import saturated, share_of_lowest_quarter, unclear
from ipllvm.evaluation.origins import Origins, shares
from ipllvm.evaluation.probability import Probabilities
from ipllvm.evaluation.schedules import Fixed, PlanOnly, Sharded
from ipllvm.evaluation.settings import Settings
from ipllvm.evaluation.shown import Shown, asked
from ipllvm.evaluation.subscores import bounds
from ipllvm.metrics.totals import GradedSample
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Blank, Clean
from ipllvm.records import Benchmark, Contrast, Decision, Sample, Score, Scores, Series
from ipllvm.tests.evaluations import evaluation
from ipllvm.tests.reporting import reports
from ipllvm.verdicts.guard import GAIN

DATA = planted.tens(seed=0)
USUAL = {
    "draws": 5, "seed": 0, "answer": "generate", "batch_size": 8, "max_new_tokens": DATA.max_new_tokens,
    "self_check": "none", "perturbations": "clean",
}  # fmt: skip


@pytest.mark.parametrize(
    ("made", "more"),
    [
        ({}, {}), ({"sequential": "population"}, {"sequential": "population"}), ({"family": 1}, {}),
        ({"family": 9}, {"family_wise": 9}), ({"curve": 20}, {"curve_samples": 20}), ({"curve": 0}, {}),
        ({"margin_floor": True}, {"margin_floor": True}), ({"draws": 1, "seed": 7}, {"draws": 1, "seed": 7}),
        ({"measurement": {"grid": 4}, "parameters": {"scope": "tile"}}, {"grid": 4, "scope": "tile"}),
        ({"measurement": {"a": 1}, "parameters": {"a": 2}}, {"a": 2}),
        ({"max_errors": 5}, {"max_errors": 5}), ({"max_errors": 0}, {}),
    ],
)  # fmt: skip
def test_a_row_says_its_settings_and_what_goes_without_saying_it_does_not(made: Any, more: Any) -> None:
    assert Settings(**made).row(DATA, 8, ["clean"]) == {**USUAL, **more}


def test_no_option_takes_the_place_of_what_was_measured() -> None:
    row = Settings(measurement={"draws": 99, "seed": 99}, parameters={"batch_size": 99}).row(
        DATA, 8, ["clean"]
    )
    assert (row["draws"], row["seed"], row["batch_size"]) == (5, 0, 8)


def test_perturbations_are_named_once_in_their_order() -> None:
    row = Settings().row(DATA, 8, ["clean", "blank(level=127)", "clean", "b"])
    assert row["perturbations"] == "clean; blank(level=127); b" and "code" not in row


@pytest.mark.parametrize(
    ("most", "samples", "allowed"),
    [
        (0, 100, 0),
        (0.05, 100, 5),
        (0.05, 10, 0.5),
        (1, 100, 1),
        (1, 1, 1),
        (250, 100, 250),
        (0.999, 1000, 999),
    ],
)
def test_errors_are_allowed_by_number_or_by_share(most: float, samples: int, allowed: float) -> None:
    assert Settings(max_errors=most).allowed_errors(samples) == pytest.approx(allowed)


@pytest.mark.parametrize(
    ("workers", "words"),
    [
        ({"a": 1}, "a (1, 100 %)"), ({"b": 1, "a": 1999}, "a (1,999, 100 %), b (1, 0 %)"),
        ({"x": 2, "y": 2}, "x (2, 50 %), y (2, 50 %)"), ({}, ""),
    ],
)  # fmt: skip
def test_workers_are_told_by_their_shares(workers: dict[str, int], words: str) -> None:
    assert shares(Counter(workers)) == words


def test_outcomes_of_other_runs_and_workers_are_told_and_of_this_process_not() -> None:
    executor: Any = SimpleNamespace(measured_by=lambda outcomes, trials: Counter({"A100 on a": 3}))
    origins, plan = Origins(), Plan(DATA.samples[:3], (Clean(),), 1, 0, 4)
    assert origins.settings(3) == {}
    origins.add(plan, {}, executor)
    origins.add(plan, {}, executor)
    assert origins.settings(6) == {"measured_on": "A100 on a (6, 100 %)"}
    origins.runs.update({"b": 1000, "a": 234})
    assert origins.settings(2000)["reused"] == "1,234 of 2,000 outcomes, measured by a (234), b (1,000)"


def sample(number: int, cluster: int) -> Sample:
    return Sample(f"s{number}", f"c{cluster}", (), "?", "yes")


def graded(*values: float, size: int = 1, read: str | None = "yes") -> list[GradedSample]:
    return [GradedSample(sample(n, n // size), Score(value, read)) for n, value in enumerate(values)]


@pytest.mark.parametrize("total", ["accuracy", "mean_grade", "pair_accuracy"])
def test_the_bounds_of_a_mean_hold_it_and_do_not_look_at_the_order(total: str) -> None:
    found = graded(*[1.0, 1.0, 0.0, 1.0] * 30, size=2)
    low, high = bounds(total, found) or (0.0, 0.0)
    middle = 50.0 if total == "pair_accuracy" else 75.0
    assert 0 <= low < middle < high <= 100
    assert bounds(total, found[::-1]) == pytest.approx((low, high))
    wide = bounds(total, found[:40])
    assert wide is not None and wide[0] < low and wide[1] > high, "fewer samples tell less"


def test_a_pair_counts_where_both_are_right_and_a_single_one_never() -> None:
    both = bounds("pair_accuracy", graded(*[1.0] * 40, size=2))
    none = bounds("pair_accuracy", graded(*[1.0] * 40, size=1))
    assert both is not None and both[1] == pytest.approx(100) and both[0] > 80
    assert none is not None and none[0] == pytest.approx(0) and none[1] < 20


@pytest.mark.parametrize(
    ("total", "found"),
    [
        ("accuracy", []), ("ratio_of_means", []), ("ratio_of_means", graded(0.5, 0.5, read=None)),
        ("mme_points", graded(1.0)), ("no_such_unit", graded(1.0, 0.0)),
        ("ratio_of_means", graded(0.5, read="")),
    ],
)  # fmt: skip
def test_where_nobody_can_say_there_are_no_bounds(total: str, found: list[GradedSample]) -> None:
    assert bounds(total, found) is None


def test_the_bounds_of_a_ratio_are_of_the_points_that_were_read() -> None:
    found = [
        GradedSample(sample(n, n), Score(0.5, f"{8 + n % 2} {6 + n % 3}")) for n in range(30)
    ]  # a reference of 8.5 and a model of 7: 82.4 %
    low, high = bounds("ratio_of_means", found) or (0.0, 0.0)
    assert low < 100 * 7 / 8.5 < high and high - low < 10


@pytest.mark.parametrize(
    ("asked_for", "parameters", "found"),
    [(None, 999_999_999, 60), (None, 10**9, 0), (0, 5, 0), (7, 10**12, 7)],
)
def test_a_search_asks_as_much_as_it_may(asked_for: int | None, parameters: int, found: int) -> None:
    assert counterexamples.budget(asked_for, parameters) == found


@pytest.mark.parametrize(
    ("kind", "direction", "decision", "shows"),
    [
        ("requirement", "at_most", "VIOLATED", True), ("requirement", "at_least", "VIOLATED", True),
        ("observation", "at_most", "VIOLATED", True), ("observation", "at_least", "VIOLATED", False),
        ("requirement", "at_most", "HOLDS", False), ("requirement", "at_most", "UNDECIDED", False),
    ],
)  # fmt: skip
def test_a_flip_refutes_what_says_that_little_is_lost(
    kind: str, direction: str, decision: str, shows: bool
) -> None:
    found = reports.result(Decision(decision))
    claim = replace(found.claim, kind=kind, direction=direction)
    verdict = replace(found.verdict, decision=Decision(decision))
    assert refutes(replace(found, claim=claim, verdict=verdict)) is shows


@pytest.mark.parametrize(
    ("answer", "choices", "calls"),
    [
        ("generate", ("red", "blue"), [False]),
        ("likelihood", ("red", "blue"), [True, False]),
        ("likelihood", (), [False]),
    ],
)
def test_probabilities_are_read_first_where_answers_are_chosen(
    answer: str, choices: tuple[str, ...], calls: list[bool]
) -> None:
    data = replace(
        DATA, samples=tuple(replace(each, choices=choices, answer="A") for each in DATA.samples[:2])
    )
    found = Probabilities()
    assert [found.reading for _ in found.calls(answer, data)] == calls and found.reading is False


def test_curves_are_made_when_they_are_looked_at() -> None:
    made: list[int] = []

    def curves() -> Sequence[Series]:
        made.append(1)
        return ()

    shown = Shown({}, series=curves, terms={"a": Contrast("a", np.zeros(1), ("c",))})
    assert made == [] and shown.drawn == () and made == [1]
    gain = Contrast("gain", np.zeros(1), ("c",))
    assert shown.with_gain(None) is shown
    assert set(shown.with_gain(gain).terms) == {"a", GAIN} and set(shown.terms) == {"a"}
    assert asked(["x"] * 1200, replace(DATA, samples=DATA.samples[:3])) == {"asked": "1,200 of 3 questions"}


def called(schedule: Fixed, planned: Benchmark) -> list[list[str]]:
    calls: list[list[str]] = []
    schedule.measure(lambda data: calls.append([each.id for each in data.samples]), planned, 4)
    return calls


def test_a_fixed_schedule_calls_once_with_all() -> None:
    ids = [each.id for each in DATA.samples]
    assert called(Fixed(), DATA) == [ids]
    assert (
        Fixed().drawn(DATA.samples, 3) == DATA.samples[:3]
        and Fixed().drawn(DATA.samples, None) == DATA.samples
    )
    assert Fixed().batch_size(7) == 7 and Fixed().given([]) is None and Fixed().beside("x") == {}


def measured(shard: Shard, planned: Benchmark) -> tuple[list[str], str, Sharded]:
    schedule, ids = Sharded(shard), list[str]()
    with pytest.raises(NotTested) as said:
        schedule.measure(lambda data: ids.extend(each.id for each in data.samples), planned, 4)
    return ids, str(said.value), schedule


@pytest.mark.parametrize("count", [1, 3, 7])
def test_shards_are_all_samples_once_with_no_cluster_in_two(count: int) -> None:
    planned = replace(DATA, samples=DATA.samples[:57])
    parts = [measured(Shard(number, count), planned) for number in range(1, count + 1)]
    assert sorted(itertools.chain.from_iterable(ids for ids, *_ in parts)) == sorted(
        s.id for s in planned.samples
    )
    cluster = {each.id: each.cluster for each in planned.samples}
    where = [{cluster[name] for name in ids} for ids, *_ in parts]
    assert sum(map(len, where)) == len(set().union(*where))
    for number, (ids, said, _) in enumerate(parts, start=1):
        assert said == (
            f"shard {number}/{count}: {len(ids)} of 57 samples measured; ipllvm report --merge decides when "
            "all are"
        )


def test_a_shard_without_samples_calls_nothing_and_says_so() -> None:
    few = replace(DATA, samples=DATA.samples[:1])
    ids, said, schedule = measured(Shard(2, 2), few)
    assert ids == [] and said.startswith("shard 2/2: 0 of 1 samples measured")
    assert schedule.given([]) is not None


def test_a_curve_is_drawn_on_the_same_samples_in_all_shards() -> None:
    planned = replace(DATA, samples=DATA.samples[:40])
    drawn: list[str] = []
    for number in (1, 2):
        ids, _, schedule = measured(Shard(number, 2), planned)
        own = [each for each in planned.samples if each.id in ids]
        found = schedule.drawn(own, 25)
        assert {each.id for each in found} <= set(ids)
        drawn += [each.id for each in found]
        assert schedule.drawn(own, 0) == tuple(own[:1]), "one where none of them is among the first"
    assert sorted(drawn) == sorted(each.id for each in planned.samples[:25])


@pytest.mark.parametrize(
    "text", ["", "1", "0/2", "3/2", "1/0", "1/10001", "-1/2", "1/2/3", " 1/2", "١/٢", "1 / 2"]
)
def test_what_is_no_shard_is_one_line(text: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_shard("shard", text)
    assert str(error.value) == f"--shard {text}: write I/N, such as 1/8 to 8/8 (at most 10,000)"
    assert str(parse_shard("shard", "10000/10000")) == "10000/10000"


def test_a_plan_is_told_and_nothing_else() -> None:
    told: list[tuple[int, ...]] = []
    plans = [Plan(DATA.samples[:n], (Clean(),), 1, 0, 4) for n in (2, 3)]
    PlanOnly(lambda *given: told.append(tuple(map(len, given)))).before(*plans)
    assert told == [(2, 3)]


def scores(name: str, values: Any) -> Scores:
    table = np.asarray(values, float).reshape(len(values), -1)
    ids = tuple(f"s{n}" for n in range(len(table)))
    return Scores(name, ids, ids, table)


BLANK = scores("blank", [0.0] * 200)
RIGHT, WRONG = scores("noisy", [1.0] * 200), scores("noisy", [0.0] * 200)


@pytest.mark.parametrize(
    ("noisy", "lost"), [([RIGHT], 0), ([WRONG], 1), ([RIGHT, WRONG], 0), ([RIGHT, WRONG, WRONG], 2), ([], 0)]
)
def test_a_map_tells_nothing_where_noise_leaves_what_a_blank_picture_does(
    noisy: list[Scores], lost: int
) -> None:
    """At more than half of its places."""
    said = saturated(BLANK, noisy)
    assert (f"saturated: noise at {lost} of {len(noisy)} layers" in said) is bool(lost)
    assert bool(unclear(BLANK, noisy)) is bool(lost)
    assert said == "" or said.endswith("a milder one tells more: --noise-kind=keskar")


def test_the_lowest_quarter_is_beside_all_layers() -> None:
    clean = scores("clean", [1.0, 1.0])
    (low, whole) = share_of_lowest_quarter(clean, [scores("n", [0.0, 1.0])] + [scores("n", [1.0, 1.0])] * 7)
    assert low.values.mean() == pytest.approx(0.5) and whole.values.mean() == pytest.approx(0.5)


def test_examples_are_few_seeded_and_lost_ones_first_whatever_is_asked() -> None:
    measured_here = evaluation("planted:exact-drop,d=0.5,swap=true,a=0.6")
    measured_here.run(Blank(), Permutation())
    traces = measured_here._measurement.call.traces
    every = flips.turns(traces, 0, most=10_000)
    for most in (0, 1, 3, len(every), len(every) + 5):
        found = flips.turns(traces, 0, most=most)
        assert len(found) == min(most, len(every))
        assert [turn.lost for turn in found] == sorted((turn.lost for turn in found), reverse=True)
    names = {(turn.sample.id, str(turn.perturbation), turn.draw) for turn in every}
    assert len(names) == len(every), "none twice"
    assert not any(isinstance(turn.perturbation, Blank) for turn in every)
    assert all(turn.costs(turn.perturbed) is turn.lost for turn in every)
