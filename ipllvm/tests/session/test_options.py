"""The command line read into one value: defaults, spellings, the header and the replay."""

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ipllvm.errors import UsageError
from ipllvm.models import gpus
from ipllvm.session import header, options
from ipllvm.session.options import OPTIONS, Options
from ipllvm.session.profiles import Size


class Typed:
    """Stands for pytest's config with what was typed, and no plugins."""

    pluginmanager = pytest.PytestPluginManager()

    def __init__(self, **typed: Any) -> None:
        names = {row.name.replace("-", "_"): row for row in OPTIONS.values()}
        assert typed.keys() <= names.keys()
        unset = {name: (row.flag and False) or row.default for name, row in names.items()}
        self._typed = {**unset, "device": "cpu", **typed}
        self.option = SimpleNamespace()

    def getoption(self, name: str) -> Any:
        """The value of an option by its destination."""
        return self._typed[name.removeprefix("ipllvm_")]


def read(**typed: Any) -> Options:
    config: Any = Typed(**typed)
    return options.read(config)


def test_defaults_are_the_demo() -> None:
    found = read()
    assert (found.models, found.benchmarks) == (("llava-tiny",), ("easyvqa", "scenes", "charts"))
    assert (found.samples, found.fewer_do, found.draws, found.seed) == (None, True, None, 0)
    assert (found.profile, found.size("permutation_invariance")) == ("quick", Size(300, 1))
    assert (found.batch_size, found.claims, found.fail_undecided) == (None, None, False)


def test_looks_for_counterexamples_are_auto_or_a_number() -> None:
    assert [read(counterexamples=text).counterexamples for text in ("auto", "0", "25")] == [None, 0, 25]
    with pytest.raises(UsageError, match="--counterexamples few: give a whole number"):
        read(counterexamples="few")


def test_values_are_read() -> None:
    found = read(
        model=["llava-ov", "llava-next", "llava-ov"], samples="12", batch_size="3", undecided="fail", seed="7"
    )
    assert found.models == ("llava-ov", "llava-next")
    assert (found.samples, found.fewer_do, found.batch_size) == (12, False, 3)
    assert (found.fail_undecided, found.seed) == (True, 7)


def test_two_spellings_of_a_folder_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path)
    assert read(model=["a", "./a", "llava-ov"]).models == ("a", "llava-ov")


def test_all_samples() -> None:
    assert read(samples="all").samples is None


@pytest.mark.parametrize(("device", "expected"), [("auto", "paper"), ("cpu", "quick")])
def test_auto_is_the_papers_size_on_a_gpu(
    monkeypatch: pytest.MonkeyPatch, device: str, expected: str
) -> None:
    monkeypatch.setattr(gpus, "count", lambda: 1)
    assert read(device=device).profile == expected


def test_what_is_asked_for_goes_before_the_profile() -> None:
    found = read(samples="30", draws="2", profile="paper")
    assert {found.size(name) for name in ("layer_importance", "permutation_invariance")} == {Size(30, 2)}
    assert read(profile="paper").size("layer_importance") == Size(None, 10)
    assert read(samples="all").size("occlusion") == Size(None, 1)


def test_the_audit_takes_multiple_choice_too() -> None:
    assert read(profile="audit").benchmarks[-3:] == ("easyvqa-mc", "scenes-mc", "charts-mc")
    assert read(profile="audit", benchmark=["mmvp"]).benchmarks == ("mmvp",)


def test_hidden_gpus_do_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Places:
        def __init__(self, path: str) -> None:
            self.path = path

        def glob(self, pattern: str) -> list[str]:
            return ["0", "1", "2"]

    monkeypatch.setattr(gpus, "Path", Places)
    counts = []
    for visible in (None, "", "-1", "0", "0,2", "0,1,2,3"):
        if visible is None:
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        else:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        counts.append(gpus.count())
    assert counts == [3, 0, 0, 1, 2, 3]


def test_more_workers_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "count", lambda: 2)
    header.check_workers(2, read(device="auto"))
    header.check_workers(8, read(device="cpu"))
    header.check_workers(None, read(device="auto"))
    with pytest.raises(UsageError, match=r"^-n 3: .* 2 GPU\(s\): use -n 2$"):
        header.check_workers(3, read(device="auto"))
    monkeypatch.setattr(gpus, "count", lambda: 0)
    header.check_workers(3, read(device="auto"))


@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_cuda_needs_a_driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, device: str) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(gpus, "DRIVERS", (str(tmp_path / "absent"),))
    with pytest.raises(UsageError, match=f"^--device {device}: no GPU driver here; use --device cpu$"):
        read(device=device)
    monkeypatch.setattr(gpus, "DRIVERS", (str(tmp_path),))
    assert read(device=device).device == device


@pytest.mark.parametrize("text", ["1.5", "٣x", "²", "1e3", " 1"])
def test_a_number_is_digits(text: str) -> None:
    with pytest.raises(UsageError, match="give a whole number of at least 1"):
        read(draws=text)


@pytest.mark.parametrize(("text", "budget"), [("0", 0), ("12", 12), ("0.05", 0.05)])
def test_an_error_budget_is_a_number_or_a_share(text: str, budget: float) -> None:
    assert read(max_errors=text).max_errors == budget


