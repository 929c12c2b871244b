"""Everything that the command line names beside the model, checked before any weight is read."""

from ipllvm.errors import IpllvmError, UsageError
from ipllvm.models import endpoint, sources
from ipllvm.session.options import Options


def check(options: Options) -> None:
    """Raises what is wrong with the first name that can't be used, in one line that names its option."""
    parts = [("saliency", "encoder", options.saliency)]
    parts += [("encoder", "encoder", options.encoder)] * bool(options.encoder)
    parts += [("language-model", "language model", name) for name in options.language_models]
    if options.judge and "://" in options.judge:
        endpoint.parse(options.judge)
    elif options.judge:
        parts.append(("judge", "language model", options.judge))
    for option, kind, name in parts:
        try:
            sources.check_part(kind, name, options.offline)
        except IpllvmError as error:
            raise UsageError(f"--{option}: {error}") from error
