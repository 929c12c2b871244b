"""The page with every one-line error, made of the source: its words, by the room that says it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "ipllvm"
PUT_IN = "…"
"""What stands for what a message quotes."""
NAMES = ("UsageError", "ModelUnavailable", "BenchmarkUnavailable", "StoreFailed", "StoreFull")
NAMES += ("NotTested", "NotMeasured", "BadCell", "Refused", "Permanent", "Transient", "Unusable", "Damaged")
"""Errors whose text a user sees as one line; UnknownName has one form, which stands at the page's head."""
HELPERS = {"refused": 0, "unusable": 1, "refusal": 0}
"""Functions that make one, and which argument has the words."""
FEWEST = 3
"""Words of its own without which a line tells nothing."""
HEAD = """# Every error

All one-line errors of the commands, runs and functions of `ipllvm`, by package, as far as they can be
extracted from the source; `…` is a value filled in. An unknown name is always
`unknown … '…': did you mean '…'? Known: …`. Most say after the colon what to do; the most common ones are
[explained in more detail](errors.md).
"""


def messages(source: str) -> Iterator[str]:
    """The words of each error that a module raises, where they stand in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            place = 0 if name in NAMES else HELPERS.get(name)
            if place is not None and len(node.args) > place:
                for branch in branches(node.args[place]):
                    if len(re.findall(r"\b[a-z]{2,}\b", words := text(branch))) >= FEWEST:
                        yield words


def branches(node: ast.expr) -> Iterator[ast.expr]:
    """An expression, or each of the two that it may be."""
    if isinstance(node, ast.IfExp):
        yield from branches(node.body)
        yield from branches(node.orelse)
    else:
        yield node


def text(node: ast.expr) -> str:
    """What an expression says, as far as it is known without running it."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(text, node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return text(node.left) + text(node.right)
    if isinstance(node, ast.IfExp):
        return text(node.body) or text(node.orelse)
    return PUT_IN


def by_room() -> dict[str, list[str]]:
    """The errors of each room, in the order of its modules, each once."""
    rooms: dict[str, list[str]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).parts
        if parts[0] not in ("tests", "testing", "zoo"):
            room = parts[0].removesuffix(".py")
            rooms.setdefault(room, []).extend(messages(path.read_text(encoding="utf-8")))
    return {room: list(dict.fromkeys(found)) for room, found in rooms.items() if found}


def page() -> str:
    """The page in Markdown."""
    rooms = by_room()
    blocks = [f"## {room}\n\n" + "\n".join(map(_item, found)) for room, found in sorted(rooms.items())]
    return "\n\n".join([HEAD, *blocks]) + "\n"


def _item(words: str) -> str:
    """An item of a list that shows its words as they are."""
    fence = "``" if "`" in words else "`"
    return f"- {fence} {' '.join(words.split())} {fence}"


if __name__ == "__main__":
    print(page())
