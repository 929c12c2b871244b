"""The plan: its trials are those that the properties make, and its gaps come with commands."""

from pathlib import Path

import pytest

from ipllvm.claims.tables import shipped
from ipllvm.errors import UnknownName
from ipllvm.paper import planning, words
from ipllvm.paper.parts import chosen, parts
from ipllvm.paper.planning import Device, of_model, plan, trials
from ipllvm.tests.plugin.sessions import properties, session

DEVICE = Device("made up", 1e15, 1e12)
MEASURED = {
    "table1": "test_permutation_invariance",
    "fig1": "test_patch_information",
    "fig2": "test_patch_shuffle",
    "fig6b": "test_occlusion",
    "fig8": "test_visual_token_importance",
    "fig9a": "test_layer_importance",
    "fig9b": "test_modality_importance",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What --plan says of each test."""
    chosen = ("-k", " or ".join(MEASURED.values()), "-m", "requirement or observation", "--benchmark=scenes")
    sizes = ("--model=llava-tiny", "--samples=10", "--draws=2", "--plan")
    done = session(tmp_path_factory.mktemp("plan"), *properties(*chosen, *sizes))
    return {line.partition("[")[0]: line for line in done.lines if "forward passes" in line}


@pytest.mark.slow
@pytest.mark.parametrize("key", MEASURED)
def test_trials_are_those_of_a_run(key: str, told: dict[str, str]) -> None:
    each, share = trials(parts()[key], 2, of_model("llava-tiny"))
    assert f" {10 * each:,} trials" in told[MEASURED[key]]
    assert 0 < share <= 1


def test_a_model_is_looked_at_once_for_all_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = list[str]()

    def counted(name: str) -> planning.Facts:
        looked.append(name)
        return of_model(name)

    monkeypatch.setattr(planning, "of_model", counted)
    assert len(list(plan(chosen(["table1", "fig4"]), ["llava-tiny"], DEVICE, 7, 1, judge=False))) > 10
    assert looked == ["llava-tiny"]


def test_what_is_missing_comes_with_the_command_that_gets_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IPLLVM_DATA", str(tmp_path))
    planning.is_here.cache_clear()
    found = list(plan(chosen(["table1"]), ["llava-1.5", "llava-tiny"], DEVICE, 10, 1, judge=False))
    lines = list(words.plan(found, DEVICE))
    assert "missing: hf download llava-hf/llava-1.5-7b-hf" in lines
    (sets,) = (line for line in lines if "data get" in line)
    assert sets.startswith("missing: ipllvm data get mmvp qbench mme ") and "$IPLLVM_DATA/NAME" in sets
    (tiny_line,) = (line for line in lines if line.startswith("Table 1, llava-tiny: 90 trials, about "))
    assert tiny_line.endswith("on easyvqa, scenes, charts in place of 10 benchmarks of the paper's")
    assert any(line.endswith("; 10 of 10 benchmarks lack something") for line in lines), "of what is not here"
    assert any(line.startswith("missing: --judge=NAME") for line in lines)
    tiny = [each for each in found if each.model == "llava-tiny" and not each.missing]
    assert [each.benchmark for each in tiny] == ["easyvqa", "scenes", "charts"]
    (now,) = (line for line in lines if line.startswith("what can be run now"))
    assert "with easyvqa, scenes, charts standing in" in now and "90 trials" in now
    (whole,) = (line for line in lines if line.startswith("all of it"))
    assert "600 trials" in whole, "what stands in is not run once the paper's sets are here"
    (none,) = (
        line for line in words.plan([each for each in found if each.missing], DEVICE) if "run now" in line
    )
    assert none.endswith(": nothing")
    planning.is_here.cache_clear()


def test_a_judge_is_asked_once_an_answer_and_sizes_are_the_published_ones() -> None:
    (mmvet,) = (
        each
        for each in plan(chosen(["table1"]), ["llava-1.5"], DEVICE, None, None, judge=True)
        if each.benchmark == "mmvet"
    )
    assert (mmvet.samples, mmvet.trials, mmvet.judge_calls) == (218, 218 * 7, 218 * 7)
    assert planning.judge_tokens(mmvet) == 218 * 7 * 763
    assert not any("--judge" in how for how in mmvet.missing)
    (pets,) = (
        each
        for each in plan(chosen(["table3"]), ["llava-1.5"], DEVICE, None, None, judge=True)
        if each.benchmark == "pets"
    )
    assert pets.samples == 1000


def test_what_several_parts_ask_alike_is_counted_once() -> None:
    def planned(*keys: str) -> tuple[int, int]:
        found = plan(chosen(keys), ["llava-1.5"], DEVICE, None, None, judge=True)
        own = [each for each in found if not each.stands_in]
        return sum(p.trials for p in own), sum(p.judge_calls for p in own)

    table, alone = planned("table1"), planned("categories")
    assert planned("table1", "categories") == table, "the categories are of answers that Table 1 asks for"
    assert alone[0] > 0 and alone[1] == 2 * (218 + 60)
    together = planned("table1", "fig2")
    assert table[0] + planned("fig2")[0] - together[0] == 2 * (300 + 218 + 1000 + 3088)


def test_the_language_models_that_are_missing_are_named() -> None:
    found, *_ = plan(chosen(["fig7"]), ["llava-1.5"], DEVICE, None, None, judge=True)
    assert sum(how.startswith("hf download ") for how in found.missing) == 11
    assert "hf download lmsys/vicuna-7b-v1.5" in found.missing


def test_twice_the_rate_and_the_bandwidth_is_half_the_time() -> None:
    slow, fast = (
        sum(
            p.seconds
            for p in plan(chosen([]), ["llava-ov"], Device("d", 1e14 * k, 1e12 * k), None, None, judge=True)
        )
        for k in (1, 2)
    )
    assert slow == pytest.approx(2 * fast) and slow > 0


def test_devices_are_known_by_name() -> None:
    assert planning.devices("h100").rate == 9.89e14
    assert planning.devices("here").rate > 0
    with pytest.raises(UnknownName, match=r"device to plan for 'h10': .*'h100'"):
        planning.devices("h10")


def test_every_model_of_the_paper_can_be_planned_without_its_weights() -> None:
    assert all(of_model(name).parameters > 1e9 for name in shipped("models.toml"))
