"""What every public function of the rooms that measure says: its errors, the shapes of its arrays."""

import ast
import re
from collections.abc import Iterator

import pytest

from ipllvm.tests.test_sizes import trees

ROOMS = (
    "metrics", "stats", "engine", "models", "verdicts", "gate", "perturbations", "scorers", "evaluation",
    "laws",
)  # fmt: skip
STANDS_FOR = {"UnknownName": "UsageError"}
"""A kind of error by the one that it is a kind of, which may be named in its place."""
INTERNAL = {"AssertionError", "NotImplementedError"}
SHAPED = re.compile(r"\b(Float|Int|Bool|UInt8|Shaped)\[[^\[\]]*\]")
ANY = re.compile(r"\b(Mapping|dict|tuple)\[str, (tuple\[Tensor, )?Tensor|Callable\[\[Tensor\], Tensor\]")
"""Tensors by name, as a checkpoint's or a processor's are, and what is done to some: of any shapes."""
ANY_KIND = {f"ipllvm/evaluation/evaluation.py:Evaluation.{name}" for name in ("artifact", "artifacts")}
"""What a provider makes of a picture: a map of its own kind."""
BARE = re.compile(r"\b(Tensor|ndarray)\b")


def public() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every public function and method of the rooms, by its place."""
    for file, tree in trees().items():
        if file.split("/")[1] in ROOMS:
            for node in tree.body:
                inside = node.body if isinstance(node, ast.ClassDef) else [node]
                owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
                for each in inside:
                    named = owner + each.name if isinstance(each, ast.FunctionDef) else "_"
                    if isinstance(each, ast.FunctionDef) and "_" not in (named[0], each.name[0]):
                        yield f"{file}:{named}", each


def raised(node: ast.AST) -> Iterator[str]:
    """The errors that leave a function by its own hand: none of a function inside, none that it may catch."""
    for each in ast.iter_child_nodes(node):
        if isinstance(each, ast.Raise) and each.exc is not None:
            made = each.exc.func if isinstance(each.exc, ast.Call) else each.exc
            yield ast.unparse(made).split(".")[-1]
        elif isinstance(each, ast.Try):
            for part in (*each.handlers, *each.orelse, *each.finalbody):
                yield from raised(part)
        elif not isinstance(each, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            yield from raised(each)


def unsaid(node: ast.FunctionDef) -> set[str]:
    """The errors that a function raises and its docstring does not name."""
    words = ast.get_docstring(node) or ""
    errors = {name for name in raised(node) if name[0].isupper()} - INTERNAL
    return {name for name in errors if name not in words and STANDS_FOR.get(name, name) not in words}


def shapeless(node: ast.FunctionDef) -> set[str]:
    """The arguments that are arrays of no said shape; "return" for what it gives."""
    given = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    annotations = {each.arg: each.annotation for each in given} | {"return": node.returns}
    texts = {name: ast.unparse(each) for name, each in annotations.items() if each is not None}
    return {name for name, text in texts.items() if BARE.search(ANY.sub("", SHAPED.sub("", text)))}


def test_what_a_public_function_raises_is_said() -> None:
    assert {place: names for place, node in public() if (names := unsaid(node))} == {}


def test_what_a_public_function_takes_and_gives_has_a_shape() -> None:
    assert {
        place: names for place, node in public() if (names := shapeless(node)) and place not in ANY_KIND
    } == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def f():\n    raise UsageError('x')", {"UsageError"}),
        ("def f():\n    'Raises UsageError.'\n    if 1:\n        raise UnknownName('x')", set()),
        ("def f():\n    try:\n        raise KeyError\n    except KeyError as e:\n        raise", set()),
        ("def f():\n    with x:\n        raise errors.Damaged from e", {"Damaged"}),
        ("def f():\n    def g():\n        raise KeyError", set()),
    ],
)
def test_an_error_that_is_not_said_is_found(text: str, found: set[str]) -> None:
    (node,) = ast.parse(text).body
    assert isinstance(node, ast.FunctionDef) and unsaid(node) == found


@pytest.mark.parametrize(
    ("annotation", "bare"),
    [
        ("Float[Tensor, 'rows columns']", False),
        ("Sequence[Float[Tensor, ' positions']]", False),
        ("Mapping[str, Tensor]", False),
        ("Tensor | None", True),
        ("list[np.ndarray]", True),
    ],
)
def test_an_array_without_a_shape_is_found(annotation: str, bare: bool) -> None:
    (node,) = ast.parse(f"def f(x: {annotation}) -> None: ...").body
    assert isinstance(node, ast.FunctionDef) and shapeless(node) == ({"x"} if bare else set())
