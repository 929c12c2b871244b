"""Load a language model by name."""

from ipllvm.models.planted import naming
from ipllvm.models.planted_aligned import PlantedLanguageModel
from ipllvm.models.text import LanguageModel


def load(name: str, *, device: str = "auto", dtype: str = "auto", offline: bool = False) -> LanguageModel:
    """The language model of that name, which may be planted:aligned. Raises as LanguageModel does."""
    if naming.is_planted(name):
        return PlantedLanguageModel(name)
    return LanguageModel(name, device=device, dtype=dtype, offline=offline)
