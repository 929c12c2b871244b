"""Forms that answers come in: each a row with its pattern and replies that it is there for.

A table of them is tested by its own examples, so that a form that nobody can show is not there. Readers
combine tables; what they take for an answer is said where they are.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """One way of saying something; `examples` are replies that say it in this way.

    What is captured is group 1 of `pattern`; in a table of wrappings it is what is left of them.
    """

    name: str
    pattern: re.Pattern[str]
    examples: tuple[str, ...]


def form(name: str, pattern: str, *examples: str, flags: int = re.IGNORECASE) -> Form:
    """A form; letters of both cases are alike unless `flags` say otherwise."""
    return Form(name, re.compile(pattern, flags), examples)


def captured(forms: Iterable[Form], text: str) -> Iterator[re.Match[str]]:
    """Every place where one of the forms is found."""
    return (found for each in forms for found in each.pattern.finditer(text))


_DOT = re.IGNORECASE | re.DOTALL
THOUGHTS = (
    form("thoughts", r"<think(?:ing)?>.*?(?:</think(?:ing)?>|$)()", "<think>A or C?</think>B", flags=_DOT),
    form("thoughts begun in the prompt", r"^.*</think(?:ing)?>()", "A or C?</think>B", flags=_DOT),
)
"""What stands before an answer and is none, however long it is."""
LONGEST = 4000
"""Characters that are read of what is left: an answer stands at its beginning or at its end."""
WRAPPINGS = (
    form(
        "special tokens",
        r"(?:</?s>|<\|[^|<>]{1,40}\|>|<(?:eos|bos|pad|end_of_turn|end_of_utterance)>)()",
        "B</s>",
        "<s>B",
        "B<|im_end|>",
        "B<end_of_turn>",
    ),
    form("a marked answer", r"^.*<answer>(.*?)</answer>.*$", "So <answer>B</answer>.", flags=_DOT),
    form("words in a formula", r"\\(?:text|textbf|mathrm|mathbf)\s*\{([^{}]*)\}", r"\text{B}", r"\mathbf{B}"),
    form("a speaker", r"^\s*(?:assistant|model|gpt)\s*:\s*()", "ASSISTANT: B"),
    form(
        "emphasis",
        r"(?<!\w)(?:\*{1,3}|_{1,3}|~{1,2}|`{1,3})(?=\S)([^*`\n]*?\S)(?:\*{1,3}|_{1,3}|~{1,2}|"
        r"`{1,3})(?!\w)",
        "**B**",
        "_B_",
        "~B~",
        "`B`",
    ),
    form(
        "headings, quotations, items",
        r"^[ \t]*(?:#{1,6}(?![#\s]*[-$]*\d)|>+|(?:(?<=\n)|(?![-+*•][ \t]*\d))[-+*•])[ \t]+()",
        "# B",
        "> B",
        "- B",
        flags=re.MULTILINE,
    ),
)
"""What stands around an answer and says nothing."""
_SMALL = (("(?<=[0-9])(?=[¼-¾⅐-⅞↉])", " "), ("(?<=[0-9])(?=[⁰¹²³⁴-⁹⁺⁻])", "^"), ("(?<=[0-9])(?=[₀-₉])", "_"))
"""What parts small digits from the large ones before them, with which they make no longer number."""
_PLAIN = str.maketrans("“”„«»‘’‚−⁄", '"""""\'\'\'-/')
_TEX = (
    (r"\{,\}", ","),
    (r"\\,", " "),
    (r"\\times\b", "×"),
    (r"\\cdot\b", "·"),
    (r"\\([$%])", r"\1"),
    (r"(?:(?<=\d)\s*)?(?=\\[dtc]?frac)", " "),
    (r"\\[dtc]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"\1/\2"),
    (r"\\[()]|\\\[|\\\]", ""),
    (r"\$*\\\s*boxed\s*\{([^{}]*)\}\s*\$*", r"The answer is \1."),
)
"""Signs of a formula, with what they say; what is boxed is declared."""


def plain(text: str) -> str:
    r"""The text in one width of letters and one kind of quotes; small digits stay apart from large ones.

    >>> plain("Ｂ"), plain("“1½”"), plain("10²")
    ('B', '"1 1/2"', '10^2')
    """
    if text.isascii():
        return text  # nothing of what follows is in it
    for before, mark in _SMALL:
        text = re.sub(before, mark, text)
    text = unicodedata.normalize("NFKC", text).translate(_PLAIN)
    return "".join(c for c in text if unicodedata.category(c) != "Cf")


def unwrapped(text: str) -> str:
    r"""What was said, without thoughts, special tokens, markup and other widths of letters.

    A boxed formula is an answer that is declared.

    >>> unwrapped("<think>A?</think> **Ｂ**</s>"), unwrapped(r"So $\boxed{1\frac{3}{4}}$")
    ('B', 'So The answer is 1 3/4.')
    """
    text = plain(text)
    for each in THOUGHTS:
        text = each.pattern.sub(r"\1", text)
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]}\n{text[-LONGEST // 2 :]}"
    for each in WRAPPINGS:
        text = each.pattern.sub(r"\1", text)
    for sign, words in _TEX:
        text = re.sub(sign, words, text)
    return text.strip()


_TAKING_BACK = (
    r"\b(?:wait|sorry|hmm|correction)\b[^.!?\n]*",
    r"\bactually\b[^.!?\n]*\b(?:that|this|it|I)\b[^.!?\n]*",
    r"(?<=[.!?\n])\s*no,?\s+(?:that|this|it|I|my \w+|\d+)\b[^.!?\n]*",
)
_RETRACTION = re.compile(
    rf"(?:{'|'.join(_TAKING_BACK)})\b(?:wrong|incorrect|mistaken?|not right)\b[.!?,:;\s]*", re.IGNORECASE
)
_ONLY_NO = re.compile(r"\W*no\W*", re.IGNORECASE)


def unretracted(text: str) -> str:
    """What follows the last words that take back what was said before; the whole text where none do.

    A "no" that a reply begins with takes back nothing: "No, that is wrong" is an answer.

    >>> unretracted("The answer is 5. Wait, that is wrong. The answer is 6.")
    'The answer is 6.'
    >>> unretracted("No, that is wrong. The sign reads 40.")
    'No, that is wrong. The sign reads 40.'
    """
    found = [each for each in _RETRACTION.finditer(text) if not _ONLY_NO.fullmatch(text[: each.start()])]
    rest = text[found[-1].end() :] if found else ""
    return rest if rest.strip() else text
