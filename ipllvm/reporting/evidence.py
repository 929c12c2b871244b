"""The flipped answer that stands for a violated claim, in words, and the command that shows it."""

from ipllvm.reporting.schema import Row
from ipllvm.reporting.wording import standing


def flip(row: Row) -> Row | None:
    """The smallest flip of a violated result, else its first one; None where there is nothing to show."""
    if standing(row) != "VIOLATED":
        return None
    least, kept = row["counterexample"], row["flips"]
    found: Row | None = least["flip"] if least else kept[0] if kept else None
    return found


def _pairs(flip: Row) -> list[tuple[str, str]]:
    """What was said before and after, of clean and perturbed answers those that differ."""
    pairs = list(zip(flip["before"], (flip["clean"], flip["perturbed"]), strict=False))
    return [(a, b) for a, b in pairs if a != b] or pairs[:1]


def sentence(row: Row) -> str:
    """What flips which answer, not yet fit to be shown.

    >>> trial = {"sample": "s1", "perturbation": "p", "draw": 0, "clean": "a", "perturbed": "b", "gold": "a"}
    >>> least = {"flip": trial, "size": 1, "of": 63, "unit": "swap of two visual tokens"}
    >>> sentence({"counterexample": least, "flips": [trial]})
    "1 swap of two visual tokens (of 63) flips s1: 'a' -> 'b', right is 'a'"
    >>> sentence({"counterexample": None, "flips": [trial]})
    "p, draw 0, flips s1: 'a' -> 'b', right is 'a'"
    """
    least = row["counterexample"]
    shown = least["flip"] if least else row["flips"][0]
    if shown.get("before"):
        turned = ", ".join(f"{a!r} before and {b!r} after" for a, b in _pairs(shown))
        return f"{shown['sample']}: {turned}, right is {shown['gold']!r}"
    what = f"{shown['perturbation']}, draw {shown['draw']}, flips"
    if least:
        what = f"{least['size']} {least['unit']} (of {least['of']}) flips"
    if least and least["size"] != 1:
        noun, _, rest = least["unit"].partition(" ")
        what = f"{least['size']} {noun}s {rest} (of {least['of']}) flip"
    return (
        f"{what} {shown['sample']}: {shown['clean']!r} -> {shown['perturbed']!r}, right is {shown['gold']!r}"
    )
