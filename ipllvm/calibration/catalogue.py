"""Which hard cells there are: few or unequal clusters, graded scores, means, guards, random draws.

Beside them how often claims are decided where that is possible, to be compared when a test is changed.
"""

from collections.abc import Iterator
from itertools import product

from ipllvm.calibration import failing
from ipllvm.calibration.cells import Cell
from ipllvm.calibration.distributions import LAYOUTS, Design, Flips, Graded, Retention
from ipllvm.calibration.hard import (
    AtTruth,
    Combined,
    Decides,
    GuardFamily,
    Monotone,
    PropertyGate,
    RandomDraws,
)
from ipllvm.calibration.neighbours import AlikeSides
from ipllvm.calibration.sequences import AdviceFollowed, GateLooks, PlannedLooks


def _told(steps: tuple[tuple[float, float], ...]) -> str:
    return ", ".join(f"{100 * chance:g} % drop {drop:g}" for drop, chance in steps)


_STEPS = (
    ((0.1, 0.10), (1.0, 0.015)),
    ((0.1, 0.10), (-0.1, 0.10), (1.0, 0.015)),
    ((0.125, 0.10), (-0.125, 0.10), (1.0, 0.02)),
    ((-0.02, 0.96), (1.0, 0.04)),
    ((0.5, 0.06), (-0.5, 0.03), (1.0, 0.01)),
)
GRADED = tuple(Graded(_told(steps), steps) for steps in _STEPS)
"""Judges in tenths, eighths of chosen steps, points of pairs."""
_GRADED_DESIGNS = (
    Design(50),
    Design(150),
    Design(300),
    Design(300, 2, rho_c=0.3),
    Design(300, 10, rho_c=0.3),
    Design(1500, 10, rho_c=0.3),
    Design(1500, 10, rho_c=0.3, beta=True),
)
_GATES = (
    PropertyGate(Flips(0.02, 0.02), Flips(0.05, 0.02)),
    PropertyGate(GRADED[0], GRADED[1]),
    PropertyGate(GRADED[2], GRADED[4]),
)
_LOOKED_AT = (Design(1500), Design(1500, 10, rho_c=0.1))
_BENCHMARKS = (
    Design(300),
    Design(300, 2, rho_c=0.3),
    Design(300, 10, rho_c=0.3),
    Design(1000, 20, rho_c=0.3),
    Design(4000, 20, rho_c=0.3),
)


def cells() -> Iterator[Cell]:
    """Every one of them."""
    for design, law in product(
        _clustered(), (Flips(0.05), Flips(0.20), Flips(0.03, 0.01), Flips(0.05, 0.05))
    ):
        yield AtTruth("clusters", law, design)
    for rare in (Flips(0.02), Flips(0.01)):
        for design in (Design(2000, 20, rho_c=0.3), Design(4000, 20, rho_c=0.3), Design(4000, 20, rho_c=0.6)):
            yield AtTruth("clusters", rare, design)
    yield from _gains()
    for steps, design in product(GRADED, _GRADED_DESIGNS):
        yield AtTruth("graded", steps, design)
    for pictures in (60, 100):
        yield AtTruth("neighbours", AlikeSides(8), Design(pictures))
    for share, design in product((0.1, 0.25, 0.5, 0.75, 0.9), (Design(60, 2, rho_c=0.3), Design(60))):
        yield AtTruth("few clusters", Retention(share), design)
    for gate, design in product(_GATES, _GRADED_DESIGNS[1:]):
        yield AtTruth("property gate", gate, design)
    for drops, design in product(((0.05, 0.05), (0.01, 0.02, 0.03), (0.02, 0.02, 0.02)), _BENCHMARKS):
        yield Combined(tuple(map(Flips, drops)), (design,) * len(drops))
    yield Combined((Flips(0.02), Flips(0.05)), (Design(1000), Design(50)))
    yield Combined((Flips(0.02), Flips(0.02)), (Design(1500, 10, rho_c=0.3), Design(150)))
    for count in (1, 3, 9):
        yield GuardFamily(count, Design(300))
    for draws, skewed in product((10, 20), (False, True)):
        yield RandomDraws(draws, skewed)
    for size in (1, 2, 5, 10, 20):
        yield Monotone(size)
    for looks, design in product(((300, 1500), (250, 500, 750, 1000, 1250, 1500)), _LOOKED_AT):
        for law in (Flips.of(0.02, 0.10), Flips(0.02), Flips.of(0.0, 0.10), Flips.of(0.05, 0.10)):
            yield PlannedLooks(law, design, looks)
    yield from _gates_that_look()
    yield AdviceFollowed(Flips.of(0.02, 0.10))
    yield AdviceFollowed(Flips(0.02))
    yield from (AtTruth("failing", law, design) for law, design in failing.at_margin())
    yield from (Decides("failing", law, design) for law, design in failing.at_random())
    yield from _decides()


def _gains() -> Iterator[Cell]:
    """The same turned: whole clusters gain, or few samples gain all, as a claim of a gain meets it."""
    for n, size, won in ((2000, 20, 0.02), (4000, 20, 0.01), (1500, 50, 0.05), (1500, 10, 0.02)):
        yield AtTruth("clusters", Flips(0.0, won), Design(n, size, rho_c=0.3))
    for layout, sizes in LAYOUTS.items():
        yield AtTruth("clusters", Flips(0.0, 0.20), Design(sum(sizes), rho_c=0.3, layout=layout))
    for law, design in product(GRADED, (*_GRADED_DESIGNS[:4], _GRADED_DESIGNS[5])):
        steps = tuple((-drop, chance) for drop, chance in law.steps)
        yield AtTruth("graded", Graded(_told(steps), steps), design)


def _gates_that_look() -> Iterator[Cell]:
    """Unchanged, worse by the margin and by a point, in singles and in clusters."""
    for design in _LOOKED_AT:
        for law in (Flips(0.0), Flips(0.01, 0.01), Flips(0.03, 0.01), Flips(0.05, 0.01)):
            yield GateLooks(law, design)
        for law in (Flips(0.01, 0.01), Flips(0.015, 0.005)):
            yield GateLooks(law, design, 1.0)


def _clustered() -> Iterator[Design]:
    """Few large clusters and unequal ones, under both laws of clusters."""
    for beta in (False, True):
        for n, size in ((2000, 20), (4000, 20), (1500, 50), (1500, 10)):
            yield Design(n, size, rho_c=0.3, beta=beta)
        for layout, sizes in LAYOUTS.items():
            yield Design(sum(sizes), rho_c=0.3, layout=layout, beta=beta)


def _decides() -> Iterator[Cell]:
    """How often a claim is decided, where that is possible: to be compared when a test is changed."""
    kinds = {"singles": Design(300), "pairs": Design(300, 2, rho_c=0.1), "few": Design(300, 10, rho_c=0.1)}
    laws = (Flips(0.001, 0.001), Flips(0.005, 0.005), Flips(0.0, 0.02), Flips(0.09, 0.02))
    for (kind, design), law in product(kinds.items(), laws):
        yield Decides(kind, law, design)
    for law in (Flips(0.0025), Flips(0.01, 0.01), Flips(0.09, 0.02)):
        yield Decides("clusters", law, Design(1500, 10, rho_c=0.3))
    for steps in (((0.1, 0.05), (-0.1, 0.05)), ((-0.02, 0.5), (0.02, 0.5)), ((0.1, 0.1), (1.0, 0.05))):
        for design in (Design(300), Design(1500, 10, rho_c=0.3)):
            yield Decides("graded", Graded(_told(steps), steps), design)
