"""Which tests are chosen by --property, and which benchmarks a test is measured on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from ipllvm.benchmarks.choice import is_own
from ipllvm.benchmarks.names import AT, STANDARD, base
from ipllvm.errors import UnknownName
from ipllvm.session.options import Options
from ipllvm.session.outcomes import case
from ipllvm.session.profiles import TEXT_ONLY

if TYPE_CHECKING:
    from ipllvm.records import Benchmark


def benchmarks(marker: pytest.Mark | None, options: Options, name: str = "") -> list[Any]:
    """What a test is measured on: the names of its `benchmarks` marker in place of the default.

    With the paper's profile those that the paper measures the property `name` on come first; the others
    stand in where none of them is here (fixtures/benchmarks.py).

    Of those asked for on the command line it takes the ones that the marker names, also as `also`;
    where there are none the test is skipped with the reason. So is a test without the marker on a
    benchmark that has no pictures. `own` in the marker takes data of one's own too, as far as they are fit.
    """
    own = [under(each, options.protocol) for each in options.published(name)]
    if marker is None:
        blind = pytest.mark.skip(reason="the benchmark has no pictures")
        pictured = [pytest.param(n, marks=blind) if base(n) in TEXT_ONLY else n for n in options.benchmarks]
        return [*own, *pictured]
    if options.on_defaults:
        return [*own, *marker.args]
    names = (*marker.args, *marker.kwargs.get("also", ()))
    own_data = "own" in marker.kwargs
    chosen = [n for n in options.benchmarks if n in names or base(n) in names or (own_data and is_own(n))]
    unfit = pytest.mark.skip(reason=f"is measured on {', '.join(dict.fromkeys(names))}")
    return chosen or [pytest.param(name, marks=unfit) for name in options.benchmarks]


def unfit(marker: pytest.Mark | None, data: "Benchmark") -> str:
    """Why own data are nothing for a test, empty where they are fit; the marker's `own` names the kind.

    "choices" are questions with options, "words" questions without pictures; without a marker it is pictures.
    """
    from ipllvm.benchmarks.option_order import is_lettered

    kind = "pictures" if marker is None else marker.kwargs.get("own", "")
    lettered = sum(map(is_lettered, data.samples))
    some = f" ({lettered:,} of {len(data.samples):,} have some)" if lettered else ""
    fit, reason = {
        "choices": (lettered == len(data.samples), f"is measured on questions with choices{some}"),
        "words": (not any(s.images for s in data.samples), "is measured on questions without pictures"),
        "pictures": (all(s.images for s in data.samples), "the benchmark has no pictures"),
    }.get(kind, (True, ""))
    return "" if fit else reason


def under(name: str, protocol: str) -> str:
    """A published benchmark under a protocol, as `choice.under`, without looking it up."""
    return name if protocol == STANDARD else f"{name}{AT}{protocol}"


def claimed(item: pytest.Item) -> tuple[str, ...]:
    """The names of the claims that a property checks: those of its `claims` marker, else its own name."""
    marker = item.get_closest_marker("claims")
    name = str(getattr(item, "originalname", item.name)).removeprefix("test_")
    return tuple(marker.args) if marker is not None else (name,)


def choose(config: pytest.Config, items: list[pytest.Item], wanted: Sequence[str]) -> None:
    """Leave out every test that is of none of the properties `wanted`; all stay where none is named.

    Raises UnknownName for a name that no test here has.
    """
    if not wanted:
        return
    names = {id(item): _names(item) for item in items}
    everything = set().union(*names.values())
    for name in wanted:
        if _plain(name) not in everything:
            raise UnknownName("property", name, everything)
    chosen = {_plain(name) for name in wanted}
    left_out = [item for item in items if not names[id(item)] & chosen]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if names[id(item)] & chosen]


def _names(item: pytest.Item) -> set[str]:
    """What the property of a test may be called: its name, and those of the claims that it checks."""
    about = case(item)
    if not about:
        return set()
    claims = {about["claim"]} if about["claim"] else set(claimed(item))
    return {about["property"], *claims}


def _plain(name: str) -> str:
    """As it is written in Python."""
    return name.replace("-", "_")
