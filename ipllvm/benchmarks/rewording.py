"""The questions of a benchmark asked in another way: other words, other pictures, something beside them.

A question keeps its id, so that its score pairs with the one it has as it is; the data are data of their own,
with a digest of their own.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from ipllvm.benchmarks.answer_options import options
from ipllvm.benchmarks.names import ACCEPTED
from ipllvm.benchmarks.option_words import speak_of_each_other
from ipllvm.benchmarks.partners import elsewhere
from ipllvm.benchmarks.prompts import LETTER, LETTERS, SHORT
from ipllvm.benchmarks.variants import variant, with_digest
from ipllvm.errors import NotTested
from ipllvm.records import Benchmark, Sample
from ipllvm.sampling import choose, generator

REWORDED: Final = {
    SHORT: "Reply with one word or a short phrase only.",
    LETTER: "Reply with nothing but the letter of the right option.",
}
"""The instructions that the benchmarks end in, each in other words of this project's."""
_SIDES = re.compile(
    r"\b(?:(?:top|bottom|upper|lower|front|back|rear|far|mid)?(?:left|right)\w*|"
    r"(?:north|south)(?:east|west)?(?:ern)?|(?:east|west)(?:ern)?|\w*clockwise|"
    r"(?:top|bottom|upper|lower|fore|rear)(?:most)?|(?:up|down|side|for|back)(?:wards?|ways?)|up|down|"
    r"above|below|under|underneath|beneath|over|besides?|behind|between|next to|in front|opposite|adjacent|"
    r"rows?|columns?|corners?|sides?|edges?|mirror\w*|diagonal\w*|"
    r"first|second|third|fourth|fifth|last|\d+(?:st|nd|rd|th)|"
    r"where\w*|which way|directions?|facing|heading|pointing|towards?|positions?|positioned|"
    r"locations?|locat\w+|coordinates?|bounding|bbox(?:es)?)\b",
    re.IGNORECASE,
)
"""Words of places, orders and directions, which may be others in a mirror or turned."""
_EXISTS = re.compile(r"\b(is there) (?:a|an|any)\b ?", re.IGNORECASE)
_NEGATIVE = re.compile(r"\b(no|not)\b", re.IGNORECASE)
_OPPOSITE: Final = {"yes": "no", "no": "yes"}
_OPTION = re.compile(r"^([A-H])\. ", re.MULTILINE)


def instruction(prompt: str) -> str:
    """The instruction on the answer's form that a prompt ends in; empty where it is none that is known."""
    return next((each for each in REWORDED if prompt.rstrip().endswith(each)), "")


def bare(prompt: str) -> str:
    r"""The prompt without its instruction.

    >>> bare(f"How many?\n{SHORT}")
    'How many?'
    """
    found = instruction(prompt)
    return prompt.rstrip().removesuffix(found).rstrip() if found else prompt


def first(prompt: str) -> str:
    """The instruction before the question."""
    found = instruction(prompt)
    return f"{found}\n{bare(prompt)}" if found else prompt


def rephrased(prompt: str) -> str:
    """The instruction in other words."""
    found = instruction(prompt)
    return f"{bare(prompt)}\n{REWORDED[found]}" if found else prompt


def bracketed(prompt: str) -> str:
    """Options as "(A) ..." in place of "A. ..."."""
    return _OPTION.sub(r"(\1) ", prompt)


WORDINGS: Final[dict[str, Callable[[str], str]]] = {
    "bare": bare,
    "instruction_first": first,
    "rephrased": rephrased,
    "bracketed": bracketed,
}


def asked_as(data: Benchmark, wording: str) -> Benchmark | None:
    """The questions whose prompt a wording changes, in that wording; None where it changes none of them."""
    change = WORDINGS[wording]

    def worded(sample: Sample) -> list[Sample]:
        prompt = change(sample.prompt)
        return [] if prompt == sample.prompt else [replace(sample, prompt=prompt)]

    found = variant(data, worded, wording)
    return found if found.samples else None


