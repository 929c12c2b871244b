"""The command of a report is read and not obeyed: its options are taken, and nothing that is code."""

from typing import Any

import pytest

from ipllvm.commands import repeated
from ipllvm.errors import UsageError

MODELS = ["llava-tiny"]


def _words(command: str, **options: Any) -> list[str]:
    return repeated.words({"command": command, "options": {"models": MODELS, **options}})


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("pytest properties --samples=60 --seed 3", ["--samples=60", "--seed=3"]),
        ("pytest /a/properties/ -k 'a or b' -q -n2", ["-k", "a or b", "-n", "2"]),
        ("pytest properties --shard=1/8 --report-dir out --ipllvm-shard 2/8", []),
        ("pytest --rootdir=/x --config-file /x/pyproject.toml -pno:cacheprovider -p no:x properties", []),
        ("pytest properties --model=elsewhere --offline", ["--offline"]),
        (
            'ipllvm.check("llava-tiny", properties="image_use", samples=9, shard="1/8", offline=True)',
            [
                "--property",
                "image_use",
                "--samples=9",
                "--offline",
            ],
        ),
        ("pytest properties --tb=no -rN --junitxml=a.xml -m law", ["-m", "law"]),
        (
            "ipllvm check llava-tiny --property permutation --draws=2",
            ["--property", "permutation", "--draws=2"],
        ),
        ("ipllvm check --model=llava-tiny --samples all", ["--samples=all"]),
        ("ipllvm audit llava-tiny --seed=1", ["--seed=1", "--profile=audit"]),
    ],
)
def test_options_and_a_selection_are_taken(command: str, expected: list[str]) -> None:
    assert _words(command) == [*expected, "--model=llava-tiny"]


@pytest.mark.parametrize(
    "command",
    [
        "pytest evil.py",
        "pytest /tmp/evil properties",
        "pytest properties -p evil",
        "pytest properties -pevil",
        "pytest properties --pdbcls=evil:Pdb",
        "pytest properties -c evil.ini",
        "pytest properties -o python_files=evil.py",
        "pytest properties --import-mode=prepend",
        "pytest properties --confcutdir=/tmp",
        "pytest properties --pyargs evil",
        "pytest properties --override-ini=x",
        "ipllvm check llava-tiny --property evil.py",
        "ipllvm check llava-tiny evil",
        "ipllvm store merge",
        "rm -rf properties",
        "pytest properties @evil",
        "pytest properties 'unclosed",
        "",
    ],
)
def test_any_other_word_is_refused(command: str) -> None:
    with pytest.raises(UsageError, match=r"^its (command|run) "):
        _words(command)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"trust_remote_code": True}, "had --trust-remote-code"),
        ({"allow_pickle": True}, "had --allow-pickle"),
        ({"judge": "http://127.0.0.1:9#m"}, "asked http://127.0.0.1:9#m"),
        ({"captioner": "#m"}, "asked #m"),
        ({"models": ["https://example.org/v1#m"]}, "asked https://example.org/v1#m"),
    ],
)
def test_what_the_user_has_to_say_himself_is_refused(options: dict[str, Any], line: str) -> None:
    with pytest.raises(UsageError, match=f"^its run {line}"):
        _words("pytest properties", **options)


def test_a_run_without_a_model_is_refused() -> None:
    with pytest.raises(UsageError, match="names no model"):
        repeated.words({"command": "pytest properties", "options": {}})


@pytest.mark.parametrize("models", [None, [], "llava-tiny", [1], {"a": 1}])
def test_models_that_are_no_names_are_none(models: Any) -> None:
    with pytest.raises(UsageError, match="its run names no model"):
        _words("pytest properties", models=models)
