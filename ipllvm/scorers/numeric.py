"""The number that a worked answer ends in: "The answer is N", as chain-of-thought examples put it.

What is declared as final counts before what is called the answer on the way; where two different numbers
are declared the reply is unread, since a wrong number is worse than none. Only what stands before a further
question that the model may have made up counts; a reply that is nothing but a number names it too.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

from ipllvm.records import Sample, Score
from ipllvm.scorers.forms import Form, form, unretracted, unwrapped
from ipllvm.scorers.numbers import beginning, leading, starts

_ABOUT = r"(?:(?:about|approximately|around|roughly|exactly|equal to|simply|just)\s+)?"
FINAL = (
    form("####", r"####\s*()", "3+4=7\n#### 7"),
    form(
        "the final answer is",
        rf"\bfinal answer\s*(?:is|=|:)\s*:?\s*{_ABOUT}()",
        "The final answer is 7",
        "Final answer: 7",
    ),
)
"""What an answer that is final stands behind."""
CUES = (
    form(
        "the answer is",
        rf"\banswer\s*(?:(?:is|would be|comes to|equals)\b(?!')|=|:)\s*:?\s*{_ABOUT}()",
        "The answer is 7.",
        "Answer: 7",
        "the answer is about 7",
        "The correct answer is **7**.",
        r"$\boxed{7}$",
        "The answer is\n7",
        "So the answer is: $7",
        "The answer is 5 + 2 = 7",
        "The answer is seven",
        "The answer is not 5, it is 7",
    ),
    form("A:", rf"(?:^|\n)\s*A:\s*{_ABOUT}()", "A: 7"),
)
"""What an answer stands behind."""
_NEXT_QUESTION = re.compile(r"(?:^|\n)[ \t]*Q:")
_DENIED = re.compile(r"\bnot\s+[$€£]?-?[\d.,]*\d\s*,?\s*(?:(?:but|it is|it's|rather)\s+)*", re.IGNORECASE)
_ITEM = re.compile(r"[-+]\s")
"""An item of a list, or a sign: nobody can tell."""
_UNIT = re.compile(r"\s*[a-z%°]*[)\]}\"'$]*[.,!]*", re.IGNORECASE)
"""What may stand behind a number that is all that a reply says."""


def score(text: str, sample: Sample) -> Score:
    """1.0 where the response names the sample's answer, a number, else 0.0.

    Raises ValueError where the sample's answer is not a number.
    """
    gold, answer = extract(sample.answer), extract(text)
    if gold is None:
        raise ValueError(f"sample '{sample.id}': the answer {sample.answer!r} is not a number")
    return Score(float(answer == gold), None if answer is None else str(answer))


def extract(text: str) -> Decimal | None:
    r"""The number that the text names as its answer, without dollar signs and thousands' commas.

    >>> [str(extract(text)) for text in ("3 + 4 = 7. The answer is 7.", "the answer is $1,250.50", "-3")]
    ['7', '1250.50', '-3']
    >>> [extract(text) for text in ("3 + 4 = 7", "\nQ: 1 + 1? A: The answer is 2.", "")]
    [None, None, None]
    """
    reply = unretracted(unwrapped(_NEXT_QUESTION.split(text, maxsplit=1)[0]))
    reply = _DENIED.sub("", reply)
    for cues in (FINAL, CUES):
        found = set(_behind(cues, reply))
        if found:
            return found.pop() if len(found) == 1 else None
    alone = None if _ITEM.match(reply) else beginning(reply)
    return alone[0] if alone is not None and _UNIT.fullmatch(alone[1]) else None


def _behind(cues: tuple[Form, ...], reply: str) -> Iterator[Decimal | None]:
    """The number behind each cue; None where one stands there that is in doubt."""
    for cue in cues:
        for found in cue.pattern.finditer(reply):
            rest, *more = reply[found.end() :].split("\n")
            rest = rest.strip("*_ ")
            listed = "\n" in found[0] and starts("".join(more[:1]))
            number = None if listed else leading(rest)
            if number is not None or starts(rest):
                yield number
