"""The checks of a device as they are put together, and figures where the system tells little."""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from ipllvm.speed import device_checks, kernels, memory
from ipllvm.speed.device_checks import DeviceFigure, checked
from ipllvm.speed.kernels import AttentionCall
from ipllvm.speed.memory import watched
from ipllvm.speed.products import Products

CPU = torch.device("cpu")
MODEL: Any = SimpleNamespace(device=CPU)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests have left behind is not collected first, which takes a second."""
    monkeypatch.setattr(memory, "gc", SimpleNamespace(collect=lambda: 0))


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What each check was asked; of flips one is beyond a tie."""
    asked: list[tuple[Any, ...]] = []

    def check(name: str, value: float, most: float | None = 0.0) -> Any:
        def work(*given: Any) -> DeviceFigure:
            asked.append((name, *given))
            return DeviceFigure(name, value, f"{name} is {value:g}", most=most)

        return work

    monkeypatch.setattr(device_checks, "memory", check("memory", 1.5, None))
    monkeypatch.setattr(device_checks, "exactness", check("exactness", 0))
    monkeypatch.setattr(device_checks, "flips", check("flips", 1))
    monkeypatch.setattr(device_checks, "out_of_memory", check("batches", 0))
    monkeypatch.setattr(device_checks, "attention", lambda *given: ["3 x a step", "4 x more"])
    return asked


def test_all_checks_are_printed_one_by_one_and_an_aim_that_is_missed_says_so(
    pretended: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark: Any = SimpleNamespace()
    found = checked(MODEL, benchmark, 4, 0.61)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "memory: memory is 1.5",
        "prefill: 61% of the rate of matrix products (aim missed)",
        "exactness: exactness is 0",
        "flips: flips is 1 (aim missed)",
    ]
    assert lines[-3:] == ["batches: batches is 0", "attention: 3 x a step", "attention: 4 x more"]
    assert [row["name"] for row in found["checks"]] == [line.partition(":")[0] for line in lines[:-2]]
    assert found["attention"] == ["3 x a step", "4 x more"]


def test_every_kind_of_picture_is_compared_on_the_device(pretended: list[tuple[Any, ...]]) -> None:
    benchmark: Any = SimpleNamespace()
    figures = list(device_checks.tiny_figures("cuda:1", benchmark, ("a", "b"), 2))
    assert [figure.name for figure in figures] == ["exactness", "flips"] * 2 + ["batches"]
    assert pretended == [
        ("exactness", "a", "cuda:1", benchmark, 2), ("flips", "a", "cuda:1", benchmark, 2),
        ("exactness", "b", "cuda:1", benchmark, 2), ("flips", "b", "cuda:1", benchmark, 2),
        ("batches", "a", "cuda:1", benchmark, 16),
    ]  # fmt: skip


@pytest.mark.parametrize("fails", [False, True])
def test_memory_runs_out_above_so_many_rows_and_only_while_it_lasts(fails: bool) -> None:
    class Decoding:
        device = CPU

        def decoder(self, embeds: torch.Tensor, **settings: Any) -> tuple[torch.Tensor, Any]:
            return embeds, settings

    subject: Any = Decoding()
    try:
        with device_checks.short_of_memory(subject, 3):
            assert subject.decoder(torch.zeros(3, 1), edit=1)[1] == {"edit": 1}
            with pytest.raises(torch.OutOfMemoryError, match="4 rows where 3 fit"):
                subject.decoder(torch.zeros(4, 1))
            if fails:
                raise KeyError("x")
    except KeyError:
        pass
    assert len(subject.decoder(torch.zeros(4, 1))[0]) == 4 and "decoder" not in vars(subject)


def test_where_the_system_tells_no_memory_it_is_0(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "STATM", tmp_path / "none")
    assert memory.resident() == 0
    with watched(CPU) as peak:
        pass
    assert peak.bytes == 0


def test_work_that_fails_is_watched_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "resident", lambda: 7)
    before = threading.active_count()
    with pytest.raises(KeyError), watched(CPU) as peak:
        raise KeyError("x")
    assert threading.active_count() == before and peak.bytes == 7


@pytest.mark.parametrize(("choice", "name"), [(0, "math"), (1, "flash"), (4, "override"), (99, "unknown")])
def test_a_kernel_is_known_by_torchs_own_rule(
    choice: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "_fused_sdp_choice", lambda **given: choice, raising=False)
    query = torch.zeros(1, 2, 3, 4)
    with kernels.recorded() as counts:
        nn.functional.scaled_dot_product_attention(query, query, query)
    assert counts == {AttentionCall(False, False, name): 1}


@pytest.mark.parametrize("error", [TypeError, RuntimeError])
def test_a_release_of_torch_that_does_not_tell_costs_no_run(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def choose(**given: Any) -> int:
        raise error("other arguments")

    monkeypatch.setattr(torch, "_fused_sdp_choice", choose, raising=False)
    query = torch.zeros(1, 2, 1, 4)
    with kernels.recorded() as counts:
        nn.functional.scaled_dot_product_attention(query, query, query)
    (call,) = counts
    assert str(call) == "a step without a mask: unknown (torch does not tell)"


@pytest.mark.parametrize("kernel", [*kernels.KERNELS.values(), "unknown"])
@pytest.mark.parametrize("masked", [False, True])
def test_every_kernel_has_a_reason(kernel: str, masked: bool) -> None:
    words = str(AttentionCall(False, masked, kernel))
    assert words.startswith(f"more positions {'with' if masked else 'without'} a mask: {kernel} (")


def test_products_are_counted_while_it_lasts_also_where_work_fails() -> None:
    layer, found = nn.Linear(3, 5), Products()
    with pytest.raises(KeyError), found.recorded([layer]):
        layer(torch.zeros(2, 3))
        raise KeyError("x")
    layer(torch.zeros(2, 3))
    assert dict(found.linear) == {(2, 3, 5): 1}


def test_attention_over_more_keys_than_queries_is_no_causal_square() -> None:
    query, keys, found = torch.zeros(1, 2, 3, 4), torch.zeros(1, 2, 7, 4), Products()
    with found.recorded([]):
        nn.functional.scaled_dot_product_attention(query, keys, keys, is_causal=True)
        nn.functional.scaled_dot_product_attention(keys, keys, keys, is_causal=True)
        nn.functional.scaled_dot_product_attention(keys, keys, keys)
    assert found.attention == {(2, 3, 7, 4): 1.0, (2, 7, 7, 4): 1.5}
