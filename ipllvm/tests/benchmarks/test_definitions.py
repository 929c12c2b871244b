"""What holds for every published benchmark that is defined, on a few rows in its columns."""

import pytest

from ipllvm.benchmarks import choice
from ipllvm.benchmarks.definition import OWN_RULE, Definition, published
from ipllvm.benchmarks.names import ALIASES, PAPER, STANDARD
from ipllvm.errors import BenchmarkUnavailable, UnknownName
from ipllvm.registry import BENCHMARKS, SCORERS, TOTALS
from ipllvm.tests.benchmarks.published import rows

DEFINED = [name for name in BENCHMARKS if isinstance(BENCHMARKS.load(name), Definition)]
PROMPTS = {
    (
        "qbench",
        STANDARD,
    ): "How sharp is the kettle?\nA. Blurry\nB. Sharp\nC. Medium\nAnswer with the option's letter "
    "from the given choices directly.\n",
    ("mme", STANDARD): "Is there a whisk?\nAnswer the question using a single word or phrase.",
    (
        "mmstar",
        STANDARD,
    ): "Which tool hangs left?\nOptions: A: saw, B: axe, C: rake, D: none\nAnswer with the option's "
    "letter from the given choices directly",
    ("mmvet", PAPER): "What is x in the note?",
    (
        "scienceqa",
        STANDARD,
    ): "Context: Two jars hang there.\nWhich jar is heavier?\nA. jar A\nB. jar B\nC. neither\n"
    "Answer with the option's letter from the given choices directly.",
    ("scienceqa", PAPER): "Two jars hang there.\nWhich jar is heavier?\nA. jar A\nB. jar B\nC. neither\n"
    "Answer with the option's letter from the given choices directly.",
    ("chartqa", STANDARD): "How many made-up bars are blue?\nAnswer the question with a single word.",
    (
        "chartqa",
        PAPER,
    ): "What did the made-up mill sell in 2012?\nAnswer the question using a single word or phrase.",
    ("ai2d", PAPER): "What eats the made-up beetle?\nA. Owl B. Moss C. Fish D. Fox\n"
    "Answer with the option's letter from the given choices directly.",
    ("mmvp", PAPER): "Is the made-up gate open? (a) Open (b) Closed",
}


@pytest.mark.parametrize("name", DEFINED)
def test_it_has_both_protocols_and_rules_that_exist(name: str) -> None:
    found = published(name)
    assert found.name == name and set(found.protocols) == {STANDARD, PAPER}
    assert {asked.rule for asked in found.protocols.values()} <= set(found.rules)
    assert set(found.rules.values()) <= set(SCORERS) and {found.total, *found.totals.values()} <= set(TOTALS)
    assert found.size > 0 and found.licence and found.title and set(found.totals) <= set(found.rules)
    assert all(asked.max_new_tokens > 0 and asked.after for asked in found.protocols.values())


@pytest.mark.parametrize("protocol", [STANDARD, PAPER])
@pytest.mark.parametrize("name", DEFINED)
def test_rows_become_samples(name: str, protocol: str) -> None:
    found = published(name)
    placed = list(found.samples(rows(name), protocol))
    ids = [sample.id for _, sample in placed]
    assert placed and len(set(ids)) == len(ids) and all(id.replace("-", "").isalnum() for id in ids)
    assert all(sample.prompt and sample.answer and sample.cluster for _, sample in placed)
    shown = {axis for _, sample in placed for axis, _ in sample.labels}
    assert set(found.axes) <= shown
    assert placed == list(found.samples(rows(name), protocol))


@pytest.mark.parametrize("name", [n for n in DEFINED if OWN_RULE in published(n).rules])
def test_the_answer_is_right_in_the_projects_own_reading(name: str) -> None:
    grade = SCORERS.load(published(name).scorer(OWN_RULE))
    assert all(grade(sample.answer, sample).value == 1 for _, sample in published(name).samples(rows(name)))


@pytest.mark.parametrize(("name", "protocol"), PROMPTS)
def test_the_first_prompt_is_worded_as_its_harness_does(name: str, protocol: str) -> None:
    assert next(published(name).samples(rows(name), protocol))[1].prompt == PROMPTS[name, protocol]


