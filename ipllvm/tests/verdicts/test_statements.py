"""What a run says over benchmarks and over models, on contrasts whose truth is known."""

import json
from dataclasses import asdict, replace

import execnet
import numpy as np
import pytest

from ipllvm import claims
from ipllvm.benchmarks import names
from ipllvm.metrics.performance_drop import performance_drop, score
from ipllvm.models.encoder_kinds import CNNS, VITS
from ipllvm.models.parts import ENCODER_TYPES, TIMM
from ipllvm.records import BenchmarkInfo, Contrast, Decision, Scores
from ipllvm.registry import BENCHMARKS
from ipllvm.reporting import html, markdown, schema, terminal
from ipllvm.reporting.report import build
from ipllvm.reporting.schema import row as as_row
from ipllvm.reporting.wording import stated
from ipllvm.tests.reporting import reports
from ipllvm.verdicts import statements
from ipllvm.verdicts.guard import NOT_SHOWN, conditions
from ipllvm.verdicts.statements import Row

CLAIMS = claims.load()


def contrast(mean: float, n: int = 400, seed: int = 0) -> Contrast:
    """Differences of -1, 0 and 1 with about this mean; one sample a cluster."""
    values = (np.random.default_rng(seed).random(n) < abs(mean)) * float(np.sign(mean))
    ids = tuple(f"s{i}" for i in range(n))
    return Contrast("drop", values, ids, samples=ids)


def said(name: str, benchmark: str, mean: float, model: str = "m", gain: float = 0.5) -> Row:
    claim = CLAIMS[{"permutation_invariance": "permutation"}.get(name, name)]
    return Row(name, model, "llava", benchmark, claim, {}, {"claim": contrast(mean), "gain": contrast(gain)})


def scores(accuracy: float, n: int = 400) -> Scores:
    ids = tuple(f"s{i}" for i in range(n))
    values = (np.random.default_rng(1).permutation(n) < accuracy * n).astype(float)
    return Scores("p", ids, ids, values[:, None])


def occluded(model: str, family: str, kept: float, clean: float = 0.9) -> Row:
    parts = {"area": score(scores(clean * kept)), "clean": score(scores(clean))}
    return Row("occlusion", model, family, "objects", CLAIMS["occlusion"], {}, parts)


@pytest.mark.parametrize(
    ("drops", "decision"),
    [((0.0, 0.0, 0.0), Decision.HOLDS), ((0.2, 0.3, 0.0), Decision.VIOLATED), ((0.02, 0.02), "UNDECIDED")],
)
def test_the_mean_over_benchmarks(drops: tuple[float, ...], decision: str) -> None:
    rows = [said("permutation_invariance", f"b{i}", drop) for i, drop in enumerate(drops)]
    (found,) = statements.of(rows)
    assert (found.name, found.decision, found.kind) == ("mean_over_benchmarks", decision, "requirement")
    means = [float(row.contrasts["claim"].values.mean()) for row in rows]
    assert found.value == pytest.approx(100 * sum(means) / len(means))
    assert found.low is not None and found.high is not None and found.low <= (found.value or 0) <= found.high
    (sentence,) = stated({"statements": [asdict(found)]})
    assert sentence.count("[") == 1 and sentence.endswith(f"{rows[0].claim.words}")


def test_the_mean_needs_two_benchmarks_that_have_something_to_lose() -> None:
    one = said("permutation_invariance", "a", 0.0)
    assert statements.of([one, said("image_use", "b", 0.5)]) == []
    (found,) = statements.of([one, said("permutation_invariance", "b", 0.0, gain=0.0)])
    assert (found.decision, found.reason) == (Decision.UNDECIDED, f"{NOT_SHOWN} on b")


