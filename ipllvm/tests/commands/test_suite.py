"""The suite as a command runs it."""

import os

import pytest

from ipllvm.commands import suite


def test_what_a_run_sets_for_its_workers_is_gone_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a script that calls it, processes that are begun later find their own folder's modules."""
    during: list[str | None] = []
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)

    def main(*words: object, **more: object) -> int:
        during.append(os.environ.get("PYTHONSAFEPATH"))
        return 0

    monkeypatch.setattr(pytest, "main", main)
    assert suite.run([]) == 0
    assert during == ["1"] and "PYTHONSAFEPATH" not in os.environ
