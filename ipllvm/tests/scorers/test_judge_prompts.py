"""Published prompts: found by their hash wherever they are, filled in as their scripts do, else our own."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ipllvm.errors import NotMeasured
from ipllvm.records import Judge, Sample, Score
from ipllvm.scorers import judge_prompts
from ipllvm.scorers.judge import LABEL, JudgedScorer
from ipllvm.scorers.judge_prompts import OFFICIAL, OfficialPrompt
from ipllvm.scorers.official import llavaw, mathvista, mmvet, mmvp

TEXT = "Grade this.\nOne | two\n"
SAMPLE = Sample("s", "c", (), "How many?", "1<AND>2", labels=(("caption", "A cat.\nA dog."),))


def official(text: str = TEXT, harnesses: tuple[str, ...] = ()) -> OfficialPrompt:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return OfficialPrompt("toy", digest, "org/toy", "c0ffee", "scripts/grade.py", harnesses)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("IPLLVM_DATA", str(tmp_path))
    judge_prompts._find.cache_clear()
    (tmp_path / "prompts").mkdir()
    yield tmp_path / "prompts"
    judge_prompts._find.cache_clear()


def test_without_the_published_one_our_own_serves_and_says_so() -> None:
    found = judge_prompts.find(official(), "Our own.")
    digest = hashlib.sha256(b"Our own.").hexdigest()[:12]
    assert (found.text, str(found)) == ("Our own.", f"ipllvm's own, sha256 {digest}")


@pytest.mark.parametrize(
    "form", ["name = {!r}\nprint(name)", "def f():\n    return ({!r} + str(1))", "[{!r}]"]
)
def test_the_published_one_is_found_by_its_hash_in_a_script(place: Path, form: str) -> None:
    (place / "toy-grade.py").write_text("import os\nos.abort()\n" + form.format(TEXT))
    found = judge_prompts.find(official(), "Our own.")
    assert (found.text, found.source) == (TEXT, "official (org/toy)")


def test_and_in_a_table(place: Path) -> None:
    wanted = replace(official(), path="table/rule.json")
    (place / "toy-rule.json").write_text(json.dumps({"a": ["b", {"prompt": TEXT}]}))
    assert judge_prompts.find(wanted, "Our own.").text == TEXT


@pytest.mark.parametrize("content", [f"x = {TEXT[:-1]!r}", "x = (", "\x00", "[" * 900, "\xff"])
def test_another_wording_and_what_is_no_script_are_not_it(place: Path, content: str) -> None:
    (place / "toy-grade.py").write_bytes(content.encode("latin-1"))
    assert judge_prompts.find(official(), "Our own.").source == "ipllvm's own"


def test_an_installed_harness_is_read_and_not_imported(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "toy_harness"
    (package / "tasks").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    (package / "tasks" / "grade.py").write_text(f"prompt = {TEXT!r}")
    monkeypatch.syspath_prepend(tmp_path)
    wanted = official(harnesses=("no_such_package_at_all/x.py", "toy_harness/tasks/grade.py"))
    assert judge_prompts.find(wanted, "Our own.").text == TEXT


@pytest.mark.parametrize("name", OFFICIAL)
def test_addresses_are_pinned_to_a_commit(name: str) -> None:
    found = OFFICIAL[name]
    assert len(found.commit) == 40 and len(found.sha256) == 64
    assert found.url == f"https://raw.githubusercontent.com/{found.repository}/{found.commit}/{found.path}"


def test_mmvets_table_is_filled_in_as_its_script_does() -> None:
    first, again, third = (mmvet.judge.question("three", SAMPLE, attempt) for attempt in range(3))
    assert first.prompt == f"{mmvet.OWN}\nHow many? | 1 <AND> 2 | three | "
    assert again.prompt == f"{first.prompt}\nPredict the correctness of the answer (digit): "
    assert [each.temperature for each in (first, again, third)] == [0.0, 0.0, 0.5]
    assert (first.max_tokens, first.system) == (3, "")


def test_llava_benchs_seven_blocks() -> None:
    asked = llavaw.judge.question("three", SAMPLE)
    assert asked.prompt == (
        "[Context]\nA cat.\nA dog.\n\n[Question]\nHow many?\n\n"
        "[Assistant 1]\n1<AND>2\n\n[End of Assistant 1]\n\n"
        f"[Assistant 2]\nthree\n\n[End of Assistant 2]\n\n[System]\n{llavaw.OWN}\n\n"
    )
    assert asked.system == "You are a helpful and precise assistant for checking the quality of the answer."
    assert (asked.max_tokens, asked.temperature) == (1024, 0.2)


def test_mathvista_asks_only_for_what_is_no_bare_answer() -> None:
    sample = replace(SAMPLE, labels=(("answer_type", "integer"),), answer="4")
    assert mathvista.published.question("4", sample) is None
    asked = mathvista.published.question("It is four.", sample)
    assert asked is not None
    assert asked.prompt == f"{mathvista.OWN.strip()}\n\nHow many?\n\nIt is four.\n\nExtracted answer: "
    assert (asked.max_tokens, asked.temperature, asked.system) == (256, 0.0, "")


def test_mmvps_and_emts_questions() -> None:
    sample = replace(SAMPLE, answer="A")
    asked = mmvp.judge.question("Open", sample)
    assert "Given the following question How many?, the correct answer is (a). " in asked.prompt
    assert asked.prompt.endswith(" answer:Open?") and asked.system.endswith(
        "Please answer in only yes or no."
    )
    assert LABEL.question("a cat", sample).prompt.endswith("Label: A, Prediction: a cat")


class Scripted:
    """Gives its replies one after another."""

    identity = "scripted"

    def __init__(self, *replies: str) -> None:
        self.left = list(replies)

    def ask(self, prompt: str) -> str:
        if not self.left:
            raise NotMeasured("no more")
        return self.left.pop(0)


def graded(judge: Judge, rule: object, text: str, sample: Sample) -> Score:
    assert isinstance(rule, mmvet.MmVetJudge | llavaw.LlavaBenchJudge | mathvista.Official)
    return JudgedScorer(rule, judge)(text, sample)


def test_mmvet_is_asked_again_until_there_is_a_grade_and_never_gets_0_for_none() -> None:
    judge = Scripted("good", "1.5", "0.4")
    assert graded(judge, mmvet.judge, "three", SAMPLE) == Score(0.4, "0.4", "judge: '0.4'")
    assert judge.left == []
    judge = Scripted(*["good"] * 9)
    with pytest.raises(NotMeasured, match="can't be read: 'good'"):
        graded(judge, mmvet.judge, "three", SAMPLE)
    assert len(judge.left) == 9 - mmvet.judge.attempts
    with pytest.raises(NotMeasured, match="no more"):
        graded(Scripted("good"), mmvet.judge, "three", SAMPLE)


@pytest.mark.parametrize("reply", ["", "I can't.", "8/10 7/10", "8"])
def test_a_review_without_two_numbers_is_an_error(reply: str) -> None:
    with pytest.raises(NotMeasured, match="can't be read"):
        graded(Scripted(reply), llavaw.judge, "three", SAMPLE)


def test_mathvistas_extraction_is_scored_and_an_empty_one_is_an_error() -> None:
    sample = replace(SAMPLE, labels=(("answer_type", "integer"),), answer="4")
    assert graded(Scripted(" 4\n"), mathvista.published, "It is four.", sample).value == 1.0
    assert graded(Scripted("four"), mathvista.published, "It is four.", sample) == Score(
        0.0, None, "judge: 'four'"
    )
    assert graded(Scripted(), mathvista.published, "4", sample).value == 1.0
    with pytest.raises(NotMeasured, match="can't be read: ''"):
        graded(Scripted(""), mathvista.published, "It is four.", sample)
