"""What holds for every row of the table of options, so that none can be half added."""

import argparse
import ast
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

import pytest

import ipllvm
from ipllvm.errors import UsageError
from ipllvm.evaluation.settings import Settings
from ipllvm.records import Benchmark
from ipllvm.session.option import Bears
from ipllvm.session.options import OPTIONS, Options
from ipllvm.session.registration import refuse_taken, register
from ipllvm.tests.session.test_options import Typed, read

OTHER: dict[str, Any] = {
    "models": ["llava-ov", "llava-next"],
    "benchmarks": ["scenes-mc", "charts"],
    "protocol": "paper",
    "profile": "audit",
    "samples": "12",
    "draws": "3",
    "seed": "7",
    "prompt_template": "llava_v1",
    "vision_tower": "tower",
    "base_model": "vicuna",
    "allow_pickle": True,
    "adapter": "",  # a folder, made by the test
    "revision": "v1.0",
    "trust_remote_code": True,
    "device_map": "balanced",
    "device": "auto",
    "dtype": "float16",
    "batch_size": "4",
    "claims": "",  # a file, made by the test
    "labels": "",
    "strict_observations": True,
    "prompt": "original",
    "permutation_scope": "all",
    "baseline": "b",
    "no_store": True,
    "noise_kind": "keskar",
    "patch_information": "pool",
    "occlusion_budget": "mass",
    "parameters": ["strength=strong"],
    "saliency": "facebook/dino-vits16",
    "max_errors": "0.25",
    "variants": "3",
    "budget": "1 false alarm per 100 checkpoints",
    "exact": "bets",
    "generator": "sdxl-lightning",
    "captioner": "llava-next-tiny",
    "encoder": "clip-tiny",
    "judge": "lm-tiny",
    "language_models": ["lm-tiny", "lm-tiny-b"],
    "answer": "likelihood",
    "offline": True,
    "sequential": True,
    "target": "benchmark",
    "final_look": True,
    "evidence": "looks",
    "top_up": 1500,
    "noise_floor": True,
    "margin_floor": True,
    "family_wise": True,
}
"""Another value than the default for each option that a replay repeats."""
WITH: dict[str, dict[str, Any]] = {
    "target": {"sequential": True},
    "final_look": {"sequential": True},
    "evidence": {"sequential": True},
    "margin_floor": {"noise_floor": True},
    "baseline": {"models": ["llava-ov"]},
    "budget": {"models": ["llava-ov"], "baseline": "b"},
    "variants": {"models": ["llava-ov"], "baseline": "b"},
}
"""What else has to be given."""
MEASUREMENT = {"draws", "seed", "prompt", "answer"}
PARAMETERS = {"permutation_scope", "noise_kind", "patch_information", "occlusion_budget"}
REPEATED = [name for name, row in OPTIONS.items() if row.bears is not Bears.NOTHING]


def test_an_option_that_another_plugin_has_keeps_its_long_spelling() -> None:
    """As pytest-playwright's --device does."""
    taken: list[str] = []
    made = parser("--device", taken=taken)
    assert taken == ["--device"]
    assert vars(made.parse_args(["--ipllvm-device=cpu", "--samples=12"]))["ipllvm_device"] == "cpu"
    refuse_taken(taken, ["--ipllvm-device=cpu", "--devices=x", "device"])
    for word in ("--device=cpu", "--device"):
        with pytest.raises(pytest.UsageError, match="write --ipllvm-device, or disable that plugin"):
            refuse_taken(taken, ["--samples=12", word])
    with pytest.raises(
        pytest.UsageError, match="--ipllvm-device: another pytest plugin has taken this option"
    ):
        parser("--device", "--ipllvm-device")


def parser(*others: str, taken: list[str] | None = None) -> argparse.ArgumentParser:
    """As pytest's own, which keeps what was typed by the same names; `others` are of other plugins."""
    made = argparse.ArgumentParser()
    for name in others:
        made.add_argument(name, dest=f"other{name}")

    class Group:
        def getgroup(self, name: str, description: str) -> "Group":
            return self

        def addoption(self, *names: str, **settings: Any) -> None:
            made.add_argument(*names, **settings)

    found = register(cast("pytest.Parser", Group()))
    (taken if taken is not None else []).extend(found)
    return made


