"""A judged score beside what people say of some of its answers."""

import numpy as np
import pytest

from ipllvm.metrics.performance_drop import score
from ipllvm.records import Label, Scores
from ipllvm.stats.ppi import corrected
from ipllvm.verdicts import labelled

IDS = tuple(f"s{i}" for i in range(120))
CLUSTERS = tuple(f"c{i // 2}" for i in range(120))
JUDGE = (np.random.default_rng(0).random(120) < 0.7).astype(float)
PEOPLE = {name: float(i % 3 > 0) for i, name in enumerate(IDS[:40])}
LABELS = {name: Label("so", value) for name, value in PEOPLE.items()}
ANSWERS = dict.fromkeys(IDS, "so")


def scores(errors: int = 0) -> Scores:
    values = JUDGE[:, None].copy()
    values[120 - errors :] = np.nan
    return Scores("clean", IDS, CLUSTERS, values, dict.fromkeys(IDS[120 - errors :], "Error"))


def test_the_estimate_is_the_correction_in_points() -> None:
    made = labelled.estimate("clean", scores(errors=4), LABELS, ANSWERS, seed=3)
    found = corrected(score(scores(errors=4)), PEOPLE)
    assert made is not None and found is not None
    numbers = (made.value, made.low, made.high, made.extra["judge_off"])
    assert numbers == pytest.approx(
        tuple(100 * each for each in (found.mean, found.low, found.high, found.off))
    )
    assert (made.name, made.unit, made.n, made.clusters, made.draws) == (
        "clean_labelled",
        "points",
        116,
        58,
        1,
    )
    assert (made.n_error, made.seed, made.extra["labels"], made.extra["judge_weight"]) == (
        4,
        3,
        40,
        found.trust,
    )
    told = f"put right by 40 labels (PPI++, the judge weighs {found.trust:.2f})"
    assert made.method == f"{told}; worst case for missing samples"
    whole = labelled.estimate("clean", scores(), LABELS, ANSWERS)
    assert whole is not None and "missing" not in whole.method


@pytest.mark.parametrize(
    ("names", "labels", "expected"),
    [(["clean"], 40, ["clean_labelled"]), (["clean", "blank"], 40, ["clean_labelled"]), (["blank"], 40, []),
     (["clean"], 0, []), (["clean"], 20, ["clean_labelled"])],
)  # fmt: skip
def test_only_a_clean_score_with_labels_enough_is_put_right(
    names: list[str], labels: int, expected: list[str]
) -> None:
    known = dict(list(LABELS.items())[:labels])
    found = labelled.beside({name: scores() for name in names}, known, ANSWERS)
    assert list(found) == expected == [each.name for each in found.values()]
