from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ipllvm.zoo import trainer
from ipllvm.zoo.recipes import Phase

PHASE = Phase("p", 12, 4, 1e-2, {}, warmup=2)


def _problem() -> tuple[nn.Linear, Callable[[int], Tensor]]:
    torch.manual_seed(0)
    model = nn.Linear(3, 1)

    def loss(step: int) -> Tensor:
        inputs = torch.randn(4, 3, generator=torch.Generator().manual_seed(step))
        off: Tensor = model(inputs).float() - inputs.sum(1, keepdim=True)
        return off.square().mean()

    return model, loss


def test_a_stopped_run_goes_on_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(trainer, "SAVE_SECONDS", 0.0)
    whole, loss = _problem()
    trainer.fit(whole, loss, PHASE, tmp_path / "whole")
    stopped, again = _problem()

    def failing(step: int) -> Tensor:
        if step == 7:
            raise KeyboardInterrupt
        return again(step)

    with pytest.raises(KeyboardInterrupt):
        trainer.fit(stopped, failing, PHASE, tmp_path / "parts")
    resumed, rest = _problem()
    seen: list[int] = []
    trainer.fit(resumed, lambda step: (seen.append(step), rest(step))[1], PHASE, tmp_path / "parts")  # type: ignore[func-returns-value]
    assert seen == list(range(7, 12))
    assert torch.equal(resumed.weight, whole.weight)
    assert "p 12/12" in capsys.readouterr().out


def test_the_tower_learns_at_its_own_rate() -> None:
    model = nn.ModuleDict({"vision_tower": nn.Linear(2, 2), "language_model": nn.Linear(2, 2)})
    phase = Phase("p", 1, 1, 1.0, {}, tower=0.2)
    groups = trainer._groups(list(model.named_parameters()), phase)
    shares = {(g["share"], g["weight_decay"]) for g in groups}
    assert shares == {(0.2, 0.05), (0.2, 0.0), (1.0, 0.05), (1.0, 0.0)}
    assert sum(p.numel() for g in groups for p in g["params"]) == 12


def test_muon_takes_the_hidden_matrices_and_adamw_the_rest() -> None:
    model = nn.ModuleDict({"embed_tokens": nn.Embedding(3, 2), "layer": nn.Linear(2, 2)})
    adamw, muon = trainer._optimizers(model, Phase("p", 1, 1, 1.0, {}, muon=True))
    assert [p is model["layer"].weight for g in muon.param_groups for p in g["params"]] == [True]
    assert sum(p.numel() for g in adamw.param_groups for p in g["params"]) == 6 + 2
    assert len(trainer._optimizers(model, Phase("p", 1, 1, 1.0, {}))) == 1
