"""The questions of a benchmark asked in another way: other words, other pictures, something beside them.

A question keeps its id, so that its score pairs with the one it has as it is; the data are data of their own,
with a digest of their own.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Final

from ipllvm.benchmarks.answer_options import options
from ipllvm.benchmarks.prompts import LETTER, LETTERS, SHORT
from ipllvm.errors import NotTested
from ipllvm.records import Benchmark, Sample
from ipllvm.sampling import choose, generator

REWORDED: Final = {
    SHORT: "Reply with one word or a short phrase only.",
    LETTER: "Reply with nothing but the letter of the right option.",
}
"""The instructions that the benchmarks end in, each in other words of this project's."""
_SIDES = re.compile(
    r"\b(left|right|above|below|under|over|top|bottom|row|column|corner|side|clockwise|first|last|"
    r"north|south|east|west|up|down|mirror|beside|next to)\b",
    re.IGNORECASE,
)
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
    """The questions in a wording; None where it changes none of them."""
    change = WORDINGS[wording]
    samples = [replace(sample, prompt=change(sample.prompt)) for sample in data.samples]
    same = all(a.prompt == b.prompt for a, b in zip(samples, data.samples, strict=True))
    return None if same else variant(data, samples, wording)


def wrong_answer(sample: Sample) -> str | None:
    """An answer that the question admits and that is not right, as text; None where none is known."""
    lettered = sample.answer in LETTERS and sample.answer in options(sample)
    right = sample.choices[LETTERS.index(sample.answer)] if lettered else sample.answer
    others = [choice for choice in sample.choices if choice.casefold() != right.casefold()]
    return choose(generator("wrong answer", sample.id), others) if others else None


def captioned(data: Benchmark) -> Benchmark:
    """Each question behind a caption that names a wrong answer; questions without one are left out.

    Raises NotTested where all are.
    """
    found = ((sample, wrong_answer(sample)) for sample in data.samples)
    samples = [replace(s, prompt=f"Caption: {wrong}.\n{s.prompt}") for s, wrong in found if wrong is not None]
    return variant(data, _some(samples, data, "names no other answer that a caption could give"), "captioned")


def with_other_pictures(data: Benchmark) -> Benchmark:
    """Each question with the picture of another cluster in place of its own, fixed by its id.

    Raises NotTested where there is no other cluster.
    """
    pairs = _paired(data)
    samples = [replace(sample, images=other.images) for sample, other in pairs]
    return variant(data, _some(samples, data, "has no second picture"), f"in place {_who(pairs)}")


def with_pictures_before(data: Benchmark) -> Benchmark:
    """Each question with a picture of another cluster before its own; raises NotTested as above."""
    pairs = _paired(data)
    samples = [replace(sample, images=(*other.images, *sample.images)) for sample, other in pairs]
    return variant(data, _some(samples, data, "has no second picture"), f"before {_who(pairs)}")


def variant(data: Benchmark, samples: Iterable[Sample], how: str) -> Benchmark:
    """The samples as data of their own, named by what was done to `data`."""
    digest = sha256(f"{data.digest} {how}".encode()).hexdigest()
    return replace(data, samples=tuple(samples), digest=digest, pairs=False)


def _paired(data: Benchmark) -> list[tuple[Sample, Sample]]:
    """Each sample with pictures, and one of another cluster that has some too."""
    pictured = [sample for sample in data.samples if sample.images]
    if len({sample.cluster for sample in pictured}) < 2:
        return []
    return [(sample, _elsewhere(sample, pictured)) for sample in pictured]


def _who(pairs: Sequence[tuple[Sample, Sample]]) -> str:
    """Whose pictures are taken: it depends on the samples that there are, so the digest has to tell."""
    return " ".join(other.id for _, other in pairs)


def _elsewhere(sample: Sample, pictured: Sequence[Sample]) -> Sample:
    """The first of another cluster from a place on that the sample's id draws."""
    start = int(generator("other picture", sample.id).integers(len(pictured)))
    places = (pictured[(start + step) % len(pictured)] for step in range(len(pictured)))
    return next(other for other in places if other.cluster != sample.cluster)


def _some(samples: Sequence[Sample], data: Benchmark, why: str) -> Sequence[Sample]:
    if not samples:
        raise NotTested(f"{data.name} {why}")
    return samples


def names_a_side(prompt: str) -> bool:
    """Whether a question, or an option that it shows, says where something is.

    >>> [names_a_side(prompt) for prompt in ("Is it left of the ring?", "Which row is it in?", "Is it red?")]
    [True, True, False]
    """
    return bool(_SIDES.search(prompt))


def negated(data: Benchmark) -> Benchmark | None:
    """The questions "Is there a ...?" as "Is there no ...?", with the other answer; None without any."""
    samples = [_negated(sample) for sample in data.samples if _is_existence(sample)]
    return variant(data, samples, "negated") if samples else None


def _is_existence(sample: Sample) -> bool:
    negative = _NEGATIVE.search(sample.prompt)
    return sample.answer.casefold() in _OPPOSITE and bool(_EXISTS.search(sample.prompt)) and not negative


def _negated(sample: Sample) -> Sample:
    prompt = _EXISTS.sub(r"\1 no ", sample.prompt, count=1)
    return replace(sample, prompt=prompt, answer=_OPPOSITE[sample.answer.casefold()])
