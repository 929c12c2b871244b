"""Mutants that change nothing that anybody could see: left out by name, each with the reason."""

from ipllvm.tests.mutants.rooms import Mutant

REASONS: dict[str, dict[str, str]] = {
    "ipllvm/verdicts/group_sequential.py": {
        "1.0 -> 1.5": "a look that was not asked counts 1, and repeated_p takes what is beyond its end as 1",
    },
    "ipllvm/verdicts/outlook.py": {
        "1e-300 -> 1.5e-300": "a floor under the logarithm of a p-value that is below the level either way",
    },
}
"""Module -> change -> why it is the same program; every change of the module that is told so is meant."""


def why(mutant: Mutant) -> str:
    """Why a mutant is no other program; empty where it is one."""
    change = mutant.change
    return REASONS.get(mutant.module, {}).get(f"{change.before} -> {change.after}", "")
