"""What a vision-language model keeps of its own encoder's recognition.

Retention is R = f_llvm / f_encoder on the same images; the claim that R is at least r is decided
as the claim that the mean of s_llvm - r s_encoder is at least 0 (Fieller 1954).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ipllvm.metrics.performance_drop import score
from ipllvm.metrics.weighted import share_claim, weighted
from ipllvm.records import Contrast, Sample, Scores


def retention(llvm: Scores, encoder: Scores, share: float) -> Contrast:
    """s_llvm - share x s_encoder, per sample: at least 0 in the mean where that share is retained.

    Samples with an error on either side are left out and counted.
    """
    return share_claim("retention", [(1.0, llvm)], [(1.0, encoder)], share)


def both(llvm: Scores, encoder: Scores) -> tuple[Contrast, Contrast]:
    """The two scores whose ratio is R, on the samples that both sides answered, in one order."""
    return (
        weighted("llvm", [(1.0, llvm), (0.0, encoder)]),
        weighted("encoder", [(0.0, llvm), (1.0, encoder)]),
    )


def mean_of_classes(scores: Scores, samples: Sequence[Sample]) -> Contrast:
    """The mean over classes of each class's accuracy, as CLIP's authors report some sets.

    A sample weighs inversely as its class is large; a sample with an error is left out of its class.
    """
    plain, classes = score(scores), {sample.id: sample.answer for sample in samples}
    sizes = Counter(classes[name] for name in plain.samples)
    weights = np.array([len(plain.samples) / (len(sizes) * sizes[classes[name]]) for name in plain.samples])
    bound = float(weights.max(initial=1.0))
    failed = tuple(each.anywhere for each in plain.failed)
    values = plain.values * weights
    return replace(plain, values=values, bound=bound, lattice=0.0, weighted=True, failed=failed)
