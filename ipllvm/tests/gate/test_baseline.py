"""Baselines: what is kept comes back, pairs are by sample, unlike settings are refused."""

import base64
import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipllvm import claims, cli
from ipllvm.commands.compare import _flipped
from ipllvm.errors import UsageError
from ipllvm.gate import baseline as baselines
from ipllvm.gate.answers import as_rows, of_rows, pack, together
from ipllvm.gate.baseline import Baseline, BaselineEntry, dumps, of
from ipllvm.gate.compare import compare, result
from ipllvm.gate.reading import load
from ipllvm.records import ClaimKey, Contrast, Decision, Failed, Transcript
from ipllvm.tests.reporting import reports

CLAIM = claims.load()["permutation"]
SAMPLES = tuple(f"s{i}" for i in range(400))


def rows(values: Any, **settings: Any) -> list[dict[str, Any]]:
    """What a baseline keeps of a drop with these values."""
    found = np.asarray(values, dtype=float)
    ids = SAMPLES[: len(found)]
    contrast = Contrast("performance_drop", found, tuple(f"c{s}" for s in ids), samples=ids)
    made = replace(reports.result(), claim=CLAIM, paired=((CLAIM, contrast),))
    return baselines.rows(replace(made, settings={**made.settings, **settings}))


def baseline(values: Any, **settings: Any) -> Baseline:
    return of({}, rows(values, **settings))


NOTHING = np.zeros(400)
WORSE = np.where(np.arange(400) < 60, 1.0, 0.0)


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "first.json"
    path.write_text(dumps({"model": "m"}, rows(WORSE)))
    assert load(path) == Baseline({"model": "m"}, baseline(WORSE).entries)


def test_a_file_says_the_mean_in_points_for_people_who_read_it() -> None:
    (entry,) = json.loads(dumps({}, rows(WORSE)))["entries"]
    assert entry["mean"] == pytest.approx(15)
    (empty,) = json.loads(dumps({}, rows([])))["entries"]
    assert empty["mean"] is None


