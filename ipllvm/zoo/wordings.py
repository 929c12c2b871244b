"""Training questions in other words than the benchmarks': bare, instructed first, options in brackets.

The wordings that a property measures with (ipllvm.benchmarks.rewording) are others on purpose, but for
the bare question and the place of the instruction.
"""

from collections.abc import Sequence

import numpy as np

from ipllvm.benchmarks import prompts, rewording
from ipllvm.benchmarks.prompts import LETTER, LETTERS, SHORT
from ipllvm.benchmarks.questions import Question
from ipllvm.sampling import choose
from ipllvm.zoo import corpus
from ipllvm.zoo.recipes import Phase

SHORTLY = (SHORT, "Answer in one word.", "Give a short answer.", "Short answer:")
LETTERED = (LETTER, "Which option is right? Answer with its letter.", "Answer with a letter.")
MARKS = ("{}. ", "({}) ", "{}) ", "{}: ")
PLAIN = 0.6
"""Share of the questions that `both` asks bare and otherwise as the benchmarks do."""
CAPTIONS = ("Write a short caption.", "Describe the image.", "What does the image show?")


def render(question: Question, rng: np.random.Generator, phase: Phase) -> tuple[str, str]:
    """(prompt, answer): in the benchmarks' words, but for the phase's share of the questions."""
    if not phase.rephrased or rng.random() >= phase.rephrased:
        return corpus.render(question, rng, phase.lettered)
    if rng.random() >= phase.lettered:
        return _instructed(question.text, rng, SHORTLY), question.answer
    options = question.options(rng)
    return _listed(question.text, options, rng), LETTERS[options.index(question.answer)]


def both(question: Question, rng: np.random.Generator, phase: Phase) -> tuple[str, str, str]:
    """(prompt in the benchmarks' words, the same question in others, answer); most of the others are bare."""
    if rng.random() >= phase.lettered:
        usual, answer = prompts.short_answer(question.text), question.answer
        other = _instructed(question.text, rng, SHORTLY)
    else:
        options = question.options(rng)
        usual = prompts.multiple_choice(question.text, options)
        answer = LETTERS[options.index(question.answer)]
        other = _listed(question.text, options, rng)
    return usual, rewording.bare(usual) if rng.random() < PLAIN else other, answer


def caption_prompt(rng: np.random.Generator, phase: Phase) -> str:
    """The request for a caption."""
    if not phase.rephrased or rng.random() >= phase.rephrased:
        return corpus.CAPTION_PROMPT
    return choose(rng, CAPTIONS)


def _listed(text: str, options: Sequence[str], rng: np.random.Generator) -> str:
    """The question with its options, marked in one of several ways."""
    mark, between = choose(rng, MARKS), choose(rng, ("\n", " "))
    listed = between.join(mark.format(a) + o for a, o in zip(LETTERS, options, strict=False))
    return _instructed(f"{text}\n{listed}", rng, LETTERED)


def _instructed(text: str, rng: np.random.Generator, instructions: tuple[str, ...]) -> str:
    """The question bare, or with an instruction before or behind it."""
    instruction = choose(rng, instructions)
    return choose(rng, (text, text, f"{instruction}\n{text}", f"{text}\n{instruction}"))
