"""How letters of options are said: as the answer, as not the answer, at the beginning of a reply, in it."""

import re

from ipllvm.scorers.forms import form

_OPEN, _CLOSE = r"[(\[{<\"']*", r"[)\]}>\"']*"
_CAPITAL = "((?-i:[A-Z]))"
_THING = r"(?:option|choice|letter)"
END = r"(?![\w-])(?!'\w)"
"""Where a letter ends: it is no beginning of a word, of "B-52" or of "A's"."""
_ALONE = (
    rf"{END}(?={_CLOSE}(?:[^\S\n]*(?:[.,:;!?)(\]、。]|\n|$)|\s+(?:[-–—]|(?:because|since|as|for|but|instead|"
    r"which|where|with|given|due|if|though|although|while|rather|and|or|not|so|when)\b)))"
)
_SURELY = (
    r"(?:clearly|definitely|certainly|obviously|surely|undoubtedly|probably|most likely|likely|simply|"
    r"therefore)"
)
_FILLED = rf"(?:(?:but|{_SURELY})\s+)?(?:{_THING}\s+)?"
_EACH = rf"{_OPEN}(?-i:[A-Z]){END}{_CLOSE}"
_LIST = rf"({_EACH}(?:(?:\s*,\s*{_EACH})*\s*,?\s*(?:and|or|nor|&)\s+{_EACH})?)"
_DENYING = (
    r"(?:\bnot|n't|\bcannot|\bnever|\bneither|\bunlikely|\b(?:any|every)thing but|\bexcept(?: for)?|"
    r"\brather than|\binstead of|\bother than|\brul(?:es?|ed|ing) out|"
    r"\beliminat(?:es?|ed|ing)|\bexclud(?:es?|ed|ing)|"
    r"\breject(?:s|ed|ing)?|\bdoubt)"
)
_GOVERNED = (
    r"(?:I|we|would|could|can|will|should|have|be|been|is|was|it|that|this|the|a|to|by|for|with|on|case|true|likely|"
    r"possibly|necessarily|really|actually|clear|sure|certain|convinced|know|if|whether|between|choos(?:e|ing)|chosen|"
    r"pick(?:ed)?|select(?:ed)?|say|said|tak(?:e|en)|think|believe|guess|suppose|go|opt|final|correct|right|best|answer|solution|"
    r"response|options?|choices?|letters?)(?:'s)?"
)
"""What may stand between a denial and the letters that it denies."""
_BEING = r"(?:is|are|was|were|looks?|seems?|appears?|(?:must|can|could|would|will|may|might|should) be)"
_FALSE = r"(?:not|wrong|incorrect|false|out|ruled out|unlikely|impossible|eliminated|excluded|rejected)"

