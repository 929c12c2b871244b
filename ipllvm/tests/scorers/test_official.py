"""Official rules: what each reads of an answer, by vectors of our own."""

import math
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.errors import NotMeasured
from ipllvm.records import Sample, Score
from ipllvm.registry import SCORERS
from ipllvm.scorers.official import mathvista

TWO = Sample("s", "s", (), "?", "B", ("red", "blue"))
FOUR = Sample("s", "s", (), "?", "B", ("red", "blue", "teal", "gold"))
YES = Sample("s", "s", (), "?", "yes", ("yes", "no"))
INTEGER = Sample("s", "s", (), "?", "198", labels=(("answer_type", "integer"),))
ONE_PLACE = Sample("s", "s", (), "?", "1.2", labels=(("answer_type", "float"), ("precision", "1.0")))
LIST = Sample("s", "s", (), "?", "[1, 2]", labels=(("answer_type", "list"),))
CHOICE = Sample("s", "s", (), "?", "half", ("half", "quarter", "quarter past"))
NUMBER = Sample("s", "s", (), "?", "1250", labels=(("gold", "1,250"),))
TEN, FIFTY, ZERO, COMMA, SHARE = (
    Sample("s", "s", (), "?", gold) for gold in ("10", "50", "0", "1,000", "0.57")
)

