"""MMStar: the letter at the start of the reply.

Source: MMStar-Benchmark/MMStar, eval/vlmeval/evaluate/mmstar.py; TroL and lmms-eval (2024) decide alike.
"""

from collections.abc import Iterator

from ipllvm.records import Sample, Score
from ipllvm.scorers.official.letters import graded, letters

SAID = (
    "answer",
    "correct answer",
    "best answer",
    "correct option",
    "best option",
    "choice",
    "correct choice",
)
PHRASES = (
    *(f"{article}{said} is" for said in SAID for article in ("", "the ")),
    *("i choose", "i select", "i pick", "my answer is", "my choice is"),
    *("옵션", "정답은", "답은", "답:", "答案是", "答案为", "选", "答えは"),
)
"""Behind which a letter is an answer to lmms-eval."""
MARKED = ((6, "({})"), (5, "{}."), (4, "{}:"), (3, "{})"), (2, "{} "))
START, END, PHRASE, ANYWHERE = 10, 9, 7, 0
"""How sure a place is: where two letters have one, the surer counts, of equals the later."""
LEADS = ("", "(", "option ", "the answer is ")


def official(response_text: str, sample: Sample) -> Score:
    """The first character, or the one behind "(", "option " or "the answer is ", blind to case.

    Any reply that begins with "a" counts as A.

    >>> sample = Sample("s", "s", (), "?", "A", ("", "", "", ""))
    >>> [official(text, sample).answer for text in ("A cat", "(b)", "Option C", "The answer is d.", "So: A")]
    ['A', 'B', 'C', 'D', None]
    """
    text = response_text.lower().strip().replace("\n", " ")
    known = letters(sample, most=4).lower()
    for lead in LEADS:
        place = len(lead)
        if text.startswith(lead) and text[place : place + 1] in tuple(known):
            return graded(text[place].upper(), sample)
    return graded(None, sample)


def lmms(response_text: str, sample: Sample) -> Score:
    """lmms-eval 0.7: the letter in the surest of its places, the last of these; else any capital.

    >>> sample = Sample("s", "s", (), "?", "A", ("", "", "", ""))
    >>> said = ("A cat", "(B) or C.", "The answer is D, I think", "So: CAT", "b")
    >>> [lmms(text, sample).answer for text in said]
    ['A', 'C', 'D', 'A', None]
    """
    bare = response_text.strip()
    for mark in ",.!?;:'\"":
        bare = bare.strip(mark)
    known = letters(sample, most=4)
    found = [(*place, letter) for letter in known for place in _places(letter, f" {bare} ")]
    anywhere = [(ANYWHERE, bare.rfind(letter), letter) for letter in known if letter in bare]
    best = max(found or anywhere, key=lambda place: place[:2], default=None)
    return graded(best[2] if best else None, sample)


def _places(letter: str, text: str) -> Iterator[tuple[int, int]]:
    """How sure each place of a letter is, and where it is."""
    for rank, form in MARKED:
        if (mark := form.format(letter)) in text:
            yield rank, text.rfind(mark)
    lower = text.lower()
    for phrase in PHRASES:
        begins = lower.find(phrase)
        place = text.find(letter, begins + len(phrase)) if begins >= 0 else -1
        if place >= 0:
            yield PHRASE, place
    bare = text.strip()
    if bare.startswith(letter) and not bare[1:2].isalpha():
        yield START, 0
    if bare.endswith(letter) and not bare[-2:-1].isalpha():
        yield END, len(text) - 1
