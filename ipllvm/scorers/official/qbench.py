"""Q-Bench A1: one letter of up to four.

Sources: lmms-eval, tasks/qbench (after MMMU's parser); TroL, eval/create_evaluator.py.
"""

from collections.abc import Sequence

from ipllvm.records import Sample, Score
from ipllvm.scorers.official.letters import graded, letters
from ipllvm.scorers.official.scienceqa import read_trol

FEW_WORDS = 5


def lmms(response_text: str, sample: Sample) -> Score:
    """lmms-eval: "(X)", else "X ", else "X.", else, in more than five words, an option's text; the last one.

    Where nothing is read the script draws a letter at random, and where several letters are named it
    stops with an error; here the first is unread and wrong, the second goes by the last one.

    >>> sample = Sample("s", "s", (), "?", "B", ("Dark", "Bright"))
    >>> [lmms(text, sample).answer for text in ("B.", "(A) or (B)", "It is the Bright one I think", "none")]
    ['B', 'B', 'B', None]
    """
    text = response_text.strip()
    for mark in ",.!?;:'":
        text = text.strip(mark)
    text = f" {text} "
    for before, after, found_by in (("(", ")", "({})"), ("", " ", " {} "), ("", ".", " {} ")):
        named = [letter for letter in letters(sample) if f"{before}{letter}{after}" in text]
        if named:
            return graded(_last(named, [text.rfind(found_by.format(letter)) for letter in named]), sample)
    return graded(_by_text(text.lower(), sample) if len(text.split()) > FEW_WORDS else None, sample)


def trol(response_text: str, sample: Sample) -> Score:
    """TroL: as its rule for ScienceQA, but a reply that is not read counts as the last option.

    That is what index -1 does there: unread replies are right where the last option is.

    >>> sample = Sample("s", "s", (), "?", "B", ("Dark", "Bright"))
    >>> trol("I am not sure", sample)
    Score(value=1.0, answer=None, note='not read: counts as the last option, B')
    """
    letter = read_trol(response_text, sample)
    known = letters(sample)
    taken = letter or known[-1]
    right = _text(taken, sample) == _text(sample.answer, sample)
    return Score(float(right), letter, "" if letter else f"not read: counts as the last option, {taken}")


def _text(letter: str, sample: Sample) -> str:
    return sample.choices[letters(sample).index(letter)] if sample.choices else letter


def _by_text(text: str, sample: Sample) -> str | None:
    places = {
        letter: text.rfind(choice.lower())
        for letter, choice in zip(letters(sample), sample.choices, strict=False)
    }
    named = [letter for letter, place in places.items() if place >= 0]
    return _last(named, [places[letter] for letter in named]) if named else None


def _last(named: Sequence[str], places: Sequence[int]) -> str:
    """The letter that stands last; the first of those that stand at the same place."""
    return named[places.index(max(places))]
