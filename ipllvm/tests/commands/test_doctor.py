"""`ipllvm doctor`: what is here, what is missing and how to get it; it works where little is installed."""

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from ipllvm import cli
from ipllvm.commands import doctor
from ipllvm.models import sources
from ipllvm.tests.test_sizes import ROOT


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A wide terminal in an empty folder; benchmarks are looked at in another test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.setattr("ipllvm.commands.doctor._benchmarks", lambda: iter(()))


def lines(capsys: pytest.CaptureFixture[str], status: int = 0) -> list[str]:
    """What it prints."""
    assert cli.main(["doctor"]) == status
    return capsys.readouterr().out.splitlines()


def test_a_machine_with_all_that_is_needed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    told = lines(capsys)
    found = {line.split()[0]: line for line in told if line}
    assert {"python", "torch", "transformers", "properties", "cpu", "hub", "store", "disk"} <= found.keys()
    assert f"{tmp_path}/reports/outcomes" in found["store"]
    assert "all that is needed is here" in told
    assert any("hf download llava-hf/llava-1.5-7b-hf" in line for line in told)
    assert list(tmp_path.iterdir()) == []


def test_an_optional_package_names_the_extra_that_brings_it() -> None:
    """All that a user may have and that no other extra of the project is for: documentation, tests, Ray."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {name: re.search(r"'ipllvm\[(.+)\]'", text) for name, text in doctor.OPTIONAL.items()}
    for name, found in named.items():
        assert found is not None
        assert any(line.startswith(name) for line in extras["optional-dependencies"][found[1]])
    left = {"docs", "dev", "real", "ray", "lmms", "smolvlm"}
    assert {found[1] for found in named.values() if found} == extras["optional-dependencies"].keys() - left


def test_the_store_is_measured(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "reports" / "outcomes").mkdir(parents=True)
    (tmp_path / "reports" / "outcomes" / "a.sqlite").write_bytes(b"0" * 3_000_000)
    assert any(line.split()[:3] == ["store", "3", "MB"] for line in lines(capsys))


def test_a_folder_that_takes_no_reports_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda place, mode: False)
    told = " ".join(lines(capsys))
    assert "not writable" in told and "--report-dir names another folder" in told


def test_what_is_missing_fails_and_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        if name in ("torch", "diffusers"):
            raise metadata.PackageNotFoundError(name)
        return "0.1" if name == "pillow" else "999"

    monkeypatch.setattr(doctor, "version", version)
    monkeypatch.setitem(sys.modules, "torch", None)
    told = lines(capsys, status=1)
    assert "needed and not here: pillow, torch" in told
    assert any(line.split() == ["torch", "missing", "pip", "install", "'torch>=2.6'"] for line in told)
    assert any(line.startswith("pillow ") and "0.1, too old" in line for line in told)
    assert any(line.startswith("diffusers ") and "pip install 'ipllvm[synthetic]'" in line for line in told)
    assert any(line.startswith("devices ") and "torch can't be imported" in line for line in told)


@pytest.mark.parametrize(
    ("content", "ends", "state"),
    [
        ("raise RuntimeError('operator torchvision::nms does not exist\\nand more')", 1, "9.9, does not fit"),
        ("raise ImportError('undefined symbol: _ZN5torch3jit17parseSchemaOrName')", 1, "9.9, does not fit"),
        ("", 0, "9.9"),
    ],
)
def test_a_torchvision_that_does_not_fit_torch_is_told_with_its_cure(
    content: str,
    ends: int,
    state: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Transformers imports it for any picture wherever it is installed, so that every run fails."""
    (tmp_path / "here" / "torchvision-9.9.dist-info").mkdir(parents=True)
    (tmp_path / "here" / "torchvision-9.9.dist-info" / "METADATA").write_text(
        "Name: torchvision\nVersion: 9.9\n"
    )
    (tmp_path / "here" / "torchvision.py").write_text(content)
    monkeypatch.syspath_prepend(tmp_path / "here")
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    shown = " ".join(" ".join(lines(capsys, ends)).split())
    sys.modules.pop("torchvision", None)
    assert f"torchvision {state} " in shown
    assert ("needed and not here: torchvision" in shown) == bool(ends)
    assert ("install the build that belongs to this torch" in shown) == bool(ends)
    assert "and more" not in shown


def test_missing_checkpoints_are_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_places", lambda: iter(()))
    told = lines(capsys, status=1)
    assert any(line.split()[:2] == ["vit-tiny", "missing"] for line in told)
    assert "train it: python -m ipllvm.zoo train vit-tiny" in " ".join(" ".join(told).split())


def test_it_asks_no_network_and_says_in_one_line_what_to_get(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from huggingface_hub.errors import LocalEntryNotFoundError

    monkeypatch.undo()
    asked: list[bool] = []
    whole = sources.resolve

    def refused(*_: object, local_files_only: bool = False, **__: object) -> None:
        asked.append(not local_files_only)
        raise LocalEntryNotFoundError("not cached")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refused)
    monkeypatch.setattr(sources, "resolve", lambda name, offline: whole(name, offline=offline))
    (row,) = [each for each in doctor._benchmarks() if "data get" in each[2]]
    assert row[1:] == ("not here", row[2]) and {"mmvp,", "mme,"} < set(row[2].split())
    list(doctor._models())
    assert asked and not any(asked)


def test_gpus_that_torch_can_not_use_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ipllvm.models.gpus.count", lambda: 2)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    (cuda,) = [words for name, _, words in doctor._machine() if name == "cuda"]
    assert cuda.startswith("2 GPU(s) that torch ")


def test_a_checkout_that_was_not_installed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def requires(name: str) -> list[str]:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "requires", requires)
    assert any(line.startswith("ipllvm ") and "not installed" in line for line in lines(capsys))