@pytest.mark.parametrize("gain", [0.042, 0.05, 0.1])
def test_what_a_benchmark_has_to_lose_is_in_the_p_value_of_the_mean(gain: float) -> None:
    """Shown at the claim's own level: else the mean would be surer than the rows that it is made of."""
    claim = CLAIMS["permutation"]
    rows = [said("permutation_invariance", name, 0.0, gain=gain) for name in "ab"]
    (found,) = statements.of(rows)
    (condition,) = conditions(contrast(0.0), claim, contrast(gain))
    assert found.p is not None and found.p >= condition.p
    strict = [replace(each, claim=replace(claim, alpha=condition.p / 2)) for each in rows]
    (found,) = statements.of(strict)
    assert found.decision is Decision.UNDECIDED and found.reason == f"{NOT_SHOWN} on a, b"


@pytest.mark.parametrize(
    ("rich", "plain", "decision"),
    [(0.6, 0.1, Decision.HOLDS), (0.1, 0.6, Decision.VIOLATED), (0.3, 0.3, Decision.UNDECIDED)],
)
def test_text_rich_against_plain(rich: float, plain: float, decision: Decision) -> None:
    names = {"charts": rich, "scenes": plain, "easyvqa": plain}
    (found,) = statements.of([said("patch_shuffle", name, mean) for name, mean in names.items()])
    assert (found.name, found.decision, found.kind) == ("text_rich", decision, "observation")
    assert found.benchmarks == ("charts", "scenes", "easyvqa")
    assert statements.of([said("patch_shuffle", "scenes", plain)]) == []


@pytest.mark.parametrize(
    "name", ["receipts.jsonl", "lmms:docvqa_val", "hub:o/receipts", "mme", "seed@paper", "mmvet"]
)
def test_pictures_that_nobody_knows_to_be_plain_are_of_neither_side(name: str) -> None:
    """Own pictures may be receipts; some of MME's and SEED's hold text and some do not."""
    rows = [said("patch_shuffle", "charts", 0.6), said("patch_shuffle", name, 0.1)]
    assert statements.of(rows) == []
    (found,) = statements.of([*rows, said("patch_shuffle", "scenes-tall", 0.1)])
    assert found.benchmarks == ("charts", "scenes-tall")


@pytest.mark.parametrize("name", ["ai2d-no-mask", "ai2d@paper", "charts-mc", "chartqa", "mathvista"])
def test_pictures_with_writing_are_text_rich(name: str) -> None:
    (found,) = statements.of([said("patch_shuffle", name, 0.6), said("patch_shuffle", "mmvp", 0.1)])
    assert (found.benchmarks, found.decision) == ((name, "mmvp"), Decision.HOLDS)


@pytest.mark.parametrize(
    ("vit", "cnn", "decision"), [(0.9, 0.5, Decision.HOLDS), (0.5, 0.9, Decision.VIOLATED)]
)
def test_a_vit_against_a_cnn(vit: float, cnn: float, decision: Decision) -> None:
    rows = [occluded("v", "vit", vit), occluded("c", "resnet", cnn), occluded("m", "llava", 0.9)]
    (found,) = statements.of(rows)
    assert (found.models, found.decision) == (("v", "c"), decision)
    assert found.value == pytest.approx(100 * (vit - cnn), abs=0.6)


def test_where_few_pictures_inform_the_difference_is_shown_and_nothing_decided() -> None:
    (found,) = statements.of([occluded("v", "vit", 0.99), occluded("c", "resnet", 1.0)])
    assert found.decision is Decision.UNDECIDED and found.reason.startswith("too few samples")
    assert found.value is not None and found.value < 0 and found.low is None


def test_a_cnn_that_knows_nothing_is_no_comparison() -> None:
    (found,) = statements.of([occluded("v", "vit", 0.9), occluded("c", "resnet", 0.5, clean=0.0)])
    assert found.decision is Decision.UNDECIDED and found.reason.endswith("be 0: the clean score of c")


def solved(model: str, visual: float, words: float) -> Row:
    estimates: dict[str, float | None] = {"visual": visual, "solved": words}
    return Row("text_only_math", model, "llava", "gsm8k", CLAIMS["text_only_math"], estimates, {})