DENIED = (
    form(
        "denied",
        rf"{_DENYING}(?:\s+{_GOVERNED})*\s+{_LIST}",
        "Not A. The answer is B.",
        "The answer is not A but B",
        "It isn't A. It is B.",
        "B, not A",
        "I would not choose A. The answer is B.",
        "I don't think it's A, so B.",
        "It is not the case that the answer is A. The answer is B.",
        "The answer is neither A nor C. It is B.",
        "B rather than A",
        "I rule out A. The answer is B.",
        "I can rule out A and C, so B.",
        "The answer is unlikely to be A. It is B.",
    ),
    form(
        "denied by name",
        rf"{_DENYING}(?:\s+{_GOVERNED})*\s+{_OPEN}([a-z]){END}(?<=(?:option|choice|letter) .)",
        "It is not option a, but option b.",
        "I would not take option A. The answer is B.",
    ),
    form(
        "wrong",
        rf"\b{_LIST}\s*(?:\([^()\n]*\))?\s+(?:{_BEING}\s+(?:(?:all|both|clearly|definitely|also)\s+)*{_FALSE}\b|"
        rf"(?:{_BEING}|do(?:es)?|can|could|would|will|may|might|must)(?:n't| not)\b|"
        r"(?:can't|won't|cannot|never)\b)",
        "A is incorrect. B is correct.",
        "B. a dog. A is wrong because it purrs.",
        "A and C are wrong, so B.",
        "A, C, and D are all incorrect. The answer is B.",
        "(A) cannot be correct. (B) is correct.",
        "Option A (a cat) can't be right. It is B.",
        "A does not bark, so B.",
    ),
    form("asked and denied", rf"{_CAPITAL}{_CLOSE}\s*\?+\s*(?:no|nope|not|wrong)\b", "Is it A? No, it is B."),
)
"""Letters that are said not to be the answer."""
DECLARED = (
    form(
        "the answer is",
        r"\b(?:answer|ans|option|choice|letter|solution|response)\.?(?:\s+(?:to|for)\s+(?:the|this|that|your)\s+\w+)?"
        r"\s*(?:is|would be|should be|must be|has to be|:|=|\s-)\s*:?\s*"
        rf"{_FILLED}{_OPEN}([a-z]){_ALONE}",
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
        "The answer is B\n\nExplanation: it barks",
        "**Answer: B**\n\n**Explanation:** C moos.",
        "The answer is 'B'.",
        "The answer is B - a dog",
        "The answer is B and it barks",
        "Ans: B",
        "The answer to this question is B",
    ),
    form("answer B", rf"\b(?:answer|letter)\s+{_OPEN}{_CAPITAL}{_ALONE}", "Answer B", "The letter B"),
    form(
        "I say",
        r"\b(?:say|choose|pick|select|(?:go|opt|vote) (?:with|for)|guess(?: is)?|believe|think)"
        rf"\s+(?:that\s+)?(?:it(?: is|'s)\s+)?(?:{_THING}\s+)?{_OPEN}{_CAPITAL}{_ALONE}",
        "I would say B",
        "I choose B.",
        "I'd go with option B.",
        "I think it's B",
        "My guess is B",
        "I choose B\nThe dog.",
    ),
    form(
        "it is",
        r"(?:^|[.!?\n,]\s*)(?:so |thus |therefore,? )?(?:it|this|that)(?: is|'s| must be| has to be)"
        rf"\s+{_FILLED}{_OPEN}{_CAPITAL}{_ALONE}",
        "It is B.",
        "It's B",
        "The dog barks. So it is B.",
        "It must be B.",
    ),
    form(
        "surely",
        rf"(?:^|[.!?\n]\s*){_SURELY},?\s+(?:{_THING}\s+)?{_OPEN}{_CAPITAL}{_ALONE}",
        "Probably B.",
        "Clearly B",
    ),
    form("so", rf"\b(?:so|therefore|thus|hence),?\s+{_OPEN}{_CAPITAL}{_ALONE}", "It barks, so B."),
    form(
        "is correct",
        rf"\b{_CAPITAL}{_CLOSE}\s+(?:is|seems|must be|would be)"
        r"\s+(?:the\s+)?(?:most\s+|final\s+)?(?:correct|right|best|likely|true|answer)\b",
        "B is correct",
        "B is the correct answer",
        "B is the answer.",
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
    form("in brackets at the end", r"(?<!\w)[(\[]([a-z])[)\]][.!]?\s*$", "the dog (B)", "a dog [B]."),
)
"""Letters that are named, as options or in brackets."""
OTHERS = (
    form("joined", rf"\b(?:or|and)\s+\(?{_CAPITAL}\b", "A or B"),
    form(
        "marked", rf"(?<![\w-])(?<!\w'){_CAPITAL}(?=\s*(?:[.):;,/&]|$|or\b|and\b))", "A, B", "A B", "A. B. C."
    ),
    form("bracketed", r"(?<!\w)[(\[]([a-z])[)\]]", "(a) and (b)"),
)
"""Letters that stand somewhere, and may be a second answer."""
HEDGES = frozenset(
    re.findall(
        "[a-z]+",
        "or and maybe perhaps possibly probably no wait actually but also either neither nor not it could "
        "might may be is i mean think guess then both rather the a answer option choice sorry hmm yes",
    )
)
"""Words with which a second answer follows a first one; behind others a letter belongs to what is told."""
