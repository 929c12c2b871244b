"""Everything that the command line names beside the model, checked before any weight is read."""

from collections.abc import Iterator

from ipllvm.errors import IpllvmError, UsageError
from ipllvm.judges import loading
from ipllvm.models import sources
from ipllvm.session.options import Options


def check(options: Options) -> None:
    """Raises UsageError for the first name that can't be used, in one line that names its option."""
    for option, kind, name in _named(options):
        try:
            if option == "judge":
                loading.check(name, options.offline)
            else:
                sources.check_part(kind, name, options.offline)
        except IpllvmError as error:
            said = str(error)
            raise UsageError(said if said.startswith("--") else f"--{option}: {said}") from error


def _named(options: Options) -> Iterator[tuple[str, str, str]]:
    """Option, what it names, and the name."""
    for option, kind in (("saliency", "encoder"), ("encoder", "encoder"), ("judge", "language model")):
        name = getattr(options, option)
        if name:
            yield option, kind, name
    yield from (("language-model", "language model", name) for name in options.language_models)
