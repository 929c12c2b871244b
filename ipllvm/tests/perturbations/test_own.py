"""Perturbations of a property file of the user's: run on request, known by name, printed and read back."""

from pathlib import Path

import pytest

from ipllvm.errors import UsageError
from ipllvm.perturbations import own
from ipllvm.perturbations.parsing import parse
from ipllvm.registry import PERTURBATIONS

HEAD = """
from dataclasses import dataclass
from ipllvm.perturbations.base import Base
"""
PLAIN = """
@dataclass(frozen=True, slots=True)
class {kind}(Base):
    name = "{name}"

    def apply(self, value, layout, rng):
        return value
"""
MINE = PLAIN.format(kind="Plain", name="mine_plain")
FIELDS = PLAIN.replace(
    "    def", "    times: int = 2\n    cells: tuple[int, ...] = (0, 3)\n    on: bool = True\n\n    def"
).format(kind="Fields", name="mine_fields")


@pytest.fixture(autouse=True)
def _no_name_outlives_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PERTURBATIONS, "_lent", {})


def _file(folder: Path, text: str, name: str = "test_mine.py") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_what_a_file_defines_is_printed_with_its_fields_and_comes_back(tmp_path: Path) -> None:
    own.learn([_file(tmp_path, HEAD + MINE), _file(tmp_path, HEAD + FIELDS, "test_more.py")])
    plain, fields = (PERTURBATIONS.load(f"mine_{name}") for name in ("plain", "fields"))
    assert str(plain()) == "mine_plain"
    assert str(fields()) == "mine_fields(times=2, cells=0+3, on=True)"
    assert str(fields(1, (), False)) == "mine_fields(times=1, cells=none, on=False)"
    for made in (plain(), fields(), fields(1, (), False)):
        assert parse(str(made)) == made and made.seed_key == str(made)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "defines no perturbation: name the property file that does"),
        ("from ipllvm.perturbations.noise import LayerNoise", "defines no perturbation"),
        (HEAD + MINE.replace('"mine_plain"', '""'), "defines no perturbation"),
        (HEAD + MINE.replace("apply", "applied").replace("(Base)", ""), "defines no perturbation"),
        (HEAD + MINE.replace("mine_plain", "drop"), "'drop' has the name of one that is there already"),
        ("1 / 0", "can't be run: ZeroDivisionError: division by zero"),
        ("import sys; sys.exit('no')", "can't be run: SystemExit: no"),
        ("def (", "can't be run: SyntaxError: "),
    ],
)
def test_a_file_that_defines_none_of_its_own_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(UsageError) as raised:
        own.learn([_file(tmp_path, text)])
    assert why in str(raised.value) and "\n" not in str(raised.value)
    assert not [name for name in PERTURBATIONS if name.startswith("mine")]


@pytest.mark.parametrize("name", ["absent.py", "file.txt", "."])
def test_what_is_no_file_of_python_is_refused(tmp_path: Path, name: str) -> None:
    _file(tmp_path, "1", "file.txt")
    with pytest.raises(UsageError, match="no such property file, which is Python"):
        own.learn([tmp_path / name])
