"""A model in memory goes through the whole suite, and the report says what became of each property."""

from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForImageTextToText

import ipllvm
from ipllvm.models import processors
from ipllvm.models.adapting import fingerprint
from ipllvm.tests.tiny import make

MEASURED = {
    "image_use", "compression", "pixel_noise", "distracting_caption", "layer_importance",
    "image_first", "then_text", "occlusion", "orientation", "other_picture", "patch_information",
    "patch_shuffle", "permutation", "prompt_wording", "resolution", "second_picture", "synthetic_images",
    "visual_token_importance",
}  # fmt: skip


@pytest.mark.slow
def test_every_property_measures_a_model_in_memory(tmp_path: Path) -> None:
    folder = make("qwen2_5_vl", tmp_path / "model")
    model = AutoModelForImageTextToText.from_pretrained(folder)
    processor = processors.load(folder, "qwen2_5_vl")
    own = fingerprint(model, processor)
    few: dict[str, Any] = {"samples": 2, "draws": 1, "counterexamples": 0, "no_store": True}
    report = ipllvm.check(model, processor, benchmarks="scenes", report_dir=tmp_path / "reports", **few)
    assert {result.claim.name for result in report.results} == MEASURED
    assert {result.model.fingerprint for result in report.results} == {own}
    assert {result.model.name for result in report.results} == {"in-memory"}
    assert report.missing == () and not report.data["failed"]
    assert len(report.data["passed_laws"]) == 18, "laws hold of it too"
    reasons = {row["property"]: row["reason"] for row in report.data["not_tested"]}
    assert reasons["hallucination"] == "scenes asks for nothing that is not there", "of these two questions"
    assert all(reasons.values())
    assert fingerprint(model, processor) == own, "it is as it was"
