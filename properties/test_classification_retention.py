"""LLVMs lose recognition against their own vision encoder (paper section 3.6, Table 3).

Claim: the LLVM recognises at least nine tenths of what the encoder it was built on does, on the same
images. Statistic: the mean over images of s_llvm - 0.9 s_encoder, s_llvm the LLVM's free answer with
the label read out of it by rules, or called correct by --judge, s_encoder zero-shot top-1 with
ensembled prompt templates; the ratio itself and the difference stand beside it. Kind: requirement. The
paper's models keep 0.57 and 0.67, which it calls a loss; its margin is not stated, 0.9 is this project's
reading of "retain". The mean over classes of each class's accuracy stands beside both scores. The paper
has ChatGPT judge the label; rules count an answer that circumscribes a class as wrong.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.benchmarks.templates import CLASSIFICATION, OBJECTS, templates
from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import performance_drop, score
from ipllvm.metrics.retention import both, mean_of_classes, retention

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation
    from ipllvm.models.encoders import Encoder

SHARE = 0.9


@pytest.mark.requirement
@pytest.mark.benchmarks("objects", also=CLASSIFICATION)
def test_classification_retention(own_encoder: "Encoder", evaluation: "Evaluation") -> None:
    """LLVM accuracy - 0.9 of the encoder's, at least 0."""
    from ipllvm.evaluation.companion_models import recognised
    from ipllvm.stats.fieller import ratio
    from ipllvm.verdicts.series import mean_score

    data = evaluation.benchmark
    (llvm,) = evaluation.run()
    encoder = recognised(evaluation, own_encoder, templates(data.name) or OBJECTS)
    classes = {
        f"{name}_per_class": mean_score(f"{name}_per_class", mean_of_classes(each, data.samples))
        for name, each in (("clean", llvm), ("encoder", encoder))
    }
    evaluation.check(
        "classification_retention",
        retention(llvm, encoder, SHARE),
        Shown(
            {"clean": llvm, "encoder": encoder},
            beside={"recognition_drop": performance_drop(encoder, llvm), **classes},
            noted={
                "judge": evaluation.judged_by,
                "encoder": own_encoder.identity,
                "retention": str(ratio(*both(llvm, encoder))),
            },
        ),
        something_to_lose=score(encoder),
    )
