"""Laws of the store: files in any order are one, merged or not; rows come back, none in place of another."""

import math
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.engine.context import Context, key
from ipllvm.engine.store import maintenance
from ipllvm.engine.store.integrity import Verified, disagreements, verify
from ipllvm.engine.store.outcome_row import answer, checksum, names, plain, response, storable
from ipllvm.engine.store.outcomes import Store, forgetful
from ipllvm.errors import UnknownName, UsageError
from ipllvm.records import Response, Trial
from ipllvm.tests.engine.outcomes import BASE, context, trials

Batch = dict[Trial, Response]
ALL = trials(12)


def written(folder: Path, *batches: Batch, **changes: Any) -> None:
    """Each by a process of its own."""
    for batch in batches:
        store = Store(folder)
        store.view(context(**changes)).update(batch)
        store.close()


def drawn(seed: int, files: int = 4) -> list[Batch]:
    """Answers that a few processes gave, most of them the same."""
    rng = random.Random(seed)
    return [
        {
            trial: Response(rng.choice("aaab"), (len(trial.sample),))
            for trial in rng.sample(ALL, rng.randint(1, 9))
        }
        for _ in range(files)
    ]


def agreed(batches: list[Batch]) -> Batch:
    """What nobody answered differently."""
    said = {trial: {batch[trial].text for batch in batches if trial in batch} for trial in ALL}
    whole = {trial: found for batch in batches for trial, found in batch.items()}
    return {trial: found for trial, found in whole.items() if len(said[trial]) == 1}


def seen(folder: Path, **changes: Any) -> Batch:
    store = Store(folder)
    try:
        return dict(store.view(context(**changes)))
    finally:
        store.close()


@pytest.mark.parametrize("seed", range(3))
def test_what_is_read_is_what_nobody_answered_differently_in_any_order_of_files(
    seed: int, tmp_path: Path
) -> None:
    batches = drawn(seed)
    expected = agreed(batches)
    assert 0 < len(expected) < len({trial for batch in batches for trial in batch}), "some disagree"
    for order, turned in enumerate((batches, batches[::-1])):
        written(tmp_path / str(order), *turned)
        assert seen(tmp_path / str(order)) == expected


