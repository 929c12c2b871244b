"""`python -m ipllvm.zoo train NAME`: train an embedded checkpoint, or go on where it stopped."""

import argparse
from collections.abc import Callable
from pathlib import Path

from ipllvm.zoo.recipes import RECIPES, SISTERS

CHECKPOINTS = Path(__file__).parents[2] / "fixtures" / "checkpoints"


def main() -> None:
    """Parse the command line; train or measure."""
    parser = argparse.ArgumentParser(prog="python -m ipllvm.zoo", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    train = verbs.add_parser("train", help="train a checkpoint; can be resumed")
    train.add_argument("name", choices=sorted(RECIPES | SISTERS))
    card = verbs.add_parser("card", help="measure a checkpoint again and write its card")
    card.add_argument("name", choices=sorted(RECIPES | SISTERS))
    for verb in (train, card):
        verb.add_argument("--out", type=Path, default=CHECKPOINTS, help="folder of the checkpoints")
        verb.add_argument("--runs", type=Path, default=Path("zoo-runs"), help="folder of the training state")
    arguments = parser.parse_args()
    print(_run(arguments.verb)(arguments.name, arguments.out, arguments.runs))


def _run(verb: str) -> Callable[[str, Path, Path], Path]:
    if verb == "train":
        from ipllvm.zoo.train import train

        return train
    from ipllvm.zoo.card import write

    return write


if __name__ == "__main__":
    main()