@pytest.mark.parametrize("name", DEFINED)
def test_a_row_without_a_column_says_its_number_and_which(name: str) -> None:
    good = rows(name)
    first = next(published(name).samples(good))[0]
    needed = 0
    for column in good[first]:
        bad = [
            {k: v for k, v in row.items() if k != column} if n == first else row for n, row in enumerate(good)
        ]
        try:
            list(published(name).samples(bad))
        except BenchmarkUnavailable as error:
            needed += 1
            assert f"'{name}': row {first + 1}, column '{column}': there is no such column" in str(error)
            assert "\n" not in str(error)
    assert needed >= 1


def test_the_papers_charts_are_asked_one_question_of_the_machines_half() -> None:
    placed = list(published("chartqa").samples(rows("chartqa"), PAPER))
    assert [index for index, _ in placed] == [2, 4]


def test_a_chart_without_a_name_is_told() -> None:
    bare = [{k: v for k, v in row.items() if k != "imgname"} for row in rows("chartqa")]
    with pytest.raises(BenchmarkUnavailable, match="row 3 names no chart"):
        list(published("chartqa").samples(bare, PAPER))


def test_questions_on_videos_are_left_out() -> None:
    assert [index for index, _ in published("seed").samples(rows("seed"))] == [0, 1]


def test_mmvps_swapped_labels_are_as_the_protocol_says() -> None:
    row = {**rows("mmvp")[0], "Index": 99}
    answers = [next(published("mmvp").samples([row], name))[1].answer for name in (STANDARD, PAPER)]
    assert answers == ["B", "A"]


def test_other_names_lead_to_the_same() -> None:
    assert {published(other).name for other in ALIASES} <= set(DEFINED)
    assert not set(ALIASES) & set(BENCHMARKS)
    assert choice.check("seedbench@paper") == "seed@paper"


def test_what_is_not_published_is_told() -> None:
    with pytest.raises(UnknownName, match="unknown published benchmark 'scenes'"):
        published("scenes")


@pytest.mark.parametrize("name", ["mmvet", "llavaw", "mme", "mmstar", "mathvista", "ai2d", "gsm8k"])
def test_a_blank_question_is_not_asked(name: str) -> None:
    column = "query" if name == "mathvista" else "question"
    given = [*rows(name), {**rows(name)[-1], column: " "}]
    for protocol in published(name).protocols:
        with pytest.raises(BenchmarkUnavailable, match=rf"row {len(given)}, column '{column}': it is blank"):
            list(published(name).samples(given, protocol))


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("Hint: Answer with A, B, C or D.\nQuestion: How long?\nChoices:\n(A) 9 m\n(B) 4, 5\n(C) 1\n(D) (B)",
         ("9 m", "4, 5", "1", "(B)")),
        ("Who?\nOptions: A: Ann, B: Ben", ("Ann", "Ben")),
        ("Who?\nOptions:\nA. Ann\nB. Ben\nC. Cy\nD. Di", ("Ann", "Ben", "Cy", "Di")),
        ("Who?\nOptions: A) Ann; B) Ben; C) Cy", ("Ann", "Ben", "Cy")),
        ("Options: A: no.\nOptions: A: Ann: a, B: B, C: Cy, A: a, D: Di", ("Ann: a", "B", "Cy, A: a", "Di")),
        ("Who?", ("",) * 4),
        ("Who?\nOptions: A: Ann, B: , C: Cy", ("",) * 4),
        ("Who?\nOptions: B: Ben, A: Ann", ("",) * 4),
    ],
)  # fmt: skip
def test_mmstars_options_are_read_in_the_forms_that_its_sources_have(
    question: str, options: tuple[str, ...]
) -> None:
    row = {**rows("mmstar")[0], "question": question, "answer": "B"}
    assert next(published("mmstar").samples([row]))[1].choices == options


def test_an_answer_behind_the_options_that_were_read_is_one_of_four_blanks() -> None:
    row = {**rows("mmstar")[0], "question": "Who?\nOptions: A: Ann, B: Ben", "answer": "D"}
    assert next(published("mmstar").samples([row]))[1].choices == ("",) * 4
