"""Where an endpoint is and which key it gets: from the command line and the environment."""

import pytest

from ipllvm.endpoints import address
from ipllvm.errors import UsageError


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*address.KEYS, *address.BASES):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "url",
    ["http://h:1/v1", "http://h:1/v1/", "http://h:1/v1/chat/completions", "http://h:1/v1/chat/completions/"],
)
def test_both_forms_of_an_address_are_one(url: str) -> None:
    found = address.parse(f"{url}#org/model:7b")
    assert (found.chat, found.model) == ("http://h:1/v1/chat/completions", "org/model:7b")


def test_a_query_stays_behind_the_path() -> None:
    found = address.parse("https://h/deployments/d/chat/completions?api-version=2024-10-21#m")
    assert found.chat == "https://h/deployments/d/chat/completions?api-version=2024-10-21"


@pytest.mark.parametrize("name", address.BASES)
def test_the_environment_says_where_a_model_without_a_place_is(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with pytest.raises(UsageError, match=r"\$OPENAI_BASE_URL is not set"):
        address.parse("#m")
    monkeypatch.setenv(name, "http://h/v1")
    assert str(address.parse("#m")) == "http://h/v1#m"


def test_the_judges_own_key_goes_before_the_general_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert address.key() is None
    monkeypatch.setenv("OPENAI_API_KEY", "general")
    assert address.key() == "general"
    monkeypatch.setenv("IPLLVM_JUDGE_KEY", " own ")
    assert (address.key(), address.key(["OPENAI_API_KEY"])) == ("own", "general")
