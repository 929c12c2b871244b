from ipllvm.metrics.stock_answers import free_numbers, share, yes_or_no
from ipllvm.records import Sample


def _sample(id: str, answer: str) -> Sample:
    return Sample(id, f"c{id}", (), "?", answer)


SAMPLES = (
    _sample("a", "1"),
    _sample("b", "37"),
    _sample("c", "yes"),
    _sample("d", "No"),
    _sample("e", "red"),
)
SAID = {"a": "1", "b": " 1.", "c": "No", "d": "no.", "e": "1"}


def test_only_the_questions_in_question_are_counted() -> None:
    assert free_numbers(SAMPLES) == {"a", "b"}
    assert yes_or_no(SAMPLES) == {"c", "d"}
    ones = share(SAID, SAMPLES, "1", among=free_numbers(SAMPLES))
    assert ones.values.tolist() == [1.0, 1.0]
    assert ones.samples == ("a", "b")
    assert ones.clusters == ("ca", "cb")
    noes = share(SAID, SAMPLES, "no", among=yes_or_no(SAMPLES))
    assert noes.values.tolist() == [1.0, 1.0]


def test_what_was_not_answered_is_left_out() -> None:
    assert share({"a": "1"}, SAMPLES, "1", among=free_numbers(SAMPLES)).samples == ("a",)
    assert len(share({}, SAMPLES, "1", among=frozenset()).values) == 0