@pytest.mark.parametrize(
    "name", ["own/photos (v2).jsonl", "hub:org/set:main@test", "lmms:mme", "chartqa@paper"]
)
def test_whatever_benchmark_a_run_may_name_comes_back(name: str, tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    found = [{**row, "benchmark": name} for row in rows(NOTHING)]
    path.write_text(dumps({}, found))
    assert load(path) == of({}, found)


def test_a_weighted_contrast_stays_one(tmp_path: Path) -> None:
    weighted = [{**row, "weighted": True} for row in rows(WORSE)]
    path = tmp_path / "first.json"
    path.write_text(dumps({}, weighted))
    (old,), (new,) = load(path).entries.values(), of({}, weighted).entries.values()
    assert baselines.difference(old, new).weighted
    before = [{name: value for name, value in row.items() if name != "weighted"} for row in weighted]
    assert not of({}, before).entries[old.key].weighted


def said(perturbed: str) -> dict[str, Transcript]:
    """Every sample is asked its own question; what is said under the perturbation is up to the run."""
    return {s: Transcript(f"what is {s}?", "yes", ("yes", perturbed), "yes") for s in SAMPLES}


def told(values: Any, perturbed: str) -> list[dict[str, Any]]:
    """Rows with answers, of the claim and of the clean score."""
    found = rows(values)[0]
    clean = baselines.clean_claim(2.0)
    asked = {name: getattr(clean, name) for name in clean.__slots__}
    answers = as_rows(said(perturbed), SAMPLES, False)
    alone = as_rows(said(perturbed), SAMPLES, True)
    return [{**found, "said": answers}, {**found, "claim": asked, "said": alone}]


def test_answers_are_kept_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "first.json"
    path.write_text(dumps({}, told(WORSE, "no")))
    assert load(path).entries == of({}, told(WORSE, "no")).entries
    entries = {key[1]: entry for key, entry in load(path).entries.items()}
    assert entries["permutation"].said["s7"] == Transcript("what is s7?", "yes", ("yes", "no"), "yes")
    assert entries["clean_score"].said["s7"] == Transcript("what is s7?", "yes", gold="yes")
    assert path.stat().st_size < 20_000, "400 questions and 1,200 answers are kept compressed"


def test_answers_of_a_file_without_right_ones_come_back() -> None:
    kept = together({"s1": ["what?", "yes"], "s2": ["what?", "no", "yes"]}, {"s1": ["no"], "s2": []})
    assert of_rows(kept) == {
        "s1": Transcript("what?", "yes", ("no",)),
        "s2": Transcript("what?", "no", gold="yes"),
    }


def test_samples_that_flipped_are_told_with_question_and_both_answers() -> None:
    gate = compare(of({}, told(NOTHING, "yes")[:1]), of({}, told(WORSE, "no")[:1]), "b")
    (change,) = gate.changes
    assert len(change.turned) == 60
    said = "'yes' and perturbed 'yes', 'yes' before, 'yes' and perturbed 'yes', 'no' after"
    expected = f"lost s0 'what is s0?': {said}, right is 'yes'"
    assert str(change.turned[0]) == expected
    made = result(change, reports.result())
    assert made.estimates["regression"].extra["answers"][0] == expected


def test_compare_shows_each_sample_once_and_an_instruction_that_all_share_not_at_all() -> None:
    answers = {s: Transcript(f"what is {s}?\nIn one word.", "yes", ("no",)) for s in SAMPLES}
    found = told(WORSE, "no")
    packed = as_rows(answers, SAMPLES, False)
    gate = compare(of({}, told(NOTHING, "yes")), of({}, [{**row, "said": packed} for row in found]), "b")
    lines = list(_flipped(gate, False))
    assert len(gate.changes) == 3, "with that over all answers"
    assert sum("'what is s3?'" in line for line in lines) == 1, lines
    assert not any("In one word" in line for line in lines)
    assert [line for line in lines if "as above" in line] == ["  60 more as above"]


def test_a_baseline_from_before_answers_were_kept_still_opens(tmp_path: Path) -> None:
    found = json.loads(dumps({"model": "m"}, rows(NOTHING)))
    del found["asked"]
    for entry in found["entries"]:
        paired = json.loads(zlib.decompress(base64.b85decode(entry["paired"])))
        del paired["perturbed"]
        entry["paired"] = pack(paired)
    (tmp_path / "old.json").write_text(json.dumps(found))
    old = load(tmp_path / "old.json")
    assert old.entries == baseline(NOTHING).entries
    (change,) = compare(old, baseline(WORSE), "b").changes
    assert str(change.turned[0]).startswith("lost s0: an answer that was not kept before")


def test_the_same_run_is_no_regression() -> None:
    gate = compare(baseline(WORSE), baseline(WORSE), "baseline x")
    (change,) = gate.changes
    assert (gate.status, gate.undecided, change.turned) == (0, False, ())
    assert change.verdict.decision is Decision.HOLDS
    assert change.estimate.value == 0
    assert change.claim.name == "regression:permutation" and not change.claim.primary


def test_a_regression_is_violated_and_names_its_samples() -> None:
    gate = compare(baseline(NOTHING), baseline(WORSE), "baseline x")
    (change,) = gate.changes
    assert gate.status == 1
    assert change.verdict.decision is Decision.VIOLATED
    assert tuple(each.sample for each in change.turned) == SAMPLES[:60]
    assert change.estimate.value == pytest.approx(15)


def test_an_improvement_says_so() -> None:
    gate = compare(baseline(WORSE), baseline(NOTHING), "baseline x")
    assert gate.status == 0
    assert [line for line in gate.lines() if "refresh the baseline with --save-baseline=NAME" in line]
    named = compare(baseline(WORSE), baseline(NOTHING), "b", "cp b a")
    assert [line for line in named.lines() if line.endswith("refresh the baseline with cp b a")]


def test_a_claim_that_wants_much_is_worse_when_there_is_less() -> None:
    def gained(values: Any) -> Baseline:
        return of({}, [{**row, "claim": {**row["claim"], "direction": "at_least"}} for row in rows(values)])

    assert compare(gained(WORSE), gained(NOTHING), "b").status == 1
    assert compare(gained(NOTHING), gained(WORSE), "b").status == 0


def test_samples_are_paired_by_id_whatever_their_order() -> None:
    first = baseline(WORSE)
    ((key, entry),) = first.entries.items()
    turned = replace(
        entry, samples=entry.samples[::-1], clusters=entry.clusters[::-1], values=entry.values[::-1]
    )
    gate = compare(first, Baseline({}, {key: turned}), "b")
    assert gate.changes[0].turned == ()


def test_samples_that_one_run_alone_has_are_refused() -> None:
    for before, after, where in ((400, 300, "the baseline"), (300, 400, "this run")):
        gate = compare(baseline(NOTHING[:before]), baseline(NOTHING[:after]), "b")
        assert (gate.changes, gate.status) == ((), 7)
        (line,) = gate.lines()
        why = f"100 samples are in {where} alone (s300, s301, s302, ...): give both runs the same --samples"
        assert line == f"not compared permutation_invariance (permutation) on easyvqa: {why}"


def test_samples_that_failed_in_one_run_are_counted_as_missing() -> None:
    failed = of({}, [{**row, "n_error": 100} for row in rows(NOTHING[:300])])
    (change,) = compare(baseline(NOTHING), failed, "b").changes
    assert (change.estimate.n, change.estimate.n_error) == (300, 100)
    assert change.verdict.decision is Decision.UNDECIDED


@pytest.mark.parametrize("name", ["self_check", "perturbations"])
def test_what_does_not_matter_is_not_looked_at(name: str) -> None:
    gate = compare(baseline(NOTHING, **{name: "1"}), baseline(NOTHING, **{name: "2"}), "b")
    assert (gate.status, list(gate.lines())) == (0, [])


def of_versions(**versions: str) -> Baseline:
    return of({"versions": versions, "machine": {"gpu": versions.pop("gpu", "none")}}, rows(NOTHING))


def test_another_transformers_is_another_model() -> None:
    then, now = of_versions(transformers="5.22.0"), of_versions(transformers="5.23.0")
    gate = compare(then, now, "b")
    assert (gate.changes, gate.status) == ((), 7)
    (line,) = gate.lines()
    assert line.endswith(": transformers is 5.22.0 in the baseline and 5.23.0 in this run")
    assert compare(of({}, rows(NOTHING)), now, "b").status == 0, "older baselines do not say"


def test_what_is_immaterial_is_noted() -> None:
    gate = compare(baseline(NOTHING, batch_size=8), baseline(NOTHING, batch_size=16), "b")
    assert (gate.status, list(gate.lines())) == (0, []), "the batch follows the machine's load"
    gate = compare(of_versions(torch="2.1", gpu="H100"), of_versions(torch="2.2", gpu="H200"), "b")
    told = [
        "noted: torch is 2.1 in the baseline and 2.2 in this run",
        "noted: gpu is H100 in the baseline and H200 in this run",
    ]
    assert (gate.status, list(gate.lines())) == (0, told)


def test_missing_and_new_entries_fail_and_are_told() -> None:
    other = of({}, [{**row, "benchmark": "moon"} for row in rows(NOTHING)])
    gate = compare(baseline(NOTHING), other, "b")
    assert gate.status == 7
    told = list(gate.lines())
    assert [line.split()[0] for line in told] == ["missing", "new"]


@pytest.mark.parametrize("part", ["property", "benchmark"])
def test_what_may_be_renamed_is_said(part: str) -> None:
    other = of({}, [{**row, part: "renamed"} for row in rows(NOTHING)])
    gate = compare(baseline(NOTHING), other, "b")
    assert gate.status == 7
    missing, new = gate.lines()
    assert missing.startswith("missing permutation_invariance") and missing.endswith("?")
    assert "; renamed to " in missing and new.startswith("new ")


def test_an_observation_never_fails_a_gate() -> None:
    def observed(values: Any) -> Baseline:
        return of({}, [{**row, "claim": {**row["claim"], "kind": "observation"}} for row in rows(values)])

    gate = compare(observed(NOTHING), observed(WORSE), "b")
    assert gate.changes[0].verdict.decision is Decision.VIOLATED
    assert gate.status == 0


def test_no_samples_are_no_comparison() -> None:
    gate = compare(baseline([]), baseline([]), "b")
    assert (gate.changes, gate.status) == ((), 7)
    assert "no sample was measured in the baseline" in next(gate.lines())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "not a baseline"),
        ("{}", "not a baseline of schema"),
        ('{"schema": "ipllvm-baseline/1", "entries": [{}]}', "damaged baseline"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=line):
        load(path)
    with pytest.raises(UsageError, match="can't read"):
        load(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("most", "beyond"),
    [({"property": "p" * 200}, {"property": "p" * 201}), ({"bound": 1e6}, {"bound": 1.1e6})],
)
def test_what_is_at_a_limit_is_read_and_what_is_beyond_is_not(
    tmp_path: Path, most: dict[str, Any], beyond: dict[str, Any]
) -> None:
    (row,), path = rows(WORSE), tmp_path / "first.json"
    path.write_text(dumps({}, [{**row, **most}]))
    assert len(load(path).entries) == 1
    path.write_text(dumps({}, [{**row, **beyond}]))
    with pytest.raises(UsageError, match="a damaged baseline"):
        load(path)