def wrong_answer(sample: Sample) -> str | None:
    """An answer that the question admits and that is not right, as text; None where none is known, or where
    options speak of each other: of "all of the above" each is right.
    """
    if speak_of_each_other(sample.choices):
        return None
    lettered = sample.answer in LETTERS and sample.answer in options(sample)
    right = sample.choices[LETTERS.index(sample.answer)] if lettered else sample.answer
    others = [choice for choice in sample.choices if choice.casefold() != right.casefold()]
    return choose(generator("wrong answer", sample.id), others) if others else None


def captioned(data: Benchmark) -> Benchmark:
    """Each question behind a caption that names a wrong answer; questions without one are left out.

    Raises NotTested where all are.
    """
    return _some(variant(data, _captioned, "captioned"), "names no other answer that a caption could give")


def _captioned(sample: Sample) -> list[Sample]:
    wrong = wrong_answer(sample)
    return [] if wrong is None else [replace(sample, prompt=f"Caption: {wrong}.\n{sample.prompt}")]


def with_other_pictures(data: Benchmark, whole: Benchmark) -> Benchmark:
    """Each question with the picture of another cluster in place of its own, fixed by it and all of `whole`.

    `data` are some of its samples. Raises NotTested where there is no other cluster.
    """
    others = elsewhere(whole)
    samples = [replace(sample, images=other.images) for sample, other in _paired(data, others)]
    return _some(with_digest(data, samples, f"in place {_who(others)}"), "has no second picture")


def with_pictures_before(data: Benchmark, whole: Benchmark) -> Benchmark:
    """Each question with a picture of another cluster before its own; takes and raises as above."""
    others = elsewhere(whole)
    samples = [replace(each, images=(*other.images, *each.images)) for each, other in _paired(data, others)]
    return _some(with_digest(data, samples, f"before {_who(others)}"), "has no second picture")


def _paired(data: Benchmark, others: Mapping[str, Sample]) -> list[tuple[Sample, Sample]]:
    """Each sample with pictures, and the one whose pictures it is put beside; none where there are none."""
    return [(sample, others[sample.cluster]) for sample in data.samples if sample.images and others]


def _who(others: Mapping[str, Sample]) -> str:
    """Whose pictures all questions are put beside, which the digest has to tell."""
    return repr([(cluster, other.id) for cluster, other in others.items()])


def _some(data: Benchmark, why: str) -> Benchmark:
    if not data.samples:
        raise NotTested(f"{data.name} {why}")
    return data


def names_a_side(sample: Sample) -> bool:
    """Whether a question, an option that it shows or an answer that it accepts says where something is.

    Asked of a picture in the mirror it may have another answer, or have none that is known.

    >>> asked = ("Is it left of the ring?", "no"), ("What is it on?", "the left"), ("Is it red?", "yes")
    >>> [names_a_side(Sample("s", "s", (), prompt, answer)) for prompt, answer in asked]
    [True, True, False]
    """
    place = LETTERS.find(sample.answer) if len(sample.answer) == 1 else -1
    named = sample.choices[place : place + 1] if place >= 0 else ()
    accepted = (value for axis, value in sample.labels if axis == ACCEPTED)
    return any(_SIDES.search(text) for text in (sample.prompt, sample.answer, *named, *accepted))


def negated(data: Benchmark) -> Benchmark | None:
    """The questions "Is there a ...?" as "Is there no ...?", with the other answer; None without any."""
    found = variant(data, _negated, "negated")
    return found if found.samples else None


def _negated(sample: Sample) -> list[Sample]:
    other = _OPPOSITE.get(sample.answer.casefold())
    if other is None or not _EXISTS.search(sample.prompt) or _NEGATIVE.search(sample.prompt):
        return []
    return [replace(sample, prompt=_EXISTS.sub(r"\1 no ", sample.prompt, count=1), answer=other)]
