"""What must agree between two runs that are compared: written out here, and not taken from the tables."""

import re
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from ipllvm import claims
from ipllvm.evaluation.settings import Settings
from ipllvm.gate import agreement, baseline
from ipllvm.gate.baseline import BaselineEntry
from ipllvm.records import Benchmark, Claim, Contrast
from ipllvm.session.option import Bears
from ipllvm.session.options import OPTIONS
from ipllvm.tests.reporting import reports

CLAIM = claims.load()["permutation"]
MATERIAL = {
    "digest", "prompt", "template", "max_new_tokens", "draws", "seed", "permutation_scope", "noise_kind",
    "patch_information", "occlusion_budget", "answer", "scorer", "judge", "encoder", "synthetic",
    "saliency", "language_models", "dtype", "attention", "agg", "margin_floor", "family_wise",
    "groups", "patch_grid",
}  # fmt: skip
FREE = {
    "batch_size",
    "device",
    "sequential",
    "self_check",
    "perturbations",
    "judge_calls",
    "retention",
    "crossing",
    "clip_i",
    "prompts",
    "asked",
    "official total",
    "official sub-scores",
    "official by category",
}
OTHERS: dict[str, Any] = {
    "name": "other", "quantity": "gain", "direction": "at_least", "margin": 50.0, "kind": "observation",
    "alpha": 0.3, "planned_discordance": 0.3, "primary": False, "regression_margin": 50.0, "agg": "max",
    "draws": "random", "exact": "bets",
}  # fmt: skip
"""Another value of each field of a claim that a verdict depends on."""


def entry(**settings: Any) -> BaselineEntry:
    """What a baseline keeps of four samples."""
    ids = ("a", "b", "c", "d")
    contrast = Contrast("performance_drop", np.array([0, 0, 1, 1.0]), ids, samples=ids)
    made = replace(reports.result(), claim=CLAIM, paired=((CLAIM, contrast),))
    (row,) = baseline.rows(replace(made, settings={**made.settings, **settings}))
    return next(iter(baseline.of({}, [row]).entries.values()))


def test_a_run_agrees_with_itself() -> None:
    assert list(agreement.disagreements(entry(), entry())) == []


@pytest.mark.parametrize("name", sorted(MATERIAL - {"digest", "dtype", "attention", "occlusion_budget"}))
def test_unlike_settings_are_told_with_both_values(name: str) -> None:
    told = list(agreement.disagreements(entry(**{name: "one"}), entry(**{name: "two"})))
    assert f"{name} is one in the baseline and two in this run" in told


@pytest.mark.parametrize("name", ["digest", "dtype", "attention"])
def test_data_and_numerics_are_settings_too(name: str) -> None:
    old = entry()
    new = replace(old, settings={**old.settings, name: "other"})
    (told,) = agreement.disagreements(old, new)
    assert told.startswith(f"{name} is ")
    assert told.partition(" and other in this run")[2].startswith(
        ": give both runs the same --dtype" if name == "dtype" else ""
    )
    assert name == "dtype" or told.endswith(" and other in this run")


@pytest.mark.parametrize("side", ["the baseline", "this run"])
def test_what_could_not_be_measured_is_compared_with_nothing(side: str) -> None:
    lost = replace(entry(), verdict="NOT MEASURED")
    sides = (lost, entry()) if side == "the baseline" else (entry(), lost)
    assert list(agreement.disagreements(*sides)) == [f"its property could not be measured in {side}"]


@pytest.mark.parametrize("name", ["an_option_of_next_year", "noise_kind"])
def test_a_setting_that_one_side_alone_has_is_told(name: str) -> None:
    old = entry()
    without = replace(old, settings={key: value for key, value in old.settings.items() if key != name})
    has = replace(old, settings={**old.settings, name: "x"})
    for first, second in ((without, has), (has, without)):
        (told,) = agreement.disagreements(first, second)
        assert told.startswith(f"{name} is ") and "not set in " in told


@pytest.mark.parametrize("name", sorted(FREE))
def test_how_it_was_run_is_free(name: str) -> None:
    assert not agreement.material(name)
    assert list(agreement.disagreements(entry(**{name: "1"}), entry(**{name: "2"}))) == []


def test_every_setting_of_a_row_is_known_here() -> None:
    """A new option has to be put into one of the two sets above, by hand."""
    bears = (Bears.MEASUREMENT, Bears.PARAMETER)
    options = {name: "x" for name, row in OPTIONS.items() if row.bears in bears}
    every = Settings(sequential="population", family=2, margin_floor=True, measurement=options)
    asked = every.row(Benchmark("b", (), "exact_match", "ab", "made", 8), 4, ("p",))
    assert asked.keys() <= MATERIAL | FREE
    assert {name for name in asked if agreement.material(name)} == asked.keys() & MATERIAL


def test_every_field_of_a_claim_but_its_words_is_known_here() -> None:
    assert {field.name for field in fields(Claim)} == OTHERS.keys() | {"text", "source", "meaning"}


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_the_candidate_does_not_set_the_rule_that_it_is_judged_by(name: str) -> None:
    new = replace(entry(), claim=replace(CLAIM, **{name: OTHERS[name]}))
    told = list(agreement.disagreements(entry(), new))
    assert told == [
        f"the claim's {name} is {getattr(CLAIM, name)} in the baseline and {OTHERS[name]} in this run"
    ]