@pytest.mark.parametrize("form", ["table", "markdown", "json"])
def test_compare_prints_and_has_the_gates_status(
    tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, values in (("a", NOTHING), ("b", WORSE), ("c", NOTHING)):
        (tmp_path / f"{name}.json").write_text(dumps({}, rows(values)))
    files = [str(tmp_path / f"{name}.json") for name in "abc"]
    assert cli.main(["compare", *files, "--format", form]) == 1
    shown = capsys.readouterr().out
    assert "VIOLATED" in shown and "15.0" in shown
    assert cli.main(["compare", files[0], files[2], "--format", form]) == 0
    capsys.readouterr()
    other = (tmp_path / "b.json").read_text().replace('"permutation_invariance"', '"other"')
    (tmp_path / "b.json").write_text(other)
    assert cli.main(["compare", *files[:2], "--format", form]) == 7
    assert "worse by" not in capsys.readouterr().out, "a table of nothing"


def test_entries_know_their_mean() -> None:
    (entry,) = baseline(WORSE).entries.values()
    assert isinstance(entry, BaselineEntry)
    assert entry.mean == pytest.approx(15)


@pytest.mark.parametrize("form", ["table", "markdown", "json"])
def test_compare_names_who_flipped_against_the_first_file(
    tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files = []
    for name, values, answer in (("a", NOTHING, "yes"), ("b", WORSE, "no"), ("c", NOTHING, "yes")):
        files.append(str(tmp_path / f"{name}.json"))
        Path(files[-1]).write_text(dumps({}, told(values, answer)[:1]))
    assert cli.main(["compare", *files, "--format", form]) == 1
    shown = capsys.readouterr().out
    assert "what is s0?" in shown and "what is s399?" not in shown
    if form == "json":
        found = json.loads(shown)
        assert [found[file]["status"] for file in files[1:]] == [1, 0]
        answers = found[files[1]]["changes"][0]["answers"]
        assert len(answers) == 60
        assert (answers[0]["sample"], answers[0]["after"]["perturbed"]) == ("s0", ["yes", "no"])
    else:
        assert "and 40 more" in shown
        assert shown.count("what is s0?") == 1, "only b has flips"
        assert "60, 0" in shown and "VIOLATED" in shown and "HOLDS" in shown


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., str]:
    """Save a run's rows as a baseline file, or as a run's folder, and say where."""

    def save(name: str, found: Any) -> str:
        place = tmp_path / name
        if "." not in name:
            place.mkdir()
            place = place / "baseline.json"
        place.write_text(dumps({}, found))
        return str(tmp_path / name)

    return save


def test_the_exit_status_of_compare(saved: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    """1 before 7 before 6 before 0, whichever of several runs it comes from; folders of runs will do."""
    first, same = saved("first.json", rows(NOTHING)), saved("same", rows(NOTHING))
    worse, other = saved("worse", rows(WORSE)), saved("other.json", rows(NOTHING, draws=7))
    failed = [{**row, "n_error": 10} for row in rows(NOTHING[:390])]
    renamed = [{**row, "property": "renamed"} for row in rows(NOTHING)]
    few, lacking = saved("few.json", failed), saved("lacking", renamed)
    told = {
        (same,): 0,
        (worse,): 1,
        (lacking,): 7,
        (other,): 7,
        (few,): 0,
        (few, "--undecided=fail"): 6,
        (same, few, "--undecided=fail"): 6,
        (few, other, "--undecided=fail"): 7,
        (few, other, worse, same, "--undecided=fail"): 1,
    }
    found = {given: cli.main(["compare", first, *given]) for given in told}
    assert found == told
    shown = capsys.readouterr().out
    assert ": draws is 5 in the baseline and 7 in this run" in shown
    assert "missing permutation_invariance" in shown


def test_a_broken_file_ends_compare_in_one_line(
    saved: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["compare", saved("first.json", rows(NOTHING)), str(tmp_path / "none.json")]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("none.json: no such file: Known: llava-tiny")


def test_better_runs_are_told_how_to_become_the_baseline(
    saved: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    worse, better = saved("worse.json", rows(WORSE)), saved("better.json", rows(NOTHING))
    assert cli.main(["compare", worse, better]) == 0
    assert f"refresh the baseline with cp {better} {worse}" in capsys.readouterr().out


def test_compare_fails_for_lack_of_samples_only_where_it_is_told_to(tmp_path: Path) -> None:
    for name, values in (("a", NOTHING[:40]), ("b", NOTHING[:40])):
        (tmp_path / f"{name}.json").write_text(dumps({}, rows(values)))
    files = [str(tmp_path / f"{name}.json") for name in "ab"]
    assert cli.main(["compare", *files]) == 0
    assert cli.main(["compare", *files, "--undecided=fail"]) == 6


def test_what_failed_may_hide_no_more_than_the_other_run_leaves_open() -> None:
    """A clean answer that was right and failed now: one lost at most, nothing won."""
    clean = baselines.clean_claim(2.0)
    key, ids = ClaimKey("image_use", clean.name, "b"), SAMPLES[:300]
    before = Contrast("clean", np.ones(300), ids, samples=ids)
    failed = tuple(Failed(name, name, 0.0, 1.0) for name in ids[:2])
    after = replace(before, values=np.ones(298), clusters=ids[2:], samples=ids[2:], n_error=2, failed=failed)
    sides = [BaselineEntry.of(key, clean, each) for each in (before, after)]
    may_lose = tuple(Failed(name, name, 0.0, 1.0) for name in ids[:2])
    assert baselines.difference(*sides).failures == may_lose
    assert baselines.difference(*(replace(each, failed=()) for each in sides)).failures == may_lose
    wrong = BaselineEntry.of(key, clean, replace(before, values=np.zeros(300)))
    assert [each[2:4] for each in baselines.difference(wrong, sides[1]).failed] == [(-1.0, 0.0)] * 2
    both = baselines.difference(sides[1], sides[1])
    assert both.n_error == 2 and [each[2:4] for each in both.failed] == [(-1.0, 1.0)] * 2


def test_what_errors_may_hide_comes_back(tmp_path: Path) -> None:
    failed = [["s", "c", 0.0, 0.5], ["t", "c", -1.0, 1.0]]
    found = [{**row, "n_error": 3, "failed": failed} for row in rows(NOTHING)]
    (tmp_path / "b.json").write_text(dumps({}, found))
    (entry,) = load(tmp_path / "b.json").entries.values()
    assert entry.failed == tuple(Failed(*each) for each in failed)  # type: ignore[arg-type]
    assert entry.contrast.failures == (*entry.failed, Failed("", "no value 0", -1.0, 1.0))
    (tmp_path / "b.json").write_text(dumps({}, [{**row, "unknown": [0.0, 1.5]} for row in found]))
    assert load(tmp_path / "b.json").entries.keys() == {entry.key}, "older files know them all together"


@pytest.mark.parametrize(
    ("failed", "why"),
    [
        ([["s", "c", 0.0, 9.0]], "may hide"), ([["s", "c", 1.0, 0.0]], "may hide"),
        ([["s", "c", 0.0, 1.0]] * 2, "can't have"), ([[SAMPLES[0], "c", 0.0, 1.0]], "can't have"),
        ([[name, "c", 0.0, 1.0] for name in "stuv"], "can't have"),
    ],
)  # fmt: skip
def test_a_file_whose_failures_are_none_is_refused(failed: list[Any], why: str, tmp_path: Path) -> None:
    found = [{**row, "n_error": 3, "failed": failed} for row in rows(NOTHING)]
    (tmp_path / "b.json").write_text(dumps({}, found))
    with pytest.raises(UsageError, match=why):
        load(tmp_path / "b.json")


def test_what_samples_share_is_kept_and_a_gate_heeds_that_of_the_new_run(tmp_path: Path) -> None:
    half = np.where(np.arange(400) < 12, 1.0, 0.0)
    alone, much = ([{**row, "shared": shared} for row in rows(half)] for shared in (1.0, 9.0))
    path = tmp_path / "b.json"
    path.write_text(dumps({}, much))
    assert load(path) == of({}, much)
    independent, apart = (
        compare(baseline(NOTHING), of({}, found), "b").changes[0].estimate for found in (alone, much)
    )
    assert apart.low < independent.low < 3 < independent.high < apart.high


def test_an_alignment_kept_before_sharing_was_known_is_not_decided_with_another_such(tmp_path: Path) -> None:
    before = [
        {**{name: value for name, value in row.items() if name != "shared"}, "property": "alignment"}
        for row in rows(WORSE)
    ]
    (tmp_path / "old.json").write_text(dumps({}, before))
    old = load(tmp_path / "old.json")
    (change,) = compare(old, of({}, before), "b").changes
    assert change.verdict.decision is Decision.UNDECIDED
    known = of({}, [{**row, "shared": 1.0} for row in before])
    (change,) = compare(old, known, "b").changes
    assert change.verdict.decision is Decision.HOLDS


@pytest.mark.parametrize(("count", "told"), [(60, 149), (300, 745)])
def test_advice_of_a_gate_counts_samples_where_only_some_bear_on_the_claim(
    count: int, told: int, tmp_path: Path
) -> None:
    """Of 300 questions 60 are of absent things: to compare 149 of these, 745 have to be asked."""
    ids = SAMPLES[:60]
    contrast = Contrast("performance_drop", np.zeros(60), ids, samples=ids)
    run = reports.result()
    run = replace(run, claim=CLAIM, paired=((CLAIM, contrast),), benchmark=replace(run.benchmark, n=count))
    path = tmp_path / "kept.json"
    path.write_text(dumps({}, baselines.rows(run)))
    (entry,) = load(path).entries.values()
    assert entry.sample_count == (count if count > 60 else 0)
    looked = replace(run, analyses={"permutation": ((20, 100), (60, 200))}) if count > 60 else run
    assert baselines.rows(looked)[0]["sample_count"] == (200 if count > 60 else 0)
    clean = replace(entry, claim=baselines.clean_claim(2.0))
    (change,) = compare(Baseline({}, {entry.key: clean}), Baseline({}, {entry.key: clean}), "kept").changes
    assert change.verdict.n_to_decide == told
