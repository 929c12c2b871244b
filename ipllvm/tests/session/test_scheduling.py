"""Which worker runs what: by model, or a property with the comparisons behind it; and no test for ever."""

from types import SimpleNamespace
from typing import Any

import pytest
from xdist.remote import Producer

from ipllvm.session import scheduling
from ipllvm.session.comparisons import LOST, NAME
from ipllvm.session.scheduling import SHARED, scheduler

MODELS = ["llava-tiny", "planted:invariant", "planted:invariant,a=0.5"]


def config(dist: str = "load", workers: int = 2) -> Any:
    asked = {"tx": ["popen"] * workers, "dist": dist}
    return SimpleNamespace(
        getoption=lambda name, default=None: asked.get(name, default),
        getvalue=asked.get,
        option=SimpleNamespace(loadscopereorder=False),
    )


class Node:
    """A worker that keeps what it is sent."""

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.sent: list[int] = []
        self.shutting_down = False

    def send_runtest_some(self, indices: list[int]) -> None:
        self.sent += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def started(compared: bool, tests: list[str], models: list[str], workers: int = 2) -> tuple[Any, list[Any]]:
    """A scheduler that has shared tests out among workers."""
    made = scheduler(config(workers=workers), Producer("test"), models, compared)
    nodes = [Node(f"gw{number}") for number in range(workers)]
    for node in nodes:
        made.add_node(node)
    for node in nodes:
        made.add_node_collection(node, tests)
    made.schedule()
    return made, nodes


@pytest.mark.parametrize(
    ("dist", "models", "workers", "compared", "expected"),
    [
        ("load", 2, 2, False, "_ByModel"),
        ("load", 3, 2, False, "_ByModel"),
        ("load", 1, 1, False, None),
        ("load", 2, 3, False, None),
        ("worksteal", 3, 2, False, None),
        ("no", 3, 2, False, None),
        ("load", 1, 4, True, "_Behind"),
        ("worksteal", 1, 4, True, "_Behind"),
        ("loadgroup", 1, 4, True, "_Behind"),
        ("loadscope", 1, 4, True, None),
        ("each", 1, 4, True, None),
    ],
)
def test_which_scheduler_serves(
    dist: str, models: int, workers: int, compared: bool, expected: str | None
) -> None:
    found = scheduler(config(dist, workers), Producer("x"), MODELS[:models], compared)
    assert (None if found is None else type(found).__name__) == expected


def test_a_gate_is_grouped_wherever_tests_could_be_parted() -> None:
    assert {"load", "worksteal", "loadgroup"} == {*SHARED}


@pytest.mark.parametrize(
    ("node", "scope"),
    [
        ("p.py::test_a[llava-tiny-scenes]", "llava-tiny"),
        ("p.py::test_a[llava-tiny]", "llava-tiny"),
        ("p.py::test_a[planted:invariant,a=0.5-x]", "planted:invariant,a=0.5"),
        ("p.py::test_a[planted:invariant-x]", "planted:invariant"),
        ("p.py::test_a[llava-tinyest-x]", "p.py::test_a[llava-tinyest-x]"),
        ("p.py::test_a", "p.py::test_a"),
        ("p.py::test_a[scenes-llava-tiny]", "p.py::test_a[scenes-llava-tiny]"),
        ("[llava-tiny]/p.py::test_b[planted:invariant-y]", "planted:invariant"),
    ],
)  # fmt: skip
def test_a_test_goes_with_the_model_that_its_id_begins_with(node: str, scope: str) -> None:
    found = scheduler(config(), Producer("x"), MODELS, False)
    assert found._split_scope(node) == scope


def test_a_model_stays_on_one_worker() -> None:
    tests = [f"p.py::test_{n}[{model}-x]" for n in range(4) for model in MODELS[:2]]
    _, nodes = started(False, tests, MODELS[:2])
    shared = [{tests[index].partition("[")[2] for index in node.sent} for node in nodes]
    assert sorted(map(len, shared)) == [1, 1] and shared[0] != shared[1]


def behind(name: str) -> str:
    return f"p.py::{NAME}[{name}]"


def test_comparisons_go_with_the_test_before_them() -> None:
    tests = ["p.py::test_a[m]", behind("a 1"), behind("a 2"), "p.py::test_b[m]", behind("b")]
    made, nodes = started(True, tests, ["m"])
    assert [made._split_scope(test) for test in tests] == [tests[0]] * 3 + [tests[3]] * 2
    assert sorted(node.sent for node in nodes) == [[0, 1, 2], [3, 4]]


def test_a_comparison_of_what_nothing_measures_stands_alone() -> None:
    lost = f"{LOST}::{NAME}[gone]"
    made, _ = started(True, [behind("first"), "p.py::test_a[m]", lost, behind("x")], ["m"])
    scopes = [made._split_scope(test) for test in (behind("first"), "p.py::test_a[m]", lost)]
    assert scopes == [behind("first"), "p.py::test_a[m]", lost]


def test_a_test_that_killed_its_worker_is_not_run_again_and_those_behind_it_are() -> None:
    tests = ["p.py::test_a[m]", behind("a 1"), behind("a 2"), "p.py::test_b[m]", behind("b")]
    made, nodes = started(True, tests, ["m"])
    first = next(node for node in nodes if 0 in node.sent)
    assert made.remove_node(first) == tests[0]
    fresh: Any = Node("gw2")
    made.add_node(fresh)
    made.add_node_collection(fresh, tests)
    made.schedule()
    assert fresh.sent == [1, 2]


def test_a_worker_that_ended_with_nothing_left_lost_nothing() -> None:
    made, nodes = started(True, ["p.py::test_a[m]", "p.py::test_b[m]"], ["m"])
    node = nodes[0]
    for index in node.sent:
        made.mark_test_complete(node, index)
    assert made.remove_node(node) is None


def test_longer_names_are_looked_at_first() -> None:
    found = scheduling._ByModel(config(), Producer("x"), ["a", "a-b", "a-b-c"])
    assert [found._split_scope(f"p.py::t[{name}-x]") for name in ("a", "a-b", "a-b-c")] == [
        "a",
        "a-b",
        "a-b-c",
    ]