@pytest.mark.parametrize("name", ["text", "source", "meaning"])
def test_a_claim_may_be_worded_anew(name: str) -> None:
    new = replace(entry(), claim=replace(CLAIM, **dict[str, Any]({name: "other words"})))
    assert list(agreement.disagreements(entry(), new)) == []


@pytest.mark.parametrize(
    "change",
    [{"bound": 2.0}, {"lattice": 0.5}, {"draws": 3}, {"weighted": True}, {"share": 0.5}, {"over_bound": 2.0}],
)
def test_the_range_of_the_values_agrees(change: dict[str, Any]) -> None:
    (told,) = agreement.disagreements(entry(), replace(entry(), **change))
    assert told.startswith(f"the contrast's {next(iter(change))} is ")


def test_a_foreign_value_is_printed_safely_and_short() -> None:
    (told,) = agreement.disagreements(entry(), entry(prompt="\x1b]0;x\x07" + "y" * 99))
    assert told.isprintable() and len(told) < 150


@pytest.mark.parametrize("name", agreement.HIDDEN)
def test_what_a_server_hides_is_told_and_refuses_nothing(name: str) -> None:
    first = entry()
    own, served, unknown = (
        replace(first, settings={**first.settings, name: value}) for value in ("sdpa", agreement.SERVED, "x")
    )
    for pair in ((own, served), (served, own)):
        assert list(agreement.disagreements(*pair)) == []
        assert any(line.startswith(f"{name} is ") for line in agreement.devices(*pair))
    assert list(agreement.disagreements(own, unknown)), "anything else refuses"


def test_what_is_known_before_a_run_is_held_against_the_baseline_and_nothing_else() -> None:
    old = entry(seed=3)
    draws = old.settings["draws"]
    assert list(agreement.foreseen(old, {"draws": draws, "seed": 3, "batch_size": 99})) == []
    assert list(agreement.foreseen(old, {"draws": 99})) == [
        f"draws is {draws} in the baseline and 99 in this run"
    ]
    (rule,) = agreement.foreseen(old, {}, replace(CLAIM, regression_margin=50.0))
    assert rule.startswith("the claim's regression_margin is ") and rule.endswith("and 50.0 in this run")
    (fewer,) = agreement.foreseen(old, {}, samples=["a", "b", "c"])
    assert fewer.startswith("1 sample is in the baseline alone (d): ")
    (more,) = agreement.foreseen(old, {}, samples=[*"abcde"])
    assert more.startswith("1 sample is in this run alone (e): ")
    failed = replace(old, n_error=1)
    assert list(agreement.foreseen(failed, {}, samples=[*"abcde"])) == [], "it may be the one that failed"
    (made_up,) = agreement.foreseen(replace(old, n_error=2), {}, samples=[*"abcde"])
    assert made_up == "2 samples are said to have failed in the baseline, where 1 can have"


def lost(samples: str, n_error: int, **change: Any) -> BaselineEntry:
    """What a run kept that has a value for these of its samples, and so many errors."""
    ids, values = tuple(samples), (0.0,) * len(samples)
    return replace(entry(), samples=ids, clusters=ids, values=values, n_error=n_error, **change)


def test_a_sample_is_of_one_cluster() -> None:
    """Clusters decide how much a run tells, and are part of the data."""
    old = replace(entry(), clusters=("a", "a", "c", "d"))
    (line,) = agreement.disagreements(old, entry())
    assert line == "1 sample is of other clusters in the baseline (b)"


LOOKED = {"analyses": ((4, 5),), "planned": 9}


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        pytest.param(lost("abc", 2), lost("abd", 2), "", id="one failed in both, one in either"),
        pytest.param(lost("abcd", 1), lost("abcde", 0), "", id="failed before"),
        pytest.param(lost("abcde", 0), lost("abcd", 1), "", id="fails now"),
        pytest.param(
            lost("abcd", 2), lost("abcde", 0), "2 .* in the baseline, where 1 can", id="too many before"
        ),
        pytest.param(lost("abcd", 1), lost("abcd", 0), "1 .* in the baseline, where 0 can", id="of none"),
        pytest.param(lost("abcde", 0), lost("abcd", 3), "3 .* in this run, where 1 can", id="too many now"),
        pytest.param(lost("abcd", 5), lost("abcd", 1, **LOOKED), "", id="of those that were not looked at"),
        pytest.param(lost("abcd", 6), lost("abcd", 1, **LOOKED), "6 .* where 5 can", id="too many of them"),
        pytest.param(lost("abcdefghi", 0), lost("abcd", 1, **LOOKED), "", id="it stopped"),
        pytest.param(lost("abcdefghij", 0), lost("abcd", 1, **LOOKED), "6 samples are in", id="of more"),
    ],
)
def test_errors_are_of_samples_that_the_other_run_has_or_lost_too(
    old: BaselineEntry, new: BaselineEntry, why: str
) -> None:
    lines = list(agreement.disagreements(old, new))
    assert [bool(re.search(why, line)) for line in lines] == [True] * bool(why), lines


@pytest.mark.parametrize(("alone", "named"), [("e", "(e)"), ("efg", "(e, f, g)"), ("efgh", "(e, f, g, ...)")])
def test_three_of_the_samples_of_one_run_alone_are_named(alone: str, named: str) -> None:
    (line,) = agreement.disagreements(lost("abcd", 0), lost(f"abcd{alone}", 0))
    are = "sample is" if len(alone) == 1 else "samples are"
    assert line.startswith(f"{len(alone)} {are} in this run alone {named}: ")
