"""How letters of options are said: as the answer, as not the answer, at the beginning of a reply, in it."""

import re

from ipllvm.scorers.forms import form

_OPEN, _CLOSE = r"[(\[{<\"']*", r"[)\]}>\"']*"
_CAPITAL = "((?-i:[A-Z]))"
_THING = r"(?:option|choice|letter)"
_ALONE = rf"(?![\w'-])(?={_CLOSE}\s*(?:[.,:;!?)(\]、。]|$|(?:because|since|as|for|but|instead)\b))"
_FILLED = rf"(?:(?:but|clearly|probably|most likely|likely|therefore)\s+)?(?:{_THING}\s+)?"

DENIED = (
    form(
        "denied",
        rf"(?:\bnot|n't|n't be)\s+(?:{_THING}\s+)?{_OPEN}{_CAPITAL}(?![\w'-]){_CLOSE}",
        "Not A. The answer is B.",
        "The answer is not A but B",
        "It isn't A. It is B.",
        "B, not A",
    ),
    form(
        "denied by name",
        rf"\b(?:not|n't)\s+{_THING}\s+{_OPEN}([a-z])(?![\w'-])",
        "It is not option a, but option b.",
    ),
    form(
        "wrong",
        rf"\b{_CAPITAL}{_CLOSE}\s+(?:(?:is|looks|seems|must be|can be)\s+(?:not|wrong|incorrect|"
        r"false|out|ruled out)|isn't|can't be)\b",
        "A is incorrect. B is correct.",
        "B. a dog. A is wrong because it purrs.",
    ),
    form(
        "several wrong",
        r"\b((?-i:[A-Z])(?:\s*(?:,|and|or|&)\s*(?-i:[A-Z]))+)\s+are\s+(?:all |both )?(?:wrong|"
        r"incorrect|false|out)\b",
        "A and C are wrong, so B.",
    ),
    form(
        "put aside",
        r"\b(?:rather than|instead of|eliminates?|rules? out|excludes?)"
        rf"\s+(?:{_THING}\s+)?{_OPEN}{_CAPITAL}(?![\w'-])",
        "B rather than A",
        "I rule out A. The answer is B.",
    ),
)
"""Letters that are said not to be the answer."""
DECLARED = (
    form(
        "the answer is",
        r"\b(?:answer|option|choice|letter|solution|response)\s*(?:is|would be|should be|"
        rf"must be|:|=)\s*:?\s*{_FILLED}{_OPEN}([a-z]){_ALONE}",
        "The answer is B",
        "the answer is (b)",
        "Answer: B",
        "Answer = B",
        "The answer would be B",
        "answer:\nB",
        "The correct answer is: B",
        "The best answer is B, a dog.",
        "letter: B",
        "Choice: B",
        r"\boxed{B}",
        "Option A is red. The answer is B.",
        "The answer is B because it barks",
    ),
    form("answer B", rf"\b(?:answer|letter)\s+{_OPEN}{_CAPITAL}{_ALONE}", "Answer B", "The letter B"),
    form(
        "I say",
        r"\b(?:say|choose|pick|select|go with|guess(?: is)?|believe|think)"
        rf"\s+(?:that\s+)?(?:it(?: is|'s)\s+)?(?:{_THING}\s+)?{_OPEN}{_CAPITAL}{_ALONE}",
        "I would say B",
        "I choose B.",
        "I'd go with option B.",
        "I think it's B",
        "My guess is B",
    ),
    form(
        "it is",
        r"(?:^|[.!?\n,]\s*)(?:so |thus |therefore,? )?(?:it|this|that)(?: is|'s)"
        rf"\s+{_FILLED}{_OPEN}{_CAPITAL}{_ALONE}",
        "It is B.",
        "It's B",
        "The dog barks. So it is B.",
    ),
    form("so", rf"\b(?:so|therefore|thus|hence),?\s+{_OPEN}{_CAPITAL}{_ALONE}", "It barks, so B."),
    form(
        "is correct",
        rf"\b{_CAPITAL}{_CLOSE}\s+(?:is|seems|must be|would be)"
        r"\s+(?:the\s+)?(?:most\s+)?(?:correct|right|best|likely|true|answer)\b",
        "B is correct",
        "B is the correct answer",
        "B is the best choice",
    ),
    form(
        "Chinese, Japanese, Korean",
        r"(?:答案|选项|選項|应选|應選|选择|選擇|选|選|答え|正解|정답)(?:是|为|為|は|"
        rf"은)?\s*:?\s*{_OPEN}{_CAPITAL}(?![A-Za-z])",
        "答案是B",
        "答案：B",
        "选B",
        "答えはBです",
        "정답은 B",
    ),
    form(
        "other languages",
        r"\b(?:réponse|respuesta|resposta|risposta|antwort|ответ)(?:\s+(?:correcte|correcta|"
        r"correta|corretta))?(?:\s+(?:est|es|é|è|ist|это))?\s*:?\s*(?:la\s+|"
        rf"a\s+)?{_OPEN}{_CAPITAL}{_ALONE}",
        "Réponse : B",
        "La respuesta es B",
        "Ответ: B",
        "Die Antwort ist B.",
    ),
)
"""Letters that are said to be the answer."""
LEADING = (
    form(
        "at the beginning of a line",
        rf"^[ \t]*{_OPEN}([a-z])(?={_CLOSE}\s*(?:[.):\]!;,、。]|$)|{_CLOSE}\s+(?:[-–—]\s|"
        r"(?:because|since|as)\b))",
        "B",
        "b.",
        "(B) a dog",
        "B)",
        "B:",
        "B!",
        "B。",
        "B、a dog",
        "<B>",
        "{B}",
        "''B''",
        "B - a dog",
        "B, because it barks",
        "B because it barks",
        "B as it barks",
        "B\n\nExplanation: A purrs, C moos.",
        flags=re.IGNORECASE | re.MULTILINE,
    ),
    form(
        "behind a courtesy",
        rf"^(?:sure|certainly|of course|okay|ok|well)\b[!,.:]*\s+{_OPEN}{_CAPITAL}{_ALONE}",
        "Sure! B",
        "OK, B.",
    ),
)
"""Letters that a reply, or a line of it, begins with."""
NAMED = (
    form(
        "by name",
        rf"\b(?:option|choice)\s+{_OPEN}([a-z])(?![\w'-])",
        "option B",
        "I would pick choice b.",
        "option b is right",
    ),
    form("in brackets", r"(?<!\w)[(\[]([a-z])[)\]]", "the dog (B)"),
)
"""Letters that are named, as options or in brackets."""
