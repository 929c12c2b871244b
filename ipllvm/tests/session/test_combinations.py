"""Options of pytest and of other plugins that would lose results, or pass a gate that compares nothing."""

from types import SimpleNamespace
from typing import Any

import pytest

from ipllvm.errors import UsageError
from ipllvm.session.combinations import LISTING, check_added, check_pytest


@pytest.mark.parametrize("baseline", [None, "release-1"])
@pytest.mark.parametrize(
    ("name", "typed", "line"),
    [
        ("forked", True, "--forked: it runs tests in processes whose results are lost: leave it out"),
        ("setupplan", True, "--setup-plan: it measures nothing: leave it out of a gate"),
        ("setuponly", True, "--setup-only: it measures nothing: leave it out of a gate"),
        (
            "flake_finder",
            True,
            "--flake-finder: it copies tests, and a comparison is made once: leave it out",
        ),
        ("retries", 2, "--retries: it calls tests again, and a comparison is made once: leave it out"),
    ],
)
def test_what_a_run_can_not_have_beside_it(name: str, typed: Any, line: str, baseline: str | None) -> None:
    values = {"baseline": baseline}
    for harmless in (SimpleNamespace(), SimpleNamespace(**{name: type(typed)()}), SimpleNamespace(reruns=2)):
        check_pytest(harmless, values)
    if baseline or name == "forked":
        with pytest.raises(UsageError, match=line):
            check_pytest(SimpleNamespace(**{name: typed}), values)
    else:
        check_pytest(SimpleNamespace(**{name: typed}), values)


@pytest.mark.parametrize("name", LISTING)
def test_a_gate_runs_unless_the_command_line_itself_asks_for_a_list(name: str) -> None:
    """PYTEST_ADDOPTS=--collect-only made a gate pass that compared nothing."""
    options = SimpleNamespace(**{name: True})
    check_added(options, ["properties"])
    with pytest.raises(UsageError, match="nothing is compared"):  # --help: pytest reads no option behind it
        check_added(options, ["properties", "--baseline=release-1"])
    options.ipllvm_baseline = "release-1"
    with pytest.raises(UsageError, match=f"^{LISTING[name][0]}: PYTEST_ADDOPTS or a settings file"):
        check_added(options, ["properties", "--baseline=release-1", "--confcutdir=.", "--planned"])
    for spelling in LISTING[name]:
        check_added(options, ["properties", "--baseline=release-1", spelling])
    check_added(SimpleNamespace(ipllvm_baseline="release-1", **{name: False}), ["properties"])