READ = [
    ("mme_official", YES, "Yes.", "yes"),
    ("mme_official", YES, " yes", "yes"),
    ("mme_official", YES, "  yes", None),
    ("mme_official", YES, "y", None),
    ("mme_official", YES, "Not sure", "no"),
    ("mme_official", YES, "I know", None),
    ("mme_official", YES, "The answer is yes", None),
    ("mme_lmms", YES, "  yes", "yes"),
    ("mme_lmms", YES, "Y", "yes"),
    ("mme_lmms", YES, "n.", "no"),
    ("mme_lmms", YES, "x", None),
    ("mme_lmms", YES, "...yes", "yes"),
    ("mme_lmms", YES, "Not sure", "no"),
    ("mme_vlmeval", YES, "The answer is yes", "yes"),
    ("mme_vlmeval", YES, "yes, no", None),
    ("mme_vlmeval", YES, "(Yes)", "yes"),
    ("mme_vlmeval", YES, "No.", "no"),
    ("mme_vlmeval", YES, "yes-no", None),
    ("mme_vlmeval", YES, "yes.no", None),
    ("mme_vlmeval", YES, "**Yes**", None),
    ("mme_vlmeval", YES, "yes: it is", None),
    ("mme_vlmeval", YES, "Yes,it is, ok", None),
    ("mme_vlmeval", YES, "Yes,it is ok", "yes"),
    ("mmstar_lmms", FOUR, "(B) is in my DATA", "B"),
    ("mmstar_lmms", FOUR, "in my hand A", "A"),
    ("mmstar_lmms", FOUR, "Not (C) but A. The choice is hard", "C"),
    ("mmstar_official", FOUR, "b", "B"),
    ("mmstar_official", FOUR, "a dog", "A"),
    ("mmstar_official", FOUR, " (C) teal", "C"),
    ("mmstar_official", FOUR, "Option D", "D"),
    ("mmstar_official", FOUR, "The answer is B.", "B"),
    ("mmstar_official", FOUR, "Answer: B", "A"),
    ("mmstar_official", FOUR, "It is B", None),
    ("mmstar_official", FOUR, "(", None),
    ("mmstar_official", FOUR, "option ", None),
    ("seed_lmms", FOUR, " b) blue", "B"),
    ("seed_lmms", FOUR, "Blue", "B"),
    ("seed_lmms", FOUR, "The answer", None),
    ("seed_trol", FOUR, "B) blue", "B"),
    ("seed_trol", FOUR, " B", None),
    ("seed_trol", FOUR, "", None),
    ("seed_official", FOUR, "B", "B"),
    ("seed_official", FOUR, "B.", None),
    ("ai2d_lmms", FOUR, "(B)", "B"),
    ("ai2d_lmms", FOUR, "b", "B"),
    ("ai2d_lmms", FOUR, "  B. blue", "B"),
    ("ai2d_lmms", FOUR, " B\n", "B"),
    ("ai2d_lmms", FOUR, "(B) \n", "B"),
    ("ai2d_lmms", FOUR, "B .", None),
    ("ai2d_lmms", FOUR, "B) blue", None),
    ("ai2d_lmms", FOUR, "The answer is B", None),
    ("ai2d_trol", FOUR, "Answer: B", "A"),
    ("ai2d_trol", FOUR, "The answer is B", None),
    ("ai2d_trol", FOUR, "it is B", "B"),
    ("ai2d_trol", FOUR, "b", None),
    ("mmvp_by_letter", TWO, "(b) Closed", "B"),
    ("mmvp_by_letter", TWO, "B..", "B"),
    ("mmvp_by_letter", TWO, "B. Closed", None),
    ("mmvp_lmms", TWO, "camera ", "A"),
    ("mmvp_lmms", TWO, "The right option is (b)", "B"),
    ("mmvp_lmms", TWO, "bad", "B"),
    ("mmvp_lmms", TWO, "no", None),
    ("scienceqa_official", TWO, "B", "B"),
    ("scienceqa_official", TWO, "b", None),
    ("scienceqa_official", TWO, "B. blue", "B"),
    ("scienceqa_official", TWO, "B.", None),
    ("scienceqa_official", TWO, "LECTURE: light. The answer is B.", "B"),
    ("scienceqa_official", TWO, "The answer is B", None),
    ("scienceqa_official", TWO, "The answer is A. No: The answer is B.", None),
    ("scienceqa_official", TWO, "E", None),
    ("scienceqa_official", INTEGER, "E", "E"),
    ("scienceqa_official", INTEGER, "The answer is F.", None),
    ("scienceqa_lmms", TWO, "b", "B"),
    ("scienceqa_lmms", TWO, "B.", "B"),
    ("scienceqa_lmms", TWO, "b.", None),
    ("scienceqa_lmms", TWO, "(B)", None),
    ("scienceqa_trol", TWO, "A long talk that ends in B.", "A"),
    ("scienceqa_trol", TWO, "B blue", None),
    ("qbench_lmms", FOUR, "B.", "B"),
    ("qbench_lmms", FOUR, "(A) or (B)", "B"),
    ("qbench_lmms", FOUR, "B or A", "A"),
    ("qbench_lmms", FOUR, "I would say that blue is right", "B"),
    ("qbench_lmms", FOUR, "blue", None),
    ("qbench_lmms", FOUR, "\nB.\n", "B"),
    ("qbench_lmms", FOUR, "it says red first and then teal at last", "C"),
    ("qbench_trol", FOUR, "B.", "B"),
    ("qbench_trol", FOUR, "b", None),
    ("vlmeval_letter", FOUR, "(B)", "B"),
    ("vlmeval_letter", FOUR, "B is what I say it must be", None),
    ("vlmeval_letter", FOUR, "blue", "B"),
    ("vlmeval_letter", FOUR, "red or blue", None),
    ("vlmeval_letter", FOUR, "Z: not the blue", None),
    ("vlmeval_letter", FOUR, "Z or B", "B"),
    ("vlmeval_letter", FOUR, "Cannot determine the answer: B", None),
    ("gsm8k_strict", NUMBER, "The answer is 1,250.", "1250"),
    ("gsm8k_strict", NUMBER, "The answer is 18", "1"),
    ("gsm8k_strict", NUMBER, "The answer is 8", None),
    ("gsm8k_strict", NUMBER, "The answer is $18.", None),
    ("gsm8k_strict", NUMBER, "The answer is -3. The answer is 4.", "-3"),
    ("gsm8k_strict", NUMBER, "the answer is 1250.", None),
    ("gsm8k_flexible", NUMBER, "So 5 and $1,250.", "1250"),
    ("gsm8k_flexible", NUMBER, "nothing", None),
    ("gsm8k_hashed", NUMBER, "So 5.\n#### 1,250.", "1250"),
    ("gsm8k_hashed", NUMBER, "#### 7 #### 1250", "7"),
    ("gsm8k_hashed", NUMBER, "#### -3", "-3"),
    ("gsm8k_hashed", NUMBER, "#### $18", None),
    ("gsm8k_hashed", NUMBER, "The answer is 18.", None),
    ("gsm8k_kojima", NUMBER, "12 cats. The answer is 7 of 9.", "7"),
    ("gsm8k_kojima", NUMBER, "12 cats, then 9.", "9"),
    ("gsm8k_kojima_zero_shot", NUMBER, "12 cats, then 9.", "12"),
]


@pytest.mark.parametrize(("rule", "sample", "text", "read"), READ)
def test_what_a_rule_reads(rule: str, sample: Sample, text: str, read: str | None) -> None:
    found = SCORERS.load(rule)(text, sample)
    assert found.answer == read
    assert found.value == float(read is not None and read == sample.answer)


