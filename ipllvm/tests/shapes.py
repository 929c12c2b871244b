"""A pytest plugin that enforces the shapes in annotations: pytest -p ipllvm.tests.shapes ...

The packages are named one by one: the plugin of ipllvm itself is imported before any hook.
"""

from beartype import BeartypeConf, beartype
from jaxtyping import install_import_hook

PACKAGES = ("ipllvm.metrics", "ipllvm.engine", "ipllvm.models")

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""An int will do for a float, as for mypy."""

install_import_hook(PACKAGES, f"{__name__}.checked")
