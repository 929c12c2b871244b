"""When two rows are of the same thing: the claim of a property on a benchmark, whoever was measured."""

from typing import NamedTuple


class ClaimKey(NamedTuple):
    """What a row is of: the claim of a property on a benchmark, each by its name.

    By it gates pair two runs, histories draw a line over checkpoints and a baseline's answers are found
    again. Neither model, nor test id, nor settings are part of it, as these are what two runs may differ
    in; whether their numbers may be compared then is asked apart (gate/agreement.py: samples, settings and
    the claim's own fields must agree). What names a measurement says more elsewhere, on purpose:

    - a stored answer: the model's fingerprint and numerics, the data, the versions (engine/context.py);
    - a look at a claim: that, and every option that its values depend on, but not the number of samples,
      which is what a second look changes (fixtures/planning.py);
    - a gate that is only repeated: all its rows with data, number of samples and seed (gate/budget.py);
    - claims that are corrected together: the model, by name and fingerprint (verdicts/release.py);
    - a cell of the paper: the property, the model and the benchmark, however it is put (paper/measured.py).

    >>> str(ClaimKey("permutation_invariance", "permutation", "scenes"))
    'permutation_invariance (permutation) on scenes'
    """

    property: str
    claim: str
    benchmark: str

    def test(self) -> tuple[str, str]:
        """Property and benchmark: what one test measures, whose claims are then told apart."""
        return self[0], self[2]

    def __str__(self) -> str:
        return f"{self[0]} ({self[1]}) on {self[2]}"
