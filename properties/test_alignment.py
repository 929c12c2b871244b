"""Tuning lowers alignment with language models (paper section 3.6, Fig. 7).

Claim: pictures are less aligned with language models' reading of their captions after the projector
than in the vision encoder. Statistic: the mean over pictures of o_encoder - o_projector, o the share of
a picture's 10 nearest neighbours that its caption has too (mutual k-NN, Huh et al. 2024), averaged over
the language models; the encoder's class token and every hidden state of the language model at the layers
that are best on the other half of the pictures, the projector's output as its mean over visual tokens.
The pool is the whole benchmark, whatever --samples asks for. Kind: observation. Beside it: the
projector's own input, the maximum over layers against its null with pictures and captions permuted, and
linear CKA there. Pictures share neighbours and are not independent: what their mean varies by is taken
from random halves of them (ipllvm/metrics/halves.py). The paper uses DOCCI and ten language models, and
does not say which representation of the LLVM it compares.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.alignment import as_scores, lost
from ipllvm.metrics.performance_drop import score

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation
    from ipllvm.models.encoders import Encoder
    from ipllvm.models.text import LanguageModel
    from ipllvm.records import Benchmark


@pytest.mark.observation
@pytest.mark.fixed_n("neighbours are sought in the whole pool")
@pytest.mark.benchmarks("captions-mc", also=("planted-captions", "docci"))
def test_alignment(
    own_encoder: "Encoder",
    language_models: "dict[str, LanguageModel]",
    whole_benchmark: "Benchmark",
    evaluation: "Evaluation",
) -> None:
    """Overlap with the encoder - overlap with the projector's output, above 0."""
    from ipllvm.evaluation.companion_models import SIDES, alignments
    from ipllvm.verdicts.series import mean_score

    pool, samples = whole_benchmark.samples, evaluation.benchmark.samples
    found = alignments(evaluation, own_encoder, language_models, pool)
    sides = {side: [found[side, name] for name in language_models] for side in SIDES}
    shown = {side: as_scores(side, each, pool, samples) for side, each in sides.items()}
    evaluation.check(
        "alignment",
        lost("alignment_loss", sides["encoder"], sides["projector"], pool, samples),
        Shown(
            shown,
            beside={
                f"{side} with {name}": mean_score(
                    f"{side} with {name}", score(as_scores(side, [each], pool, samples))
                )
                for (side, name), each in found.items()
            },
            noted={
                **{f"{side} with {name}": str(each) for (side, name), each in found.items()},
                "encoder": own_encoder.identity,
                "language_models": ", ".join(sorted(each.identity for each in language_models.values())),
            },
        ),
    )