def typed(line: list[str]) -> Options:
    """The options of a command line."""
    found = vars(parser().parse_args(line))
    return read(**{name.removeprefix("ipllvm_"): value for name, value in found.items()})


def given(name: str, value: Any) -> Options:
    """The options where one has that value, and what it needs."""
    asked = {**WITH.get(name, {}), name: value}
    return read(**{OPTIONS[each].name.replace("-", "_"): typed for each, typed in asked.items()})


def test_every_field_is_a_row_of_its_own() -> None:
    assert [each.name for each in fields(Options)] == ["fewer_do", "created", *OPTIONS]
    spelled = [spelling for row in OPTIONS.values() for spelling in row.spellings]
    assert len(spelled) == len(set(spelled))
    assert all(row.help and row.help == row.help.strip() for row in OPTIONS.values())


def test_all_but_what_bears_on_nothing_have_another_value_here() -> None:
    assert set(OTHER) == set(REPEATED)


@pytest.mark.parametrize("text", ["", " "])
@pytest.mark.parametrize("name", [name for name, row in OPTIONS.items() if not row.flag])
def test_nothing_is_no_value(name: str, text: str) -> None:
    """As of a variable that the shell does not know: it must not pass for the default, or for this folder."""
    row = OPTIONS[name]
    with pytest.raises(UsageError, match=f"--{row.name} "):
        row.read([text] if row.many else text)


@pytest.mark.parametrize("name", REPEATED)
def test_a_replay_repeats_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "claims.toml").write_text("[permutation]\nmargin = 3\n")
    (tmp_path / "labels.jsonl").write_text('{"id": "a", "answer": "x", "label": 1}')
    (tmp_path / "adapter").mkdir()
    made = {"claims": "claims.toml", "labels": "labels.jsonl", "adapter": "adapter"}
    files = {option: str(tmp_path / file) for option, file in made.items()}
    value = files.get(name, OTHER[name])
    found, usual = given(name, value), read()
    assert getattr(found, name) != getattr(usual, name), "another value than the default"
    again = typed(found.command_line())
    kept = {row: getattr(found, row) for row in OPTIONS if row not in REPEATED}
    assert replace(again, **kept) == found


def test_what_bears_on_a_measurement_is_a_setting_of_every_result() -> None:
    assert {name for name, row in OPTIONS.items() if row.bears is Bears.MEASUREMENT} == MEASUREMENT
    assert read().measurement().keys() == MEASUREMENT
    data = Benchmark("b", (), "exact_match", "ab", "made")
    row = Settings(measurement=read(prompt="original", seed="0").measurement()).row(data, 4, ())
    assert row.keys() >= MEASUREMENT and row["prompt"] == "original"


def shipped() -> Iterator[tuple[str, str]]:
    """Property and parameter of each `parameters` marker of the shipped properties."""
    for file in sorted((Path(ipllvm.__file__).parents[1] / "properties").glob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.parameters":
                yield from ((file.stem, ast.literal_eval(argument)) for argument in node.args)


def test_every_parameter_is_read_by_the_properties_that_declare_it() -> None:
    assert {name for name, row in OPTIONS.items() if row.bears is Bears.PARAMETER} == PARAMETERS
    assert {name for _, name in shipped()} == PARAMETERS
    for file in sorted((Path(ipllvm.__file__).parents[1] / "properties").glob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        used = {name for name in PARAMETERS if f'parameter("{name}")' in text}
        assert used == {name for stem, name in shipped() if stem == file.stem}, file.stem


@pytest.mark.parametrize(
    ("former", "now"),
    [("scope", "permutation_scope"), ("noise", "noise_kind"), ("information", "patch_information")],
)
def test_former_spellings_are_read(former: str, now: str) -> None:
    for spelling in (f"--{former}", f"--ipllvm-{former}"):
        found = vars(parser().parse_args([f"{spelling}={OTHER[now]}"]))
        assert found[f"ipllvm_{now}"] == OTHER[now]


def test_what_is_typed_stands_for_pytests_own() -> None:
    config: Any = Typed()
    assert vars(parser().parse_args([])).keys() == {f"ipllvm_{name}" for name in config._typed}