@pytest.mark.parametrize(
    ("rule", "sample", "right", "wrong"),
    [
        ("chartqa_relaxed", TEN, ("10", "10.5", "9.5", "10.", "10 "), ("10.51", "9.49", "ten", "", "10 m")),
        ("chartqa_relaxed", FIFTY, ("50", "52.5"), ("50%",)),
        ("chartqa_relaxed", ZERO, ("0",), ("0.0", "0%")),
        ("chartqa_relaxed", COMMA, ("1,000",), ("1000", "1,001")),
        ("chartqa_relaxed", SHARE, ("57%", "0.57", "55%"), ("57",)),
        ("chartqa_stripped", TEN, ("10", " 10.5\n"), ("10.51", "−10", "$10", "10 %", "9–11", "None")),
        ("chartqa_stripped", ZERO, (" 0\n",), ("0.0",)),
        ("chartqa_relaxed", ZERO, (), (" 0\n",)),
        ("chartqa_swapped", TEN, ("9.53", "10.52", "10"), ("9.5", "10.53", "0")),
        ("chartqa_trol", TEN, ("10 cats", "9.53", "10%", " 10"[1:]), ("9.5", "about 10", "ten")),
        ("chartqa_strict", COMMA, ("1000", "1,000.", "$1,040", "1000%"), ("1,100", "about 1000")),
        ("chartqa_strict", ZERO, ("0", "0.0", "0%"), ("1", "zero")),
    ],
)
def test_relaxed_accuracy(rule: str, sample: Sample, right: tuple[str, ...], wrong: tuple[str, ...]) -> None:
    grade = SCORERS.load(rule)
    assert {text: grade(text, sample).value for text in (*right, *wrong)} == {
        **dict.fromkeys(right, 1.0),
        **dict.fromkeys(wrong, 0.0),
    }


def test_what_is_unread_counts_as_the_last_option_in_trols_q_bench() -> None:
    grade = SCORERS.load("qbench_trol")
    last = Sample("s", "s", (), "?", "D", FOUR.choices)
    assert (grade("no idea", last).value, grade("no idea", FOUR).value) == (1.0, 0.0)
    assert grade("no idea", last).answer is None


@pytest.mark.parametrize(
    ("sample", "extraction", "published", "today"),
    [
        (INTEGER, "198", "198", "198"),
        (INTEGER, " 198 ", "198", "198"),
        (INTEGER, "198.7", None, "198"),
        (INTEGER, "1,98", None, None),
        (INTEGER, "inf", None, None),
        (INTEGER, "", None, None),
        (ONE_PLACE, "1.24", "1.2", "1.2"),
        (ONE_PLACE, "2", "2.0", "2.0"),
        (ONE_PLACE, "1.2 cm", None, None),
        (LIST, "[1, 2]", "[1, 2]", "[1, 2]"),
        (CHOICE, "(B) quarter", "quarter", "quarter"),
        (CHOICE, "c", "half", "half"),
        (CHOICE, "C", "quarter past", "quarter past"),
        (CHOICE, "quarter pas", "quarter past", "quarter past"),
        (CHOICE, "", "half", "half"),
    ],
)
def test_mathvistas_forms(sample: Sample, extraction: str, published: str | None, today: str | None) -> None:
    assert mathvista.published.read(extraction, sample).answer == published
    assert mathvista.today.read(extraction, sample).answer == today


@pytest.mark.parametrize(
    ("sample", "text"), [(CHOICE, "half"), (INTEGER, "198"), (ONE_PLACE, "1.2"), (LIST, "")]
)
def test_mathvista_takes_bare_answers_without_a_judge(sample: Sample, text: str) -> None:
    assert mathvista.published(text, sample).value == float(text != "")


@pytest.mark.parametrize(
    ("kind", "gold", "text", "value"),
    [
        ("integer", "0", "The answer is 0, since 3 - 3 = 0.", 1.0),
        ("integer", "0", "#### 0\nThere were 3 of 3.", 1.0),
        ("float", "0.0", "The answer is 0.0 of 5.", 1.0),
        ("integer", "3", "The answer is 0, since 3 - 3 = 0.", 0.0),
        ("integer", "0", "There are 0 of them.", 1.0),
        ("integer", "1", "It is 1½ cm", 0.0),
    ],
)
def test_mathvista_without_a_judge_reads_nought(kind: str, gold: str, text: str, value: float) -> None:
    labels = (("answer_type", kind), ("precision", "1" if kind == "float" else ""))
    assert mathvista.strict(text, Sample("s", "s", (), "?", gold, labels=labels)).value == value