@pytest.mark.parametrize("text", ["-1", "1.5", "nan", "few", ""])
def test_an_impossible_error_budget_is_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="--max-errors"):
        read(max_errors=text)


def test_a_report_folder_is_only_looked_at(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert read(report_dir=str(folder)).report_dir == folder
    assert list(tmp_path.iterdir()) == []


def test_claims_are_read_early(tmp_path: Path) -> None:
    path = tmp_path / "claims.toml"
    path.write_text("[permutation]\nmargin = 3\n")
    assert read(claims=str(path)).claims == path
    path.write_text("[permutation]\nmargin = true\n")
    with pytest.raises(UsageError, match="margin"):
        read(claims=str(path))


def test_the_header_says_what_will_be_measured() -> None:
    found = read(samples="12", seed="3")
    assert found.describe() == (
        "ipllvm: llava-tiny on easyvqa, scenes, charts; 12 samples each, profile quick, seed 3; "
        "reports in reports"
    )
    assert "; all samples, 2 draws, seed" in replace(found, samples=None, draws=2).describe()
    assert "; profile quick, seed 0" in read().describe()


def test_the_command_line_repeats_the_measurement() -> None:
    found = read(model=["llava-ov"], benchmark=["mmvp"], samples="all", offline=True, no_store=True)
    line = found.command_line()
    assert line[:2] == ["--model=llava-ov", "--benchmark=mmvp"]
    assert {"--profile=quick", "--samples=all"} <= set(line)
    assert {"--offline", "--no-store"} <= set(line)
    assert not any(word.startswith(("--draws", "--seed")) for word in line), "defaults go without saying"
    assert not any(argument.startswith("--claims") for argument in line)


def test_a_row_is_made_of_builtins(tmp_path: Path) -> None:
    row = replace(read(), claims=tmp_path).as_row()
    assert row["claims"] == str(tmp_path)
    assert row["models"] == ["llava-tiny"]
    assert {type(value) for value in row.values()} <= {str, int, bool, list, type(None), float}


def test_the_models_beside_the_one_under_test() -> None:
    found = read(encoder="/my/clip", language_model=["lm-tiny", "org/lm", "lm-tiny"])
    assert (found.encoder, found.language_models) == ("/my/clip", ("lm-tiny", "org/lm"))
    assert {"--encoder=/my/clip", "--language-model=lm-tiny", "--language-model=org/lm"} <= set(
        found.command_line()
    )
    assert read().language_models == ("lm-tiny",) and read().encoder is None


def test_a_generator_has_a_captioner_of_its_own() -> None:
    assert (read().generator, read().captioner) == ("renderer", "llava-tiny")
    assert read(generator="sdxl-lightning").captioner == "llava-ov"
    assert read(captioner="llava-next-tiny").captioner == "llava-next-tiny"
    with pytest.raises(UsageError, match="unknown --generator 'rendere': did you mean 'renderer'"):
        read(generator="rendere")


def test_sequential_runs_name_their_target() -> None:
    assert not read().sequential
    assert (read(sequential=True).sequential, read(sequential=True).target) == (True, "population")
    found = read(sequential=True, target="benchmark", final_look=True)
    assert (found.target, found.final_look) == ("benchmark", True)
    assert {"--sequential", "--target=benchmark", "--final-look"} <= set(found.command_line())


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"target": "benchmark"}, "--target benchmark: give --sequential too"),
        ({"final_look": True}, "--final-look: give --sequential too"),
        ({"margin_floor": True}, "--margin-floor: give --noise-floor too"),
        ({"sequential": True, "noise_floor": True}, "--noise-floor needs a fixed number of samples"),
        ({"sequential": True, "target": "world"}, "unknown --target 'world'"),
        ({"sequential": True, "save_baseline": "b"}, "--sequential: a baseline needs a fixed number"),
        ({"sequential": True, "baseline": "b"}, "--sequential: a gate has planned looks"),
        ({"variants": "8"}, "--variants: give --baseline too"),
        ({"fail_on": "worse"}, "--fail-on: give --baseline too"),
        ({"budget": "5 % of alarms false"}, "--budget: give --baseline too"),
        ({"catch": "1"}, "--catch: give --plan too"),
        ({"plan": True, "power": "90"}, "--power: give --catch too"),
        ({"judge_price": "1/2"}, "--judge-price: give --judge too"),
        ({"plan": True, "judge_price": "1/2"}, "--judge-price: give --judge too"),
        ({"model_price": "1/2"}, "--model-price: no --model of this run is served"),
        ({"model_price": "1/2", "model": ["llava-tiny"]}, "--model-price: no --model of this run is served"),
    ],
)
def test_what_does_not_go_with_another_option_or_not_without_one(asked: dict[str, Any], line: str) -> None:
    with pytest.raises(UsageError, match=line):
        read(**asked)


def test_a_curve_is_of_as_many_samples_as_the_profile_has_for_it() -> None:
    assert read().size("occlusion") == Size(120, 1, curve=20)
    assert read(samples="300", draws="2").size("occlusion") == Size(300, 2, curve=20)
    assert read(profile="paper").size("occlusion") == Size(None, 5)
