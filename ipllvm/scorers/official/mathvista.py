"""MathVista: from what was extracted of a reply to one of the forms that its answers have.

Source: lupantech/MathVista, evaluation/extract_answer.py and calculate_score.py. The extraction is a
judge's reply; what the script takes without asking (a choice's text, a bare number) needs none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ipllvm.errors import NotMeasured
from ipllvm.records import JudgeQuestion, Sample, Score
from ipllvm.scorers import judge_prompts, multiple_choice, numeric
from ipllvm.scorers.forms import unwrapped
from ipllvm.scorers.judge import JudgeRule
from ipllvm.scorers.official.letters import letters

MAX_TOKENS = 256
_BRACKETED = re.compile(r"\(([a-zA-Z])\)")
_LAST_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


OWN = """\
Take the final answer out of a response to a question, in the form that the hint asks for: a whole number, a \
number with so many decimal places, a list, or the letter of an option. Write the answer alone.

Hint: Please answer the question requiring an integer answer and provide the final value, e.g., 1, 2, 3, at \
the end.
Question: How many pens are on the desk?

Model response: On the desk there are six pens and a book.

Extracted answer: 6

Hint: Please answer the question requiring a floating-point number with one decimal place and provide the \
final value, e.g., 1.2, 1.3, 1.4, at the end.
Question: How long is the side x? (Unit: cm)

Model response: By the theorem of Pythagoras x is 2.5 cm.

Extracted answer: 2.5

Hint: Please answer the question requiring a Python list as an answer and provide the final list, e.g., \
[1, 2, 3], [1.2, 1.3, 1.4], at the end.
Question: In which years did sales fall?

Model response: Sales fell in 2011 and once more in 2014.

Extracted answer: [2011, 2014]

Hint: Please answer the question and provide the correct option letter, e.g., A, B, C, D, at the end.
Question: Which bar is the tallest?
Choices:
(A) red
(B) green

Model response: The green one, which is option (B).

Extracted answer: B
"""


@dataclass(frozen=True)
class Official(JudgeRule):
    """The published rule; `truncates` says that an integer may be read of "4.7", as the script does today.

    The published scores were made with `int(x)`, which reads none of it (ten of eleven models agree).
    """

    truncates: bool
    alone: ClassVar[bool] = True

    @property
    def prompt(self) -> str:
        """See the interface."""
        return str(judge_prompts.find(judge_prompts.MATHVISTA, OWN))

    def question(self, text: str, sample: Sample, attempt: int = 0) -> JudgeQuestion | None:
        """See the interface: a judge extracts what is no bare answer."""
        if taken(text, sample) is not None:
            return None
        examples = judge_prompts.find(judge_prompts.MATHVISTA, OWN).text.strip()
        prompt = f"{examples}\n\n{sample.prompt}\n\n{text}\n\nExtracted answer: "
        return JudgeQuestion(prompt, max_tokens=MAX_TOKENS)

    def graded(self, reply: str, text: str, sample: Sample) -> Score | None:
        """See the interface: an extraction is never unread, but an empty one is none."""
        extraction = reply.strip()
        return self.read(extraction, sample) if extraction else None

    def __call__(self, response_text: str, sample: Sample) -> Score:
        """What the script reads without a judge; raises NotMeasured where it would ask one."""
        said = taken(response_text, sample)
        if said is None:
            raise NotMeasured(f"sample '{sample.id}': the answer has to be extracted by a judge")
        return self.read(said, sample)

    def read(self, reply: str, sample: Sample) -> Score:
        """The extracted answer, normalised, is the sample's answer, character by character.

        >>> free = Sample("s", "s", (), "?", "4", labels=(("answer_type", "integer"),))
        >>> [today.read(text, free).value for text in ("4", "4.7", "four")]
        [1.0, 1.0, 0.0]
        >>> [published.read(text, free).value for text in ("4", "4.7")]
        [1.0, 0.0]
        """
        said = self._normalized(reply, sample)
        return Score(float(said == sample.answer), said)

    def read_list(self, replies: Sequence[str], whole: str, sample: Sample) -> Score:
        """An extracted list, as Python writes it."""
        return self.read(whole, sample)

    def _normalized(self, extraction: str, sample: Sample) -> str | None:
        if sample.choices:
            return choice(extraction.strip(), sample)
        facts = dict(sample.labels)
        try:
            if facts["answer_type"] == "integer":
                return str(int(float(extraction)) if self.truncates else int(extraction))
            if facts["answer_type"] == "float":
                return str(round(float(extraction), int(float(facts["precision"]))))
        except (ValueError, OverflowError):
            return None
        return extraction


today, published = Official(truncates=True), Official(truncates=False)


def strict(response_text: str, sample: Sample) -> Score:
    """The project's own reading, without a judge: one option named, or the one number of the reply.

    A number counts behind "answer is", alone, or where it is the only one; rounded to the places of the
    answer. A list is compared as text.

    >>> free = Sample("s", "s", (), "?", "1.5", labels=(("answer_type", "float"), ("precision", "1")))
    >>> [strict(text, free).value for text in ("1.5", "It is 1.52 cm", "1 or 2", "The answer is 1.5.")]
    [1.0, 1.0, 0.0, 1.0]
    """
    if sample.choices:
        letter = multiple_choice.extract(response_text, sample.choices)
        said = None if letter is None else sample.choices[letters(sample).index(letter)]
        return Score(float(said == sample.answer), said)
    facts = dict(sample.labels)
    if facts.get("answer_type") not in ("integer", "float"):
        text = response_text.strip()
        return Score(float(text == sample.answer), text or None)
    named = numeric.extract(response_text)
    number = _only(unwrapped(response_text)) if named is None else named
    if number is None:
        return Score(0.0, None)
    places = int(float(facts.get("precision") or 0))
    return Score(float(round(float(number), places) == float(sample.answer)), str(number))


def _only(text: str) -> str | None:
    found = _LAST_NUMBER.findall(text)
    return found[0].replace(",", "") if len(found) == 1 else None


def taken(text: str, sample: Sample) -> str | None:
    """What the script takes without asking: nothing of silence, a choice's text, a bare number."""
    if text == "" or text in sample.choices:
        return text
    kinds = {"integer": int, "float": float}
    kind = kinds.get(dict(sample.labels).get("answer_type", ""))
    if kind is None:
        return None
    try:
        return str(kind(text))
    except ValueError:
        return None


def choice(extraction: str, sample: Sample) -> str:
    """The option of a letter, in brackets or alone; else the one with the fewest edits, the first of equals.

    Even of nothing an option is read.

    >>> sample = Sample("s", "s", (), "?", "half", ("half", "quarter"))
    >>> [choice(text, sample) for text in ("(b) quarter", "A", "quart", "")]
    ['quarter', 'half', 'quarter', 'half']
    """
    if match := _BRACKETED.search(extraction):
        extraction = match[1].upper()
    known = letters(sample)
    if extraction in tuple(known):
        return sample.choices[known.index(extraction)]
    return min(sample.choices, key=lambda text: edits(extraction, text))


def edits(one: str, other: str) -> int:
    """The Levenshtein distance: how many characters to insert, delete or replace.

    >>> edits("kitten", "sitting"), edits("", "ab")
    (3, 2)
    """
    row: Sequence[int] = range(len(other) + 1)
    for place, character in enumerate(one, start=1):
        new = [place]
        for column, wanted in enumerate(other, start=1):
            new.append(min(row[column] + 1, new[-1] + 1, row[column - 1] + (character != wanted)))
        row = new
    return row[-1]
