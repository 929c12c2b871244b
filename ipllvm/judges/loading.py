"""The judge that a command line names."""

from pathlib import Path

from ipllvm.endpoints import address
from ipllvm.errors import UsageError
from ipllvm.judges.recorded import PREFIX, RecordedJudge
from ipllvm.records import Judge
from ipllvm.registry import JUDGES


def is_endpoint(name: str) -> bool:
    """Whether a judge of that name is asked over the network."""
    return name not in JUDGES and not name.startswith(PREFIX) and ("://" in name or name.startswith("#"))


def check(name: str, offline: bool = False) -> None:
    """Raises UsageError, UnknownName or ModelUnavailable for a name that can't be used; loads no weights."""
    if is_endpoint(name):
        address.parse(name)
        _require_network(name, offline)
    elif name.startswith(PREFIX):
        RecordedJudge(Path(name.removeprefix(PREFIX)))
    elif name not in JUDGES:
        from ipllvm.models import sources

        sources.check_part("language model", name, offline)
        _require_words_alone(name)


def require(name: str) -> None:
    """Raises UsageError where an endpoint is not there or does not take the key; other judges are."""
    if not is_endpoint(name):
        return
    from ipllvm.endpoints.client import trouble  # nothing of HTTP is imported where nobody is asked

    if why := trouble(address.parse(name)):
        raise UsageError(f"--judge {name}: {why}")


def load(name: str, *, device: str = "auto", dtype: str = "auto", offline: bool = False) -> Judge:
    """The judge of that name; raises UsageError, UnknownName and ModelUnavailable, in one line."""
    if name in JUDGES:
        made: Judge = JUDGES.load(name)()
        return made
    if name.startswith(PREFIX):
        return RecordedJudge(Path(name.removeprefix(PREFIX)))
    if is_endpoint(name):
        from ipllvm.judges.endpoint import EndpointJudge

        _require_network(name, offline)
        return EndpointJudge(name)
    from ipllvm.judges.local import LocalJudge  # torch is needed by no other judge
    from ipllvm.models.text import LanguageModel

    return LocalJudge(LanguageModel(name, device=device, dtype=dtype, offline=offline))


def _require_words_alone(name: str) -> None:
    """Raises UsageError for what is known to be no language model alone: planted ones, and those that see."""
    from ipllvm.models import sources
    from ipllvm.models.json_files import read_json
    from ipllvm.models.planted import naming

    folder = sources.embedded_folder(name) if name in sources.EMBEDDED else sources.local_folder(name)
    if naming.is_planted(name) or (folder and "vision_config" in read_json(folder / "config.json")):
        raise UsageError(
            f"--judge {name}: a judge is a language model alone (lm-tiny, a folder, a hub id), or URL#MODEL"
        )


def _require_network(name: str, offline: bool) -> None:
    if offline:
        raise UsageError(
            f"--judge {name}: an endpoint can't be asked with --offline; name a local model or {PREFIX}FILE"
        )