def test_six_models_settle_an_order_and_four_do_not() -> None:
    rows = [solved(f"m{i}", 10.0 * i, 5.0 * i + 1) for i in range(7)]
    (four,), (seven,) = statements.of(rows[:4]), statements.of(rows)
    assert four.value == pytest.approx(1) and four.decision is Decision.UNDECIDED
    assert four.reason.startswith("too few models")
    assert seven.decision is Decision.HOLDS and seven.p is not None and seven.p < 0.01
    assert statements.of(rows[:1]) == []
    (two,) = statements.of(rows[:2])
    assert two.decision is Decision.UNDECIDED and two.reason.startswith("too few models")
    assert [s.decision for s in statements.of([solved(f"m{i}", i, -i) for i in range(9)])] == ["VIOLATED"]


def test_it_travels_in_builtins_into_every_view() -> None:
    clean, perturbed = scores(0.9), scores(0.4)
    drop = performance_drop(clean, perturbed)
    rows, kept = [], []
    for name in ("charts", "scenes"):
        found = replace(
            reports.result(name="permutation_invariance"),
            benchmark=BenchmarkInfo(name, "ab" * 32, "made", 400, 400, 400),
            paired=((reports.CLAIM, drop),),
        )
        rows.append({**as_row(found), "parts": json.loads(json.dumps(statements.packed(found)))})
        kept.append({**as_row(found), "test": name, "outcome": "passed", "replay": ""})
    stopped = [{**row, "settings": {**row["settings"], "sequential": "population"}} for row in rows]
    assert statements.of(statements.rows(stopped)) == [], "no interval of a fixed number after stopping"
    made = build(kept, reports.RUN, statements=statements.of(statements.rows(rows)))
    schema.validate(made)
    (entry,) = made["statements"]
    assert entry["value"] == pytest.approx(50) and entry["decision"] == "VIOLATED"
    words = "VIOLATED mean_over_benchmarks, llava-tiny, charts and scenes: On average over 2 benchmarks"
    assert any(words in line for line in terminal.summary(made, 400))
    views = markdown.render(made), html.render(made), html.render(made, made)
    plain = [view.replace("_", " ") for view in views]
    assert [view.count("mean over benchmarks, llava-tiny, charts and scenes") for view in plain] == [1, 1, 1]
    assert plain[2].count("mean over benchmarks, llava-tiny (2), charts and scenes") == 1


def test_every_kind_of_contrast_is_sent_by_a_worker() -> None:
    below = Contrast("clean", np.array([1.0, 0.5]), ("a", "b"))
    made = Contrast("share", np.array([0.5, 0.0]), ("a", "b"), weighted=True, over=below, share=0.5)
    made = replace(made, crossed=np.array([[0.5, 0.5], [0.0, 0.0]]))
    result = replace(reports.result(), parts={"clean": below}, paired=((reports.CLAIM, made),))
    sent = execnet.loads(execnet.dumps(statements.packed(result)))
    found = statements.row({**as_row(result), "parts": sent}).contrasts
    assert repr(found) == repr({"clean": below, "claim": made})


def test_every_benchmark_and_encoder_has_its_place_in_the_tables_that_statements_read() -> None:
    """One that is forgotten would be left out of a statement without a word."""
    asked = {names.source(name) for name in BENCHMARKS if not name.startswith("planted")}
    assert asked - names.WRITING.keys() == set() == names.WRITING.keys() - asked
    assert set(ENCODER_TYPES) - {TIMM, *VITS, *CNNS} == set()
    assert set(VITS).isdisjoint(CNNS)


@pytest.mark.parametrize("family", ["siglip2", "dinov2_with_registers"])
def test_a_younger_vit_is_one_too(family: str) -> None:
    rows = [occluded("a", family, 0.9), occluded("b", "resnet", 0.6)]
    (found,) = statements.of(rows)
    assert (found.name, found.models, found.decision) == ("vit_against_cnn", ("a", "b"), Decision.HOLDS)
