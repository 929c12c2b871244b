"""Models that are served: what they answer is what the same weights answer here, and what is refused."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pytest_httpserver import HTTPServer

import ipllvm
from ipllvm.benchmarks import scenes
from ipllvm.endpoints.limits import Limits
from ipllvm.endpoints.price import Price
from ipllvm.engine import whole_check
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes, run
from ipllvm.errors import ModelUnavailable, NotMeasured, NotTested, UsageError
from ipllvm.models import sources
from ipllvm.models.load_options import LoadOptions
from ipllvm.models.loading import load, sketch
from ipllvm.models.served import Served
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.shuffle import PatchShuffle
from ipllvm.perturbations.substitution import Blank, Clean
from ipllvm.tests.models.server import Serving, by

QUICK = Limits(seconds=20, pause=0.01, longest_pause=0.1)
SAMPLES = scenes.short().samples[:3]


@pytest.fixture(scope="module")
def running() -> Iterator[HTTPServer]:
    made = HTTPServer(host="127.0.0.1", threaded=True)
    made.start()
    yield made
    made.stop()


def by_size(images: list[Image.Image], prompt: str, limit: int) -> str:
    """An answer that depends on picture and words."""
    return f"{images[0].getpixel((3, 3))} {len(prompt)}"


@pytest.fixture
def serving(running: HTTPServer) -> Serving:
    return Serving(running, by_size)


def served(serving: Serving) -> Served:
    return Served(serving.address, limits=QUICK)


def outcomes(model: Any, plan: Plan, size: int = 4) -> Outcomes:
    found: Outcomes = {}
    run(model, plan, size, found, lambda done: None)
    return found


def test_served_weights_answer_as_the_same_weights_here(running: HTTPServer) -> None:
    own = load("llava-tiny", device="cpu")
    model = served(Serving(running, by(own)))
    plan = Plan(SAMPLES, (Clean(), Blank(), PatchShuffle(2)), 2, 0, 6)
    here, there = outcomes(own, plan), outcomes(model, plan)
    assert {t: r.text for t, r in here.items()} == {t: r.text for t, r in there.items()}
    assert not any(response.error for response in there.values())
    assert len({response.text for response in there.values()}) > 2


def test_what_is_inside_is_not_tested_with_the_reason(serving: Serving) -> None:
    with pytest.raises(NotTested, match="is asked over the network as a whole: it has no visual tokens"):
        outcomes(served(serving), Plan(SAMPLES, (Clean(), Permutation()), 1, 0, 6))


def test_it_is_who_the_server_says_it_is(serving: Serving) -> None:
    first = served(serving)
    assert first.name == "llava-tiny" and first.fingerprint == served(serving).fingerprint
    assert "the server says that it is llava-tiny, fingerprint fp_1" in first.notes[0]
    serving.fingerprint = "fp_2"
    assert served(serving).fingerprint != first.fingerprint
    plan = Plan(SAMPLES, (Clean(),), 1, 0, 6)
    errors = {str(response.error) for response in outcomes(first, plan).values()}
    assert len(errors) == 1 and "is llava-tiny fp_2 now, and was llava-tiny fp_1" in errors.pop()
    serving.fingerprint = ""
    assert "says nothing of its weights" in served(serving).notes[0]


def test_a_server_that_fails_now_and_then_is_asked_again(serving: Serving) -> None:
    model = served(serving)
    serving.failing = lambda number: 503 if number % 2 else 0
    found = outcomes(model, Plan(SAMPLES, (Clean(), Blank()), 1, 0, 6))
    assert not any(response.error for response in found.values())
    assert "0 questions without a reply" in model.spent


def test_a_question_without_a_reply_is_an_error_of_its_own(serving: Serving) -> None:
    refused = SAMPLES[1].prompt

    def picky(images: list[Image.Image], prompt: str, limit: int) -> str:
        return "" if prompt == refused else by_size(images, prompt, limit)

    serving.answer = picky
    model, plan = served(serving), Plan(SAMPLES, (Clean(),), 1, 0, 6)
    found = outcomes(model, plan)
    texts = [found[plan.trial(sample, Clean(), 0)] for sample in SAMPLES]
    assert [bool(response.text) for response in texts] == [s.prompt != refused for s in SAMPLES]


def test_encoding_a_picture_otherwise_changes_no_answer(serving: Serving) -> None:
    found = whole_check.check(served(serving), SAMPLES)
    assert found == whole_check.WholeCheck(3, 0, 0)
    serving.answer = lambda images, prompt, limit: str(images[0].info)
    found = whole_check.check(served(serving), SAMPLES)
    assert found is not None and found.encoded == 3
    with pytest.raises(NotMeasured, match="looks at more than the pixels"):
        found.require()


def test_a_question_without_a_reply_is_no_other_answer(serving: Serving) -> None:
    model = served(serving)
    serving.failing = lambda number: 418 if number == len(SAMPLES) + 2 else 0
    found = whole_check.check(model, SAMPLES)
    assert found == whole_check.WholeCheck(2, 0, 0, unanswered=1)
    assert "on 2 samples (1 more were not answered each time): asked again 0" in str(found)
    serving.failing = lambda number: 503
    with pytest.raises(NotMeasured, match=r"none of 3 samples was answered each time: .*HTTP status 503"):
        whole_check.check(model, SAMPLES)


def test_nobody_there_is_one_line_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPLLVM_MODEL_KEY", "sk-secret-secret")
    with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1:1/v1#m: it can't be reached") as caught:
        Served("http://127.0.0.1:1/v1#m", limits=QUICK)
    assert "sk-" not in str(caught.value) and "\n" not in str(caught.value)


def test_the_key_is_sent_and_told_nowhere(running: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPLLVM_MODEL_KEY", "sk-secret-secret")
    model = served(Serving(running, by_size))
    sent = running.log[-1][0].headers["Authorization"]
    assert sent == "Bearer sk-secret-secret"
    assert "sk-secret" not in f"{model.info()}{model.fingerprint}"


def test_a_key_that_the_server_gives_back_is_told_nowhere(
    running: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPLLVM_MODEL_KEY", "secret of mine")
    serving = Serving(running, lambda images, prompt, limit: "secret of mine, red")
    serving.name, serving.fingerprint = "m of secret of mine", "fp secret of mine"
    model = served(serving)
    found = outcomes(model, Plan(SAMPLES, (Clean(),), 1, 0, 4))
    assert "secret of mine" not in f"{model.info()}{found}"
    assert {response.text for response in found.values()} == {"[key], red"}
    assert "fingerprint fp [key]" in model.notes[0]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"offline": True}, "can't be asked with --offline"),
        ({"prompt": "original"}, "fills its own template"),
        ({"how": LoadOptions(revision="v1")}, "--revision: .* is served"),
        ({"how": LoadOptions(adapter="x")}, "--adapter: .* is served"),
    ],
)
def test_what_an_endpoint_cannot_be_told(serving: Serving, more: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        load(serving.address, **more)


def test_a_plan_asks_nothing(serving: Serving) -> None:
    assert sketch(serving.address).fingerprint == "not asked"
    assert serving.requests == 0


@pytest.mark.parametrize(
    "address",
    ["http://#m", "ftp://host#m", "http://host", "http://user:pw@host#m", "http://h/v1?api_key=x#m"],
)
def test_an_address_that_is_none_is_refused_by_its_name(address: str) -> None:
    with pytest.raises(UsageError, match="--model"):
        sources.check_name(address)


def test_its_name_in_reports_is_that_of_the_model() -> None:
    assert sources.display_name("http://localhost:8000/v1#org/llava-7b") == "llava-7b"


def test_what_asking_comes_to_is_said_before_and_after(serving: Serving) -> None:
    serving.tokens = (100, 5)
    model, told = served(serving), list[str]()
    model.price, model.say = Price(1_000, 10_000), told.append
    plan = Plan(SAMPLES, (Clean(), Blank()), 1, 0, 6)
    found = outcomes(model, plan)
    words = sum(-(-len(sample.prompt) // 4) for sample in SAMPLES) * 2
    cost = (words * 1_000 + 36 * 10_000) / 1e6
    of_words = f"6 questions, about {words} tokens of words in, at most 36 out, ${cost:.2f}"
    assert told == [f"to ask: {of_words}, and its pictures"]
    assert model.spent == "7 requests, 0 questions without a reply, 700 tokens in, 35 out, $1.05"
    run(model, plan, 4, found, lambda done: None)
    assert len(told) == 1, "nothing is left to ask"
    outcomes(model, Plan(SAMPLES[:1], (Clean(),), 1, 0, 6))
    assert told[1] == "to ask: 1 questions, about 100 tokens in, at most 6 out, $0.16", "as counted before"


@pytest.mark.slow
def test_a_session_tells_what_a_served_model_is_asked(
    serving: Serving, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    serving.tokens = (100, 5)
    asked: dict[str, Any] = {"properties": "image_use", "samples": 4, "model_price": "1000/0"}
    ipllvm.check(serving.address, benchmarks="scenes", report_dir=tmp_path, verbose=True, **asked)
    printed = capfd.readouterr().out
    before, after = (re.findall(rf"{what}: (.*)", printed) for what in ("to ask", "asked"))
    assert before[0].startswith("8 questions, about 800 tokens in, at most "), "as counted in the self-check"
    count = serving.requests
    assert after == [
        f"{count} requests, 0 questions without a reply, {100 * count:,} tokens in, {5 * count:,} out, "
        f"${count / 10:.2f}"
    ]
