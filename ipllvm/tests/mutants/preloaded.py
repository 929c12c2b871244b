"""Imports what the tests of a mutant need and no module that is mutated, for its forks to share."""

from importlib import import_module

LOADED = (
    "pytest", "hypothesis.strategies", "numpy", "scipy.stats", "scipy.optimize", "PIL.Image", "torch",
    "jsonschema", "statsmodels.stats.multitest", "transformers.models.llava.modeling_llava", "jaxtyping",
    "transformers.models.clip.modeling_clip", "matplotlib.backends.backend_svg",
)  # fmt: skip

for name in LOADED:
    import_module(name)
