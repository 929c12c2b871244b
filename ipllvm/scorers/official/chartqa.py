"""ChartQA: relaxed accuracy, within 5 % for numbers.

Sources: A. Masry et al., ChartQA (2022), 5.1; lmms-eval, tasks/chartqa; VLMEvalKit, utils/vqa_eval.py;
TroL, eval/utils.py.
"""

import re

from ipllvm.records import Sample, Score
from ipllvm.scorers.exact_match import normalize

TOLERANCE = 0.05
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")


def relaxed(response_text: str, sample: Sample) -> Score:
    """pix2struct: |reply - gold| / |gold| <= 0.05, else the same text, blind to case.

    A "%" at the end divides by 100; a gold of 0 is compared as text.

    >>> def right(gold, *texts):
    ...     return [relaxed(text, Sample("s", "s", (), "?", gold)).value for text in texts]
    >>> right("10", "10.5", "10.51", "9.5"), right("50", "50%"), right("0", "0", "0.0")
    ([1.0, 0.0, 1.0], [0.0], [1.0, 0.0])
    """
    return _compared(response_text, sample.answer, response_text)


def stripped(response_text: str, sample: Sample) -> Score:
    r"""lmms-eval, and VLMEvalKit since 2025-09: as `relaxed`, without blanks at the reply's ends.

    lmms-eval takes them off every reply that was generated, before a task's own rule sees it.

    >>> [rule("Yes\n", Sample("s", "s", (), "?", "Yes")).value for rule in (stripped, relaxed)]
    [1.0, 0.0]
    """
    return _compared(response_text.strip(), sample.answer, response_text.strip())


def swapped(response_text: str, sample: Sample) -> Score:
    """Qwen-VL, and VLMEvalKit before 2025-09: the roles swapped, so that the tolerance is the reply's.

    >>> [swapped(text, Sample("s", "s", (), "?", "10")).value for text in ("9.5", "9.53", "10.52", "10.53")]
    [0.0, 1.0, 1.0, 0.0]
    """
    text = response_text.strip()
    return _compared(sample.answer, text, text)


def trol(response_text: str, sample: Sample) -> Score:
    """TroL and Meteor: what stands before the first blank where there is a digit; then roles swapped.

    Their "%" is dropped without dividing.

    >>> [trol(text, Sample("s", "s", (), "?", "24")).value for text in ("24 percent", "24%", "about 24")]
    [1.0, 1.0, 0.0]
    """
    text = response_text
    if any(character.isdigit() for character in text):
        text = text.split(" ")[0]
    return _compared(sample.answer, text.strip(), text.strip(), percent=1.0)


def strict(response_text: str, sample: Sample) -> Score:
    """The project's own reading: within 5 % for numbers however they are written, else the same words.

    A period at the end, commas between thousands, "$" and "%" go; a gold of 0 is a number too.

    >>> def right(gold, *texts):
    ...     return [strict(text, Sample("s", "s", (), "?", gold)).value for text in texts]
    >>> right("1,250", "1250.", "$1,300"), right("24", "24%", "about 24"), right("0", "0.0", "no")
    ([1.0, 1.0], [1.0, 0.0], [1.0, 0.0])
    """
    said, gold = _plain(response_text), _plain(sample.answer)
    value, target = _number(said, 1.0), _number(gold, 1.0)
    if value is not None and target is not None:
        return Score(float(abs(value - target) <= TOLERANCE * abs(target)), said)
    return Score(float(said == gold), said or None)


def _plain(text: str) -> str:
    bare = normalize(text)
    number = _THOUSANDS.sub("", bare.removeprefix("$"))
    return bare if _number(number, 1.0) is None else number.removesuffix("%")


def _compared(prediction: str, target: str, said: str, percent: float = 100.0) -> Score:
    """`target` gives the tolerance; `said` is the one of the two that the model has said."""
    value, gold = _number(prediction, percent), _number(target, percent)
    if value is not None and gold:
        right = abs(value - gold) / abs(gold) <= TOLERANCE
    else:
        right = prediction.lower() == target.lower()
    return Score(float(right), said or None)


def _number(text: str, percent: float) -> float | None:
    try:
        return float(text.rstrip("%")) / percent if text.endswith("%") else float(text)
    except ValueError:
        return None
