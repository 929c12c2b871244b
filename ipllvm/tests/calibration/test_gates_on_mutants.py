"""What a gate's rows say of a mutant, told in numbers: caught, refused, moved, and the line of each."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ipllvm import cli
from ipllvm.calibration import effects, experiment, gates, models, table
from ipllvm.calibration import halves as splits
from ipllvm.calibration.gates import Suite, regressions
from ipllvm.calibration.models import beyond, line
from ipllvm.verdicts.worse import POOLED


def report_row(claim: str, decision: str, p_worse: float | None = None, **more: Any) -> dict[str, Any]:
    numbers = {"value": 3.14159, "low": -0.004, "high": 6.789, "discordant": [7, 2]}
    said = {"decision": decision, "p_worse": p_worse}
    return {
        "claim": {"name": claim, "alpha": 0.05, "margin": 2.0}, "estimates": {"regression": numbers},
        "verdict": said, "standing": None, **more,
    }  # fmt: skip


def test_only_regressions_are_told_each_under_its_claim() -> None:
    found = regressions([report_row("permutation", "HOLDS"), report_row("regression:permutation", "HOLDS")])
    assert found == {
        "permutation": {
            "verdict": "HOLDS", "worse": False, "value": 3.14, "low": -0.0, "high": 6.79, "margin": 2.0,
            "discordant": [7, 2],
        }
    }  # fmt: skip
    assert regressions([]) == {}


@pytest.mark.parametrize(("p", "worse"), [(None, False), (0.05, True), (0.0501, False), (0.0, True)])
def test_worse_is_what_the_whole_gate_has_shown(p: float | None, worse: bool) -> None:
    (found,) = regressions([report_row("regression:x", "HOLDS", p)]).values()
    assert found["worse"] is worse


def test_what_stands_after_correction_goes_before_the_row_alone() -> None:
    stands = {"decision": "UNDECIDED", "p_worse": 0.4}
    (found,) = regressions([report_row("regression:x", "VIOLATED", 0.01, standing=stands)]).values()
    assert (found["verdict"], found["worse"]) == ("UNDECIDED", False)


def change(value: float, reach: float, verdict: str = "HOLDS", margin: float = 2.0) -> dict[str, Any]:
    return {
        "value": value, "low": value - reach, "high": value + reach, "verdict": verdict, "margin": margin,
        "discordant": [3, 1],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("found", "moved"),
    [
        (change(9, 3, "VIOLATED"), True), (change(9, 3, "UNDECIDED"), False), (change(-9, 3), True),
        (change(-9, 8), False), (change(-4, 2), False), (change(-4, 1.99), True), (change(0, 0), False),
    ],
)  # fmt: skip
def test_a_change_is_beyond_its_margin_in_either_direction(found: dict[str, Any], moved: bool) -> None:
    assert beyond(found) is moved


def test_a_ratio_that_a_damage_leaves_without_a_denominator_has_no_number() -> None:
    row = report_row("regression:x", "UNDECIDED")
    row["estimates"]["regression"] |= {"value": None, "low": None, "high": None}
    found = regressions([row])
    assert not beyond(found["x"])
    measured = {"refused": False, "right": True, "seconds": 9.6, "claims": found}
    assert line(measured) == "x n/a UNDECIDED; 10 s"
    assert list(effects.table({"head": measured}))[1].split() == ["head", "n/a"]


def test_a_gate_is_told_in_a_line() -> None:
    assert line({"refused": True, "seconds": 12.4, "claims": {}}) == "refused, 12 s"
    found = {"a": change(1.26, 1), "b": change(-0.04, 1, "UNDECIDED")}
    assert line({"refused": False, "seconds": 9.6, "claims": found}) == (
        "a +1.3 [0.3, 2.3] HOLDS, b -0.0 [-1.0, 1.0] UNDECIDED; 10 s"
    )


class Pretended:
    """What sessions of pytest would have found, by model; what each was told is kept."""

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self.rows, self.told = rows, list[tuple[str, ...]]()

    def session(self, suite: Suite, model: str, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
        self.told.append((model, *suite.arguments, *arguments))
        for word in arguments:
            if word.startswith("--save-baseline"):
                suite.baseline.parent.mkdir(parents=True, exist_ok=True)
                suite.baseline.write_text("kept")
        return 1, self.rows.get(Path(model).name, [])


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Pretended:
    found = Pretended(
        bad=[report_row("regression:a", "VIOLATED", 0.001), report_row("regression:b", "HOLDS", 0.9)],
        fine=[report_row("regression:a", "HOLDS", 0.6)],
        open=[report_row("regression:a", "UNDECIDED", 0.2)],
        slight=[report_row("regression:a", "HOLDS", 0.01)],
    )
    monkeypatch.setattr(Suite, "session", lambda *given: found.session(*given))
    monkeypatch.setattr(models, "mutate", lambda source, mutant, folder: folder)
    return found


def suite(folder: Path) -> Suite:
    return Suite(folder / "properties", folder / "reports", ("--draws=1",))


@pytest.mark.parametrize(
    ("model", "violated", "worse", "undecided", "refused"),
    [
        ("bad", ["a"], ["a"], [], False), ("fine", [], [], [], False), ("open", [], [], ["a"], False),
        ("slight", [], ["a"], [], False), ("nothing", [], [], [], True),
    ],
)  # fmt: skip
def test_a_gate_says_what_is_worse_and_what_is_open(
    model: str, violated: list[str], worse: list[str], undecided: list[str], refused: bool,
    tmp_path: Path, pretended: Pretended,
) -> None:  # fmt: skip
    found = suite(tmp_path).gate(model, "-n2")
    assert (found["violated"], found["worse"], found["undecided"]) == (violated, worse, undecided)
    assert found["refused"] is refused and found["status"] == 1
    baseline = tmp_path / "reports" / "baselines" / "calibration.json"
    assert pretended.told == [(model, "--draws=1", "-n2", f"--baseline={baseline}")]


def test_a_baseline_is_measured_once(tmp_path: Path, pretended: Pretended) -> None:
    for _ in range(2):
        suite(tmp_path).save("mine")
    assert [words[0] for words in pretended.told] == ["mine"]


@pytest.mark.parametrize(
    ("rows", "name", "caught", "right"),
    [
        ("bad", "tower_reset", True, True), ("fine", "tower_reset", False, False),
        ("fine", "heads_permuted", False, True), ("bad", "heads_permuted", True, False),
        ("slight", "heads_permuted", True, False), ("nothing", "tower_reset", True, True),
    ],
)  # fmt: skip
def test_a_harmful_mutant_is_to_be_caught_and_a_harmless_one_is_not(
    rows: str, name: str, caught: bool, right: bool, tmp_path: Path, pretended: Pretended
) -> None:
    pretended.rows[name] = pretended.rows.get(rows, [])
    before = tmp_path / "before.json"
    before.write_text("baseline")
    found = models.mutant(tmp_path, tmp_path, tmp_path / "work", before, name, 60)
    assert (found["caught"], found["right"]) == (caught, right)
    assert found["harmless"] is (name == "heads_permuted") and "\n" not in found["about"] and found["about"]
    (words,) = pretended.told
    (given,) = (word.removeprefix("--baseline=") for word in words if word.startswith("--baseline="))
    assert Path(given).read_text() == "baseline" and "--samples=60" in words


@pytest.mark.parametrize(
    ("rows", "name", "moved", "right"),
    [("bad", "tower_reset", ["a"], True), ("bad", "heads_permuted", ["a"], False),
     ("open", "heads_permuted", [], True), ("fine", "tower_reset", [], True)],
)  # fmt: skip
def test_a_probe_is_wrong_only_where_a_harmless_mutant_moves_something(
    rows: str, name: str, moved: list[str], right: bool, tmp_path: Path, pretended: Pretended
) -> None:
    pretended.rows[name] = pretended.rows[rows]
    (tmp_path / "before.json").write_text("baseline")
    found = models.probe(tmp_path, tmp_path, tmp_path / "work", tmp_path / "before.json", name, 60)
    assert (found["moved"], found["right"]) == (moved, right)
    assert gates.PROBES in pretended.told[0]


@pytest.mark.parametrize(("number", "workers"), [(0, 2), (1, 1), (4, 1), (5, 2)])
def test_a_pair_is_one_model_in_two_sizes_of_batches(
    number: int, workers: int, tmp_path: Path, pretended: Pretended
) -> None:
    pooled = [report_row(f"regression:{name}", "HOLDS") for name in ("a", "b", POOLED)]
    pretended.rows[models.MODEL] = pooled
    found = models.pair(tmp_path, tmp_path / "work", number, 30)
    first, second = found["batches"]
    assert first != second and found["workers"] == workers
    assert found["flipped"] == 2 * 9, "the row over all answers counts nothing again"
    saved, gated = pretended.told
    assert f"--batch-size={first}" in saved and f"--batch-size={second}" in gated
    assert f"--seed={number}" in saved and f"--seed={number}" in gated
    assert ("-n2" in gated) is (workers == 2)


def row(rates: dict[str, float], *, again: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"rates": rates, **({"again": again} if again else {})}


def test_the_table_of_cells_has_the_range_of_each_kind_and_names_what_was_not_kept() -> None:
    longer = {
        "runs": 20_000,
        "rates": {"HOLDS": 0.07, "VIOLATED": 0.01},
        "broken": ["HOLDS 0.0700, limit 0.0549"],
    }
    found = list(
        table.lines(
            {
                "bounds: one": row({"miss_low": 0.05, "miss_high": 0.041}),
                "at the margin: one": row({"HOLDS": 0.5, "VIOLATED": 0.0}, again=longer),
                "bounds: other": row({"miss_low": 0.02, "miss_high": 0.041}),
            }
        )
    )
    assert [line.split() for line in found[1:3]] == [
        ["bounds", "2", "of", "2", "miss_low", "2.0-5.0,", "miss_high", "4.1-4.1"],
        ["at", "the", "margin", "0", "of", "1", "HOLDS", "7.0-7.0,", "VIOLATED", "1.0-1.0"],
    ]
    assert found[3:] == ["not kept: at the margin: one: HOLDS 0.0700, limit 0.0549 in 20000 runs"]


def test_a_suite_of_other_words_is_another_one(tmp_path: Path) -> None:
    one = suite(tmp_path)
    assert one.baseline == tmp_path / "reports" / "baselines" / "calibration.json"
    assert replace(one, folder=tmp_path / "else").baseline.parent.parent == tmp_path / "else"
    assert json.dumps(models.settings("x", "all")) == json.dumps(
        ["-k", "x", f"--benchmark={models.BENCHMARK}", "--draws=1", "--samples=all"]
    )
    assert gates.CHOSEN != gates.PROBES


@pytest.mark.parametrize("part", ["mutants", "probes", "gates"])
def test_rows_of_another_number_of_samples_are_measured_anew(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a file has kept of 30 samples, or of nobody knows how many, stood for a run of 40."""
    kept = {"right": True, "worse": [], "flipped": 0, "refused": True, "claims": {}, "seconds": 1.0}
    halves = {"splits": 2, "false_regressions": 0, "verdicts": {}}
    names = {"gates": ["pair 0"]}.get(part, ["saved_again", "split"])
    old = {name: {**kept, "samples": 30} for name in names} | {"unsaid": kept}
    if part == "gates":
        old |= {name: {**halves, "samples": 30} for name in ("halves of draws", "halves of samples")}
    file, asked = tmp_path / "found.json", list[str]()
    experiment.write(file, {"schema": experiment.SCHEMA, part: old})

    def run(tasks: dict[str, Any], known: dict[str, Any], workers: int, save: models.Save) -> dict[str, Any]:
        asked.extend(name for name in tasks if name not in known)
        rows = {name: known.get(name, {**kept, "samples": 40}) for name in tasks}
        save(rows)
        return rows

    monkeypatch.setattr(models, "run", run)
    monkeypatch.setattr(models, "baseline", lambda *given: tmp_path)
    monkeypatch.setattr(models, "PAIRS", 1)
    monkeypatch.setattr(splits, "measure", lambda *given: asked.append("halves"))
    for name in ("of_draws", "of_samples"):
        monkeypatch.setattr(splits, name, lambda found: halves)
    only = [f"--only={name}" for name in names] if part != "gates" else []
    command = ["calibrate", f"--{part}", f"--json={file}", "--workers=1", *only]
    assert cli.main([*command, "--samples=40"]) == 0
    assert asked == [*names, *(["halves"] * (part == "gates"))]
    assert all(json.loads(file.read_text())[part][name]["samples"] == 40 for name in names)
    assert cli.main([*command, "--samples=40"]) == 0 and len(asked) == len(names) + (part == "gates"), (
        "what was measured with as many is taken"
    )
    assert "unsaid" not in capsys.readouterr().out


def touch(folder: Path, number: int) -> models.Row:
    time.sleep(0.02)
    (folder / str(number)).touch()
    return {"refused": True, "seconds": 0.0}


def test_where_it_is_interrupted_no_other_gate_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It went on to its last gate, minutes each, and kept none of them."""
    monkeypatch.setattr(models, "preload", lambda: None)

    def interrupted(rows: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        models.run({str(i): (touch, tmp_path, i) for i in range(20)}, {}, 1, interrupted)
    assert 1 <= len([*tmp_path.iterdir()]) < 10
