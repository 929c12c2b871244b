"""What was worked out once is read again for the same key, and for no other."""

from pathlib import Path

import pytest

from ipllvm.engine.context import ENGINE
from ipllvm.engine.store import derived
from ipllvm.engine.store.derived import Derived
from ipllvm.records import Decision, Verdict


def once(store: Derived, key: object = "k", value: int = 7) -> tuple[int, bool]:
    """The value, and whether it was worked out now."""
    calls: list[int] = []

    def make() -> int:
        calls.append(value)
        return value

    return store.once("size", key, int, make), bool(calls)


def test_a_value_is_worked_out_once(tmp_path: Path) -> None:
    assert once(Derived(tmp_path)) == (7, True)
    assert once(Derived(tmp_path), value=8) == (7, False)
    assert once(Derived(tmp_path), key="another", value=8) == (8, True)


def test_without_a_folder_nothing_is_kept() -> None:
    assert once(Derived()) == (7, True)
    assert once(Derived()) == (7, True)


@pytest.mark.parametrize("content", [b"", b"{", b'"seven"', b"[" * 100_000, b"\xff\xfe"])
def test_a_damaged_file_is_worked_out_again(content: bytes, tmp_path: Path) -> None:
    once(Derived(tmp_path))
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    assert once(Derived(tmp_path)) == (7, True)
    assert once(Derived(tmp_path)) == (7, False)


def test_another_version_knows_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once(Derived(tmp_path))
    monkeypatch.setattr(derived, "ENGINE", ENGINE + 1)
    assert once(Derived(tmp_path)) == (7, True)


def test_a_folder_that_can_not_be_written_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert once(Derived(tmp_path / "file")) == (7, True)


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    verdict = Verdict(Decision.HOLDS, "inside", 0.01, 0.99)
    Derived(tmp_path).keep("verdict", [1, None], verdict)
    assert Derived(tmp_path).find("verdict", [1, None], Verdict) == verdict
