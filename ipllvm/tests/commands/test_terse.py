"""No output of `ipllvm check` names the folder of the installation, whatever is asked."""

import sys
from pathlib import Path

import pytest

from ipllvm.tests.commands.processes import start
from ipllvm.tests.test_sizes import ROOT

FEW = ("--benchmark=planted", "--benchmark=gsm8k", "--samples=4", "--offline", "--report-only")


MORE = [pytest.param(words, marks=pytest.mark.slow) for words in (("-rA",), ("-v", "-n2"))]


@pytest.mark.parametrize("asked", [("-v",), ("--collect-only", "-q"), *MORE], ids=" ".join)
def test_no_path_of_the_installation_is_shown(tmp_path: Path, asked: tuple[str, ...]) -> None:
    chosen = ("-k", "image_use or text_only_math or second_picture")
    status, printed = start(tmp_path, "check", "planted:invariant", *chosen, *FEW, *asked).end()
    assert status in (0, 7), printed
    printed = printed.replace(f"{sys.prefix}/bin", "")  # the interpreter in a line of xdist
    named = [
        line for line in printed.splitlines() if str(ROOT) in line or ("../" in line and "properties" in line)
    ]
    assert not named
    assert "properties/test_clean_score.py" in printed


def test_nor_where_a_file_of_ones_own_is_run(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text((ROOT / "properties" / "test_clean_score.py").read_text("utf-8"))
    words = ("--property=test_own.py", "--benchmark=planted", "--samples=4", "--report-only", "-v")
    status, printed = start(tmp_path, "check", "planted:invariant", *words).end()
    assert status == 0, printed
    assert "\ntest_own.py::test_image_use[planted:invariant-planted]" in printed and str(ROOT) not in printed


def test_why_a_file_of_ones_own_can_not_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("import nothing_of_this_name\n", encoding="utf-8")
    status, printed = start(tmp_path, "check", "planted:invariant", "--property=test_own.py").end()
    assert status == 2
    assert "\nERROR test_own.py: ModuleNotFoundError: No module named 'nothing_of_this_name'" in printed
    words = ("--property=test_own.py", "--property=image_use")
    status, printed = start(tmp_path, "check", "planted:invariant", *words).end()
    assert status == 4 and "image_use: test_own.py is run in place of the shipped properties" in printed


def test_a_name_that_chooses_nothing_is_said_to_and_what_is_called_alike(tmp_path: Path) -> None:
    status, printed = start(tmp_path, "check", "planted:invariant", "-k", "permutaton").end()
    assert status == 5
    assert "no property was chosen: did you mean permutation_invariance? ipllvm properties lists" in printed
