import functools
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.multiprocessing.spawn import spawn

from adaptive_moe.data import IGNORE, Batch
from adaptive_moe.moe import AuxLoss, MoEConfig, Threshold, TopK
from adaptive_moe.tasks import TextCompletion

ADAMW = functools.partial(torch.optim.AdamW, lr=0.01)


def task(**changes: Any) -> TextCompletion:
    torch.manual_seed(0)
    sizes = {"vocab_size": 20, "dim": 24, "num_layers": 2, "num_heads": 2}
    moe = MoEConfig(num_experts=4, expert_dim=16)
    options: dict[str, Any] = {"gating": Threshold(0.1), "optimizer": ADAMW, "moe": moe, **sizes, **changes}
    module = TextCompletion(**options)
    module.log = module.log_dict = lambda *_, **__: None  # type: ignore[assignment, method-assign]
    return module


def mean_loss(module: TextCompletion, batch: Batch) -> Tensor:
    total, number = module.loss(module.read(batch)[0], batch)
    return total / number


def batch() -> Batch:
    ids = torch.tensor([[1, 2, 3, 4, 0, 5, 6, 0]])
    labels = torch.tensor([[2, 3, 4, 0, IGNORE, 6, 0, IGNORE]])
    return Batch(ids, labels, torch.tensor([[0, 0, 0, 0, 0, 1, 1, 1]]))


def test_the_loss_is_the_mean_over_tokens_with_a_label() -> None:
    module, rows = task(), batch()
    hidden, _ = module.model(rows.ids, rows.samples)
    nll = -module.model.logits(hidden).log_softmax(-1)
    expected = [nll[0, i, label] for i, label in enumerate(rows.labels[0].tolist()) if label != IGNORE]
    torch.testing.assert_close(mean_loss(module, rows), torch.stack(expected).mean())


def test_the_auxiliary_loss_is_added_for_training_and_not_to_the_reported_loss() -> None:
    aux_loss = AuxLoss(load_balancing_weight=0.5)
    module = task(aux_loss=aux_loss)
    step = module.training_step(batch(), 0)
    loss, (_, routings) = mean_loss(module, batch()), module.read(batch())
    assert not any(tensor.requires_grad for routing in step["routings"].values() for tensor in routing)
    torch.testing.assert_close(step["loss"], loss + aux_loss(list(routings.values())))
    assert aux_loss(list(routings.values())) > 0.5


def test_a_batch_of_padding_costs_nothing() -> None:
    rows = batch()
    padding = Batch(rows.ids, torch.full_like(rows.labels, IGNORE), torch.full_like(rows.samples, -1))
    loss = task(aux_loss=AuxLoss(router_z_weight=0.1)).training_step(padding, 0)["loss"]
    loss.backward()
    assert loss == 0


def test_a_loss_that_would_balance_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="balance_over is single_expert_tokens, and with TopK no token"):
        task(gating=TopK(2))
    task(gating=TopK(2), aux_loss=AuxLoss(balance_over="all_choices"))
    task(gating=TopK(2), aux_loss=AuxLoss(load_balancing_weight=0.0))
    task(gating=TopK(1))


def test_a_dense_model_routes_nothing() -> None:
    step = task(moe=MoEConfig(expert_dim=16, layers=[])).training_step(batch(), 0)
    step["loss"].backward()
    assert step["routings"] == {}


def test_it_learns_eight_tokens_by_heart() -> None:
    module = task()
    optimizer = module.optimizer(module.parameters())
    for _ in range(60):
        optimizer.zero_grad()
        loss = module.training_step(batch(), 0)["loss"]
        loss.backward()
        optimizer.step()
    assert mean_loss(module, batch()) < 0.1


@pytest.mark.parametrize(("name", "value"), [("warmup_steps", -1), ("temperature", -1.0)])
def test_negative_values_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} is -1"):
        task(**{name: value})


def unsteered() -> TextCompletion:
    """The balance loss of a batch is not the mean of its parts'."""
    return task(aux_loss=AuxLoss(load_balancing_weight=0.0))


def gradient(module: TextCompletion, batch: Batch) -> Tensor:
    torch.autograd.backward(module.training_step(batch, 0)["loss"])
    assert module.model.embedding.weight.grad is not None
    return module.model.embedding.weight.grad


def ranks() -> list[Batch]:
    """Seven tokens on one rank, two on the other and padding; one with the third batch, all padding."""
    rows = batch()
    nothing = Batch(rows.ids, torch.full_like(rows.labels, IGNORE), torch.full_like(rows.samples, -1))
    kept = torch.arange(rows.ids.shape[1]) < 2
    few = rows._replace(labels=rows.labels.where(kept, IGNORE), samples=rows.samples.where(kept, -1))
    return [rows, few, nothing]


def one_rank(rank: int, folder: Path) -> None:
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=3)
    torch.save(gradient(unsteered(), ranks()[rank]), folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_a_token_weighs_the_same_on_every_rank_and_padding_nothing(tmp_path: Path) -> None:
    spawn(one_rank, (tmp_path,), nprocs=3)  # type: ignore[no-untyped-call]
    mean = torch.stack([torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(3)]).mean(0)
    together = Batch(
        torch.cat([each.ids for each in ranks()]),
        torch.cat([each.labels for each in ranks()]),
        torch.cat([each.samples for each in ranks()]),
    )
    torch.testing.assert_close(mean, gradient(unsteered(), together))
