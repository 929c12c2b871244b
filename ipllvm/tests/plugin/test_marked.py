"""A property with benchmarks of its own: which it is measured on, and when it is skipped."""

from pathlib import Path

from ipllvm.tests.plugin.sessions import session, sessions, suite

CASES = {
    (): ["scenes-mc", "charts-mc"],
    ("scenes", "charts-mc"): ["charts-mc"],
    ("mmvp",): ["mmvp"],
    ("scenes",): ["scenes"],
}


def test_its_own_benchmarks_unless_told_otherwise(tmp_path: Path) -> None:
    folder = suite(tmp_path, "suite_marked")
    lists = [["--collect-only", "-q", *(f"--benchmark={name}" for name in names)] for names in CASES]
    for done, expected in zip(sessions(folder, *lists), CASES.values(), strict=True):
        found = [line.partition("::")[2] for line in done.lines if "::" in line]
        assert found == [f"test_marked[llava-tiny-{name}]" for name in expected]


def test_it_is_skipped_with_the_reason_on_any_other(tmp_path: Path) -> None:
    done = session(suite(tmp_path, "suite_marked"), "--benchmark=scenes", "-rs")
    assert done.status == 0
    assert any("is measured on scenes-mc, charts-mc, mmvp" in line for line in done.lines)