@pytest.mark.parametrize("at_once", [2, 3, 200])
@pytest.mark.parametrize("seed", range(2))
def test_a_merged_folder_says_what_its_files_said(
    at_once: int, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are merged at once: what two disagree on is not taken from a third."""
    monkeypatch.setattr(maintenance, "AT_ONCE", at_once)
    batches = drawn(seed)
    written(tmp_path, *batches)
    merged = maintenance.merge(tmp_path)
    assert seen(tmp_path) == agreed(batches)
    assert (merged.sources, merged.outcomes) == (len(batches), len(agreed(batches)))
    (file,) = maintenance.files(tmp_path)
    assert verify(file) == Verified()
    found = maintenance.content(file)
    assert found.outcomes == Counter({context(): len(agreed(batches))}) and not found.problem
    assert maintenance.merge(tmp_path) == maintenance.Merged(None, 0, 0, ())


def test_what_two_files_disagree_on_is_not_taken_from_a_third(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whatever round of a merge that one comes: as where all are read at once."""
    monkeypatch.setattr(maintenance, "AT_ONCE", 2)
    trial, other = ALL[0], ALL[-1]
    written(tmp_path, *({trial: Response(word), other: Response("c")} for word in "aba"))
    assert seen(tmp_path) == {other: Response("c")}
    assert maintenance.merge(tmp_path).outcomes == 1
    assert seen(tmp_path) == {other: Response("c")}


def test_what_was_left_out_may_be_measured_again(tmp_path: Path) -> None:
    trial, other = ALL[0], ALL[-1]
    written(tmp_path, {trial: Response("a")}, {trial: Response("b"), other: Response("c")})
    maintenance.merge(tmp_path)
    written(tmp_path, {trial: Response("b")})
    assert seen(tmp_path) == {trial: Response("b"), other: Response("c")}


def test_contexts_are_apart_in_one_folder_and_after_a_merge(tmp_path: Path) -> None:
    every: list[dict[str, Any]] = [{}, {"dtype": "bfloat16"}, {"replicate": 1}, {"engine": 0}]
    for number, changes in enumerate(every):
        written(tmp_path, {ALL[0]: Response(str(number))}, **changes)
    maintenance.merge(tmp_path)
    asked: list[dict[str, Any]] = [{}, {"dtype": "bfloat16"}, {"engine": 0}]
    assert [seen(tmp_path, **changes)[ALL[0]].text for changes in asked] == ["0", "1", "3"]
    assert seen(tmp_path, torch="9") == {}


def test_two_files_that_disagree_are_named_with_the_first_sample(tmp_path: Path) -> None:
    same, other = ALL[0], ALL[5]
    written(
        tmp_path, {same: Response("a"), other: Response("b")}, {same: Response("a"), other: Response("c")}
    )
    one, two = maintenance.files(tmp_path)
    (line,) = disagreements([one, two])
    assert line == (
        f"{one.name} and {two.name} disagree on 1 outcomes, the first of sample {other.sample}: neither is "
        "used; remove the file that is wrong"
    )
    assert disagreements([one]) == disagreements([]) == []


def test_a_folder_without_files_is_empty_and_stays_so(tmp_path: Path) -> None:
    assert maintenance.files(tmp_path / "none") == [] and seen(tmp_path / "none") == {}
    assert not (tmp_path / "none").exists()


def test_in_memory_every_context_has_its_own(tmp_path: Path) -> None:
    view = forgetful()
    view(context())[ALL[0]] = Response("a")
    assert view(context(model_name="another name")) == {ALL[0]: Response("a")}, "names are for readers"
    assert view(context(dtype="float16")) == {} and forgetful()(context()) == {}


TEXTS = st.text(max_size=20)
NUMBERS = st.lists(st.integers(-(2**40), 2**40), max_size=5).map(tuple)
SHARES = st.lists(st.floats(allow_nan=False), max_size=4).map(tuple)


@settings(deadline=None, max_examples=60)
@given(TEXTS, NUMBERS, SHARES, st.floats(0, 2e9))
def test_an_answer_comes_back_from_its_columns(
    text: str, tokens: tuple[int, ...], options: tuple[float, ...], created: float
) -> None:
    """Lone surrogates too, as a broken tokenizer says them."""
    for words in (text, f"{text}\ud800"):
        _, *cells, _ = answer(b"k", created, Response(words, tokens, None, options))
        assert response(*cells) == Response(words, tokens, None, options)  # type: ignore[arg-type]
        assert plain(storable(words)) == words


def test_no_cell_of_a_row_can_change_without_its_checksum() -> None:
    row = (b"key", 1.5, "red", "[5,6]", "[]")
    others = [
        (b"kez", *row[1:]),
        (row[0], 1.25, *row[2:]),
        (*row[:2], "rEd", *row[3:]),
        (*row[:3], "[5,7]", "[]"),
    ]
    others += [(*row[:4], "[0.5]"), (row[0], 1.5, "", "[5,6]", "[]"), (*row[:3], "[5]", "[6]")]
    sums = [checksum(*each) for each in (row, *others)]
    assert len(set(sums)) == len(sums)
    assert checksum(b"key", 1.5, b"red", "[5,6]", "[]") == sums[0], "as text or as its bytes"


@pytest.mark.parametrize(
    "cell",
    ["", "5", "{}", "[[1]]", '["1"]', "[true]", "[null]", "[1", "[1]]", "[" * 99 + "]" * 99, f"[{'1' * 41}]"],
)
def test_what_is_no_list_of_numbers_is_refused(cell: str) -> None:
    with pytest.raises(ValueError):
        response("a", cell, "[]")
    with pytest.raises(ValueError):
        response("a", "[]", cell)


def test_likelihoods_without_end_come_back() -> None:
    _, *cells, _ = answer(b"k", 0.0, Response("a", (), None, (-math.inf, 0.5)))
    assert response(*cells).options == (-math.inf, 0.5)  # type: ignore[arg-type]


SEEDS = st.integers(0, 2**128)
TRIALS = st.builds(Trial, TEXTS, TEXTS, st.integers(0, 99), SEEDS)


@settings(deadline=None, max_examples=80)
@given(TRIALS, TRIALS)
def test_trials_have_one_key_and_no_two_the_same(one: Trial, other: Trial) -> None:
    digest = BASE.digest()
    assert (key(digest, one) == key(digest, other)) is (one == other)
    assert len(key(digest, one)) == 16 and key(replace(BASE, dtype="x").digest(), one) != key(digest, one)
    sample, perturbation, draw, seed = names(one)
    assert Trial(plain(sample), plain(perturbation), int(draw), int(seed)) == one  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "b|c"), ("a|b", "c")),
        (('a"', "b"), ("a", '"b')),
        (("a", ""), ("", "a")),
        (("\ud800", "x"), ("?", "x")),
    ],
)
def test_what_looks_alike_when_joined_is_apart(one: tuple[str, str], other: tuple[str, str]) -> None:
    first, second = (Trial(*each, 0) for each in (one, other))
    assert key(BASE.digest(), first) != key(BASE.digest(), second)


def test_a_context_comes_back_from_its_row_and_refuses_what_it_does_not_know() -> None:
    assert Context.from_row(BASE.as_row()) == BASE
    with pytest.raises(TypeError):
        Context.from_row({**BASE.as_row(), "moon": 1})
    with pytest.raises(UnknownName, match=r"^unknown answer mode 'likelyhood': did you mean 'likelihood'\?"):
        context(answer="likelyhood")
    with pytest.raises(UsageError, match=r"^replicate -1: give 0 or more$"):
        context(replicate=-1)