@pytest.mark.parametrize(("sample", "text"), [(CHOICE, "A"), (INTEGER, "198 m"), (LIST, "[1, 2]")])
def test_mathvista_asks_a_judge_for_the_rest(sample: Sample, text: str) -> None:
    with pytest.raises(NotMeasured, match="extracted by a judge"):
        mathvista.published(text, sample)


@given(one=st.text("ab", max_size=6), other=st.text("ab", max_size=6))
def test_edits_are_a_distance(one: str, other: str) -> None:
    found = mathvista.edits(one, other)
    assert found == mathvista.edits(other, one)
    assert (found == 0) == (one == other)
    assert abs(len(one) - len(other)) <= found <= max(len(one), len(other))


@pytest.mark.parametrize("rule", ["mmvet_judge", "llavaw_judge", "mmvp_judge"])
def test_without_a_judges_reply_there_is_no_score(rule: str) -> None:
    with pytest.raises(NotMeasured, match="judge"):
        SCORERS.load(rule)("anything", TWO)


@pytest.mark.parametrize(
    ("rule", "reply", "value", "read"),
    [
        ("mmvet_judge", "0.7", 0.7, "0.7"),
        ("mmvet_judge", "1.0 | done", 1.0, "1.0"),
        ("mmvet_judge", "1.5", 0.0, None),
        ("mmvet_judge", "nan", 0.0, None),
        ("mmvet_judge", "", 0.0, None),
        ("llavaw_judge", "8 7\nThe second", 0.7, "8.0 7.0"),
        ("llavaw_judge", "8.5,9", 0.9, "8.5 9.0"),
        ("llavaw_judge", "8, 9", 0.0, None),
        ("llavaw_judge", "8 9 ", 0.0, None),
        ("llavaw_judge", "Assistant 1: 8", 0.0, None),
        ("mmvp_judge", "YES", 1.0, "yes"),
        ("mmvp_judge", "no", 0.0, "no"),
        ("mmvp_judge", "Yes.", 0.0, None),
    ],
)
def test_what_is_read_of_a_judges_reply(rule: str, reply: str, value: float, read: str | None) -> None:
    found = SCORERS.load(rule).read(reply, TWO)
    assert math.isclose(found.value, value) and found.answer == read


OFFICIAL = {name for name in SCORERS if ".official." in f"{SCORERS.load(name).__module__}."} - {"lmms_task"}
MEANT_FOR = {
    "mme_": YES,
    "gsm8k_": NUMBER,
    "chartqa_": TEN,
    "mathvista_": CHOICE,
    "": FOUR,
}
PIECES = (
    "A",
    "b",
    "(C)",
    ".",
    "yes",
    "no",
    "The answer is ",
    "10",
    "%",
    ",",
    "$",
    " ",
    "\n",
    "red",
    "####",
    "nan",
)


@pytest.mark.parametrize("rule", sorted(OFFICIAL))
@settings(max_examples=25)
@given(reply=st.text() | st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_reply_gets_one_score_between_0_and_1(rule: str, reply: str) -> None:
    sample = next(sample for start, sample in MEANT_FOR.items() if rule.startswith(start))
    rule_itself = SCORERS.load(rule)
    grade = getattr(rule_itself, "read", rule_itself)
    found = grade(reply, sample)
    assert isinstance(found, Score) and 0.0 <= found.value <= 1.0
    assert found == grade(reply, sample)


@pytest.mark.parametrize("rule", sorted(OFFICIAL))
@pytest.mark.parametrize(
    "text", ["\n" * 5000, "A. " * 5000, "The answer is A" * 3000, "1," * 9000, "(" * 9000]
)
def test_a_hostile_reply_takes_no_time(rule: str, text: str) -> None:
    sample = next(sample for start, sample in MEANT_FOR.items() if rule.startswith(start))
    grade, start = SCORERS.load(rule), process_time()
    getattr(grade, "read", grade)(text, sample)
    assert process_time() - start < 2


@pytest.mark.parametrize(
    "said",
    ["answer", "correct answer", "best answer", "correct option", "best option", "choice", "correct choice"],
)
def test_the_last_phrase_of_lmms_eval_that_names_a_letter_counts(said: str) -> None:
    reply = f"{said.split()[-1]} is A, B or C: I mean the {said} is A after all"
    assert SCORERS.load("mmstar_lmms")(reply, FOUR).answer == "A"
