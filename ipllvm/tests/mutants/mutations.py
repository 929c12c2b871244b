"""Small changes of a module, one at a time, each of which some test should notice."""

import ast
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or,
    ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True, slots=True)
class Change:
    """The `number`-th change of a module: where it is, and the code before and after."""

    number: int
    line: int
    before: str
    after: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.before} -> {self.after}"


def changes(source: str) -> list[Change]:
    """Every change of a module that is known here, in the order of its text."""
    tree = ast.parse(source)
    mutator = _Mutator(tree, None)
    mutator.visit(tree)
    return mutator.found


def mutated(source: str, number: int) -> ast.Module:
    """The module with the `number`-th of its changes; raises IndexError where it has fewer."""
    tree = ast.parse(source)
    mutator = _Mutator(tree, number)
    mutator.visit(tree)
    if number >= len(mutator.found):
        raise IndexError(f"{len(mutator.found)} changes")
    return ast.fix_missing_locations(tree)


class _Mutator(ast.NodeTransformer):
    """Counts the changes, and makes the one that is wanted; words of messages and types are left alone."""

    def __init__(self, tree: ast.AST, wanted: int | None) -> None:
        self.wanted = wanted
        self.found: list[Change] = []
        self._types = {id(part) for node in ast.walk(tree) for part in _types(node)}

    def visit(self, node: ast.AST) -> ast.AST:
        """The node, or what is wanted in its place."""
        if id(node) in self._types or _passive(node):
            return node
        chosen = node
        for after in _instead(node):
            if len(self.found) == self.wanted:
                chosen = after
            self.found.append(
                Change(len(self.found), getattr(node, "lineno", 0), _short(node), _short(after))
            )
        return super().generic_visit(node) if chosen is node else ast.copy_location(chosen, node)


def _types(node: ast.AST) -> Iterator[ast.AST]:
    """Annotations and decorators."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield from node.decorator_list
    for name in ("annotation", "returns"):
        if isinstance(found := getattr(node, name, None), ast.AST):
            yield found


def _passive(node: ast.AST) -> bool:
    """Whether a node says nothing that is measured: imports, words, types, what is raised."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr | ast.Raise | ast.Assert | ast.arg):
        return True
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return True  # of zip, an assertion
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _instead(node: ast.AST) -> Iterator[ast.AST]:
    """What could stand in place of a node."""
    if isinstance(node, ast.Compare):
        yield from _compared(node)
    elif isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPPED:
        yield _with(node, "op", SWAPPED[type(node.op)]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield deepcopy(node.operand)
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(deepcopy(node.test), deepcopy(node.orelse), deepcopy(node.body))
    elif isinstance(node, ast.If):
        yield _with(node, "test", ast.UnaryOp(ast.Not(), deepcopy(node.test)))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass()
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in NAMES:
        yield ast.Name(NAMES[node.id], ast.Load())
    elif isinstance(node, ast.Set | ast.Tuple) and len(node.elts) > 1 and _words(node.elts):
        yield _with(node, "elts", deepcopy(node.elts[:-1]))


def _compared(node: ast.Compare) -> Iterator[ast.AST]:
    for place, op in enumerate(node.ops):
        if type(op) in SWAPPED:
            yield _with(node, "ops", [*node.ops[:place], SWAPPED[type(op)](), *node.ops[place + 1 :]])


def _constants(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, float):
        yield ast.Constant(value * 1.5 if value else 1.0)


def _words(nodes: list[ast.expr]) -> bool:
    return all(isinstance(node, ast.Constant) and isinstance(node.value, str) for node in nodes)


def _with(node: ast.AST, field: str, value: object) -> ast.AST:
    made = deepcopy(node)
    setattr(made, field, value)
    return made


def _short(node: ast.AST) -> str:
    part = node.test if isinstance(node, ast.If) else node
    shown = " ".join(ast.unparse(ast.fix_missing_locations(deepcopy(part))).split())
    return f"if {shown}"[:90] if isinstance(node, ast.If) else shown[:90]
