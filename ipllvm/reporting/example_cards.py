"""Examples of changed answers as a page shows them: pictures side by side, what was said, what is right."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Final

from ipllvm.reporting.examples import pictures
from ipllvm.reporting.schema import Row
from ipllvm.reporting.text import visible

PROMPT: Final = 600
COMMAND: Final = 4_000
"""Characters of a question and of a command that are shown."""


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """What was said to one picture: `words`, what was read of it where that differs, and whether it is right.

    `right` is None where the right answer is not among the words, as of answers that a judge has graded.
    """

    words: str
    read: str = ""
    right: bool | None = None


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of an example, if there is one, with its answers by name: clean, perturbed, before, after."""

    name: str
    picture: str
    answers: tuple[tuple[str, ShownAnswer], ...]


@dataclass(frozen=True, slots=True)
class Example:
    """An answer that changed, ready for a page: what was asked, the pictures side by side, what is right."""

    sample: str
    question: str
    right: str
    shots: tuple[Shot, ...]
    how: str
    replay: str
    where: str = ""
    note: str = ""


def example(flip: Row, suffix: str = "") -> Example:
    """An example of a report; `suffix` is what all prompts of the page end in."""
    return Example(
        sample=visible(flip["sample"], 80),
        question=lines_of(str(flip.get("prompt") or "").removesuffix(suffix), PROMPT),
        right=visible(flip.get("gold") or "", 300),
        shots=tuple(_shots(flip)),
        how=", ".join(_how(flip)),
        replay=visible(flip.get("replay") or "", COMMAND),
    )


def smallest(found: Row, suffix: str = "") -> Example:
    """The smallest counterexample of a violated claim as an example."""
    note = f"The smallest counterexample: {found['size']} of {found['of']}, {visible(found['unit'], 60)}"
    return replace(example(found["flip"], suffix), note=note)


def mixed(found: Sequence[Sequence[Example]]) -> tuple[Example, ...]:
    """The examples of several results in turn: the first of each, then the second of each; none twice.

    What one shows of a sample and another shows too, beside more, is left out: a clean answer that changed
    is an example of the clean score and of whatever is measured beside it.
    """
    turns = [each for turn in zip_longest(*found) for each in turn if each is not None]
    once = {(each.sample, each.where, each.how, each.shots): each for each in reversed(turns)}
    return tuple(each for each in reversed(once.values()) if not any(_covers(o, each) for o in once.values()))


def _covers(wider: Example, one: Example) -> bool:
    """Whether an example shows all of another, and more."""
    return wider.sample == one.sample and set(wider.shots) > set(one.shots)


def common_suffix(prompts: Iterable[str]) -> str:
    r"""The lines that all prompts end in, such as the benchmark's own instruction; empty for fewer than two.

    >>> common_suffix(["What?\nUse one word.", "Who?\nUse one word."])
    '\nUse one word.'
    """
    rows = [str(prompt or "").split("\n") for prompt in prompts]
    least = min(map(len, rows), default=0)
    same = 0
    while same < least - 1 and len({row[-1 - same] for row in rows}) == 1:
        same += 1
    return "".join(f"\n{line}" for line in rows[0][len(rows[0]) - same :]) if same and len(rows) > 1 else ""


def lines_of(text: str, limit: int) -> str:
    """`text` with its line breaks, otherwise as `visible` shows it."""
    return "\n".join(visible(line, limit) for line in text[:limit].splitlines())


def _shots(flip: Row) -> Iterator[Shot]:
    """The clean picture and the perturbed one, each with its answers; of a gate those before and after."""
    uris = [*pictures(flip), "", ""]
    before = flip.get("before") or ()
    for place, name in enumerate(("clean", "perturbed")):
        now = _answer(flip, place, flip.get(name))
        if before and place < len(before):
            then = _answer({"gold": flip.get("gold")}, 0, before[place])
            yield Shot(name, uris[place], (("before", then), ("after", now)))
        elif not before:
            yield Shot(name, uris[place], ((name, now),))


def _answer(flip: Row, place: int, words: Any) -> ShownAnswer:
    words_shown = visible(words or "", 300)
    found = flip.get("read") or ()
    read = found[place] if place < len(found) else words
    gold = str(flip.get("gold") or "").strip().casefold()
    right = str(words or "").strip().casefold() == gold or str(read or "").strip().casefold() == gold
    differs = "" if read == words else "unread" if read is None else f"read as {visible(read, 80)}"
    return ShownAnswer(words_shown, differs, right if gold else None)


def _how(flip: Row) -> Iterator[str]:
    """How the perturbed input was made, and which sample it is."""
    if flip.get("words"):
        yield visible(flip["words"], 200)
    yield visible(flip.get("perturbation") or "", 120)
    yield f"draw {visible(str(flip.get('draw') or 0), 20)}"
