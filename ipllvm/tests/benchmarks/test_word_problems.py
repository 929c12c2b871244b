import re
from collections import Counter

from ipllvm.benchmarks import word_problems
from ipllvm.sampling import generator
from ipllvm.scorers.numeric import score
from ipllvm.zoo import corpus

EQUATION = re.compile(r"^(\d+) ([+-]) (\d+) = (\d+)\.$")
NUMBERS = re.compile(r"\d+")


def test_solutions_are_right() -> None:
    for index in range(300):
        problem = word_problems.problem(generator("test", index))
        match = EQUATION.match(problem.solution)
        assert match is not None
        a, b, result = int(match[1]), int(match[3]), int(match[4])
        assert result == problem.result == (a + b if match[2] == "+" else a - b)
        assert [int(n) for n in NUMBERS.findall(problem.question)] == [a, b]
        assert 0 < problem.result <= 20


def test_the_worked_answer_scores() -> None:
    for sample in word_problems.benchmark().samples[:50]:
        assert score(f"The answer is {sample.answer}.", sample).value == 1
        assert sample.prompt.count("The answer is ") == word_problems.SHOTS
        assert sample.images == () and sample.prompt.endswith("\nA:")


def test_fixed_by_seed_and_index() -> None:
    first, again, other = (word_problems.benchmark(seed) for seed in (0, 0, 1))
    assert first == again
    assert first.digest != other.digest
    assert len({sample.prompt for sample in first.samples}) == len(first.samples)


def test_the_kinds_are_even_and_no_answer_stands_out() -> None:
    samples = word_problems.benchmark().samples
    kinds = Counter(sample.kind for sample in samples)
    assert 0.4 < kinds["addition"] / len(samples) < 0.6
    assert Counter(sample.answer for sample in samples).most_common(1)[0][1] / len(samples) < 0.12


def test_prompts_are_like_those_of_the_language_model_and_not_among_them() -> None:
    trained = {corpus.two_shot(generator("text", 0, index))[0] for index in range(0, 8000, 4)}
    mine = word_problems.benchmark().samples
    assert not trained & {sample.prompt for sample in mine}
    words = {word for prompt in trained for word in re.findall(r"[A-Za-z]+", prompt)}
    assert {word for sample in mine for word in re.findall(r"[A-Za-z]+", sample.prompt)} <= words
