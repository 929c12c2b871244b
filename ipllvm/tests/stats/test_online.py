"""The level of each of many gates, against LORD++ as its paper has it, term by term."""

from math import exp, log, sqrt

import pytest

from ipllvm.stats.online import combined_e, lord, per_checkpoint

ALPHA = 0.05


def weight(time: int) -> float:
    """Javanmard & Montanari 2018, before it is made to add up to 1 over 10,000 gates."""
    return log(max(time, 2)) / (time * exp(sqrt(log(time))))


WHOLE = sum(weight(time) for time in range(1, 10_001))


def by_the_paper(alarms: str, alpha: float) -> float:
    """Ramdas et al. 2017 with W0 = alpha / 2: gate t has gamma_t W0, and more for each earlier alarm."""
    now = len(alarms) + 1
    times = [place for place, letter in enumerate(alarms, 1) if letter == "x"]
    earned = [alpha / 2, *[alpha] * len(times)]
    spent = alpha / 2 * weight(now)
    return (spent + sum(more * weight(now - time) for more, time in zip(earned, times, strict=False))) / WHOLE


@pytest.mark.parametrize(
    "alarms", ["", ".", "x", "....", "..x", "xx", "x.", "x..x", ".x.x.x.", "." * 60 + "x"]
)
@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_a_gates_level_is_that_of_the_paper(alarms: str, alpha: float) -> None:
    found = lord([letter == "x" for letter in alarms], alpha)
    assert found == pytest.approx(by_the_paper(alarms, alpha), rel=1e-9)


def test_without_an_alarm_at_most_half_is_spent_and_an_alarm_earns_the_other() -> None:
    quiet = [lord([False] * gates, ALPHA) for gates in range(300)]
    assert sorted(quiet[1:], reverse=True) == quiet[1:] and 0.9 * ALPHA / 4 < sum(quiet) < ALPHA / 2
    assert lord([True], ALPHA) - quiet[1] == pytest.approx(quiet[0])


@pytest.mark.parametrize(
    ("alarms", "gates", "level"), [(1, 100, 0.01), (0.5, 10, 0.05), (5, 5, 1.0), (3, 4, 0.75)]
)
def test_so_many_alarms_among_so_many_gates(alarms: float, gates: int, level: float) -> None:
    assert per_checkpoint(alarms, gates) == level


@pytest.mark.parametrize(("alarms", "gates"), [(0, 5), (-1, 5), (6, 5), (float("nan"), 5)])
def test_no_gate_never_alarms_or_always(alarms: float, gates: int) -> None:
    with pytest.raises(ValueError, match=f"no budget: {alarms} false alarms per 5 checkpoints"):
        per_checkpoint(alarms, gates)


@pytest.mark.parametrize(
    ("values", "fresh", "expected"),
    [
        ([], "", 1.0),
        ([4], "n", 4.0),
        ([4], "o", 4.0),
        ([4, 5, 0.5], "nnn", 10.0),
        ([4, 6], "no", 5.0),
        ([2, 3, 5, 7], "nonn", (2 * 5 * 7 + 3 * 5 * 7) / 2),
        ([2, 3, 4], "noo", 3.0),
    ],
)
def test_new_samples_multiply_and_old_ones_are_averaged(
    values: list[float], fresh: str, expected: float
) -> None:
    assert combined_e(values, [letter == "n" for letter in fresh]) == pytest.approx(expected)
