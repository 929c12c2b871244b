"""What is missing of the requirements is told by name, and only what a check needs ends in an error."""

import tomllib
from pathlib import Path

import pytest

import ipllvm
from ipllvm.speed import packages
from ipllvm.speed.packages import main, missing

ROOT = Path(ipllvm.__file__).parents[1]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("no-such-thing", "no-such-thing"),
        ("no_such.thing>=1,<2", "no_such.thing"),
        ("no-such-thing[more,and-more]~=1.0", "no-such-thing"),
        ("no-such-thing @ https://example.org/x.whl", "no-such-thing"),
        ("no-such-thing; python_version >= '3.11'", "no-such-thing"),
        ("NO-SUCH-THING==1", "NO-SUCH-THING"),
    ],
)
def test_a_requirement_is_known_by_its_name(line: str, name: str) -> None:
    assert list(missing([line])) == [name]


@pytest.mark.parametrize("line", ["pytest", "PyTest>=9", "pytest[dev]", "pytest ; python_version > '3'"])
def test_what_is_installed_is_not_missing_however_it_is_written(line: str) -> None:
    assert list(missing([line])) == []


def test_the_order_is_kept_and_nothing_is_missing_of_nothing() -> None:
    assert list(missing(["zz-none", "pytest", "aa-none"])) == ["zz-none", "aa-none"]
    assert list(missing([])) == []


@pytest.mark.parametrize(
    ("dependencies", "status", "printed"),
    [
        (["pytest"], 0, ""),
        (["nice-to-have"], 0, "not here, and not needed for this: nice-to-have\n"),
        (["torch-less"], 1, "needed and not here: torch-less: pip install torch-less\n"),
        (
            ["nice-to-have", "torch-less>=2", "pytest", "other"],
            1,
            "not here, and not needed for this: nice-to-have, other\n"
            "needed and not here: torch-less: pip install torch-less\n",
        ),
    ],
)
def test_only_what_a_check_needs_is_an_error(
    dependencies: list[str], status: int, printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(packages, "NEEDED", frozenset({"torch-less", "pytest"}))
    file = tmp_path / "pyproject.toml"
    file.write_text(f"[project]\ndependencies = {dependencies!r}\n")
    assert main(file) == status
    assert capsys.readouterr().out == printed


def test_what_is_needed_is_required() -> None:
    """A package that the project no longer asks for would never be missed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {packages.NAME.match(line)[0] for line in project["dependencies"]}  # type: ignore[index]
    assert required >= packages.NEEDED
