"""Where outcomes are kept: the user's cache, another folder, or beside the reports."""

from pathlib import Path

import pytest

from ipllvm.safety import places

REPORTS = Path("reports")


def test_it_is_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(places.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert places.store(REPORTS) == tmp_path / "ipllvm"


def test_a_folder_of_ones_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(places.VARIABLE, str(tmp_path / "mine"))
    assert places.store(REPORTS) == tmp_path / "mine"


def test_empty_is_beside_the_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(places.VARIABLE, "")
    assert places.store(REPORTS) == REPORTS


def test_a_cache_that_can_not_be_had_costs_no_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(places.VARIABLE)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert places.store(REPORTS) == REPORTS

    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    assert places.store(REPORTS) == REPORTS
