"""What noise costs at each place of a model: the trials of the importance properties, and what is shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ipllvm.evaluation.evaluation import Evaluation
from ipllvm.metrics.best_draw import cross_fitted, halves
from ipllvm.metrics.importance import lowest_quarter, over_draws
from ipllvm.metrics.performance_drop import gain, performance_drop, score
from ipllvm.metrics.weighted import drawn
from ipllvm.perturbations.noise import amplitudes
from ipllvm.perturbations.substitution import Blank
from ipllvm.records import Contrast, Perturbation, Scores, Series
from ipllvm.sampling import generator
from ipllvm.stats.choice import distinct
from ipllvm.verdicts import series

MARGIN = 0.05
"""Up to so much above a blank image's score, in scores, noise leaves about the same; ours."""
COSTS = "what noise there costs (higher = more important)"


def under_noise(
    evaluation: Evaluation, places: Mapping[str, Callable[[float], Perturbation]]
) -> tuple[Scores, Scores, list[Scores]]:
    """The clean and the blank-image scores, and those under noise at each place.

    `places` make, by name, the noise of an amplitude; a draw's amplitude is one for all samples and
    places.
    """
    strengths = amplitudes(evaluation.settings.draws, evaluation.settings.seed)
    noises = [make(strength) for make in places.values() for strength in strengths]
    clean, blank, *scores = evaluation.run(Blank(), *noises, draws=1)
    k = len(strengths)
    return clean, blank, [drawn(name, scores[i * k : (i + 1) * k]) for i, name in enumerate(places)]


def decisive(
    evaluation: Evaluation, claim: str, make: Callable[..., Contrast], *noisy: Sequence[Scores]
) -> Contrast:
    """What decides a claim, as `make` makes it of scores under noise and of whether draws are `crossed`.

    As the claim has it draws are meaned, or the best one counts, which half of the clusters chooses for
    the other half; and the strengths of the noise are these, or stand for others like them.
    """
    asked = evaluation.claims[claim]
    if asked.agg == "max":
        first = halves(noisy[0][0].clusters, generator(evaluation.settings.seed, "halves"))
        best = [[cross_fitted(each, first) for each in group] for group in noisy]
        return replace(make(*best), fitted=True)
    return make(*noisy, crossed=asked.draws == "random")


def saturated(blank: Scores, noisy: Sequence[Scores], margin: float = MARGIN) -> str:
    """Why a map tells nothing, if noise at more than half of its places leaves what a blank image does.

    That is a mean at most `margin` (in scores) above the blank image's, and not shown to be above it.
    """
    gains = [gain(each, blank) for each in noisy]
    lost = [not distinct(each) and bool(len(each.values)) and each.values.mean() <= margin for each in gains]
    if sum(lost) * 2 <= len(lost):
        return ""
    return (
        f"saturated: noise at {sum(lost)} of {len(lost)} layers leaves about what a blank image does; "
        "a milder one tells more: --noise-kind=keskar"
    )


def unclear(blank: Scores, noisy: Sequence[Scores]) -> str:
    """Why a map decides nothing, if at more than half of its places no more than a blank image's is shown."""
    lost = [not distinct(gain(each, blank)) for each in noisy]
    if sum(lost) * 2 <= len(lost):
        return ""
    return f"noise at {sum(lost)} of {len(lost)} layers is not shown to leave more than a blank image"


def by_layer(name: str, clean: Scores, noisy: Sequence[Scores]) -> Series:
    """What noise costs by layer, from 1."""
    drops = {layer + 1.0: performance_drop(clean, each) for layer, each in enumerate(noisy)}
    return series.profile(name, COSTS, "layer", drops)


def recorded(clean: Scores, noisy: Sequence[Scores], axis: str) -> list[Series]:
    """All K scores of each place, and the paper's importance (f0 - f) / f0, places counted from 1.

    f is the best of the draws, as in the paper and biased low by selection, their mean, or the worst.
    There is none where the clean score can't be told from 0.
    """
    places = {place + 1.0: each for place, each in enumerate(noisy)}
    words = {"max": "best draw, biased low by selection", "mean": "mean over draws", "min": "worst draw"}
    plots = [series.draws("scores", "score of each draw", axis, noisy)]
    known = distinct(score(clean))
    for kind, found in over_draws(clean, places).items():
        values = found if known else dict.fromkeys(found)
        quantity = f"importance by the {words[kind]} (higher = more important)"
        plots.append(series.shares(f"importance_{kind}", quantity, axis, values))
    return plots


def share_of_lowest_quarter(clean: Scores, noisy: Sequence[Scores]) -> series.Pair:
    """Sum of the drops in the lowest quarter of the layers over the sum of all."""
    count, low = len(noisy), lowest_quarter(len(noisy))
    lost = [(-1.0, each) for each in noisy]
    return series.pair([(float(low), clean), *lost[:low]], [(float(count), clean), *lost])


def image_share(clean: Scores, image: Sequence[Scores], text: Sequence[Scores]) -> Series:
    """By layer, what noise on the image costs over what noise on the image and on the text cost together.

    No value where that sum is not clearly above 0.
    """
    pairs: dict[tuple[float, ...], series.Pair] = {
        (layer + 1.0,): series.pair([(1.0, clean), (-1.0, i)], [(2.0, clean), (-1.0, i), (-1.0, t)])
        for layer, (i, t) in enumerate(zip(image, text, strict=True))
    }
    return series.percents("image_share", "the image's share of what noise costs", ("layer",), pairs)
