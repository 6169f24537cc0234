"""What callbacks tell the curriculum, in real training."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from adaptive_moe.cli import CLI
from adaptive_moe.data import Batch, Difficulty

from ..conftest import ROOT, Run, called
from ..tasks import small

MINE = "--trainer.callbacks+=tests.callbacks.test_difficulty.Oracle"
SHORT = ["--trainer.max_epochs=1", "--trainer.limit_val_batches=0", "--data.order=Complexity", "--data.packing=false"]


class Oracle(Callback):
    """The share of two-expert tokens, one sample after the other."""

    def __init__(self) -> None:
        self.shares: dict[int, list[int]] = {}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        self.count(outputs["routings"], batch)

    def count(self, routings: dict[str, Any], batch: Batch) -> None:
        for sample in set(batch.samples[batch.mask].tolist()):
            self.shares[sample] = []
            for name in sorted(routings):  # the layers of a decoder before those of its encoder
                its = batch.stacks[name.split("layer_")[0]].flatten() == sample
                twos = int((routings[name].experts_per_token[its] == 2).sum())
                self.shares[sample].append(254 * twos // int(its.sum()))


def trained(run: Run, corpus: Path, *options: str) -> CLI:
    return run("fit", "--data.corpus=Texts", f"--data.corpus.path={corpus}", *SHORT, *options)


def test_difficulty_is_what_the_routing_of_each_sample_was_and_orders_the_next_epoch(run: Run, corpus: Path) -> None:
    cli = trained(run, corpus, "--trainer.callbacks+=RoutingDifficulty", MINE)
    (oracle,) = called(cli, "Oracle")
    curriculum = cli.datamodule.curriculum
    curriculum.enter(1)
    shares = torch.tensor([oracle.shares[i] for i in range(len(curriculum.samples))])
    assert torch.equal(curriculum.difficulty.shares.long(), shares)
    assert 0 < shares.float().mean() < 254
    order = curriculum.plan(1).plan.samples
    means = shares.float().mean(1)[order]
    bucket = -(-len(order) // 16)
    assert means[:bucket].max() <= means[-bucket:].min()
    assert means[:bucket].max() < means[-bucket:].max()


def test_each_stack_of_an_encoder_and_decoder_is_counted_over_its_own_tokens(run: Run, tmp_path: Path) -> None:
    pairs = [f"--config={ROOT}/configs/tasks/translation.yaml", "--data.corpus=TextPairs", "--data.batch_size=4"]
    pairs += [f"--data.corpus.path={small.write('translation', tmp_path / 'pairs')}", "--data.token_budget=null"]
    cli = run("fit", *pairs, *SHORT, "--trainer.callbacks+=RoutingDifficulty", MINE)
    (oracle,) = called(cli, "Oracle")
    curriculum = cli.datamodule.curriculum
    curriculum.enter(1)
    shares = torch.tensor([oracle.shares[i] for i in range(small.SIZE)])
    assert shares.shape == (small.SIZE, 4)
    assert torch.equal(curriculum.difficulty.shares.long(), shares)
    assert all(len(layer.unique()) > 2 for layer in shares.T)
    means = shares.float().mean(1)[curriculum.plan(1).plan.samples]
    assert (means.diff() >= 0).all()  # twelve samples in sixteen buckets


def test_a_scoring_pass_asks_the_model_as_it_is_and_the_ranks_share_it(run: Run, corpus: Path) -> None:
    cli = trained(run, corpus, "--trainer.callbacks+=ScoringPass", "--data.window=40")
    data, task, oracle = cli.datamodule, cli.model, Oracle()
    samples = data.curriculum.samples
    assert len(samples) == 40
    for batch in data.in_turn(samples):
        oracle.count(task.read(batch)[1], batch)
    counts = []
    for rank in (0, 1):
        data.place = lambda rank=rank: (rank, 2)
        difficulty = Difficulty(samples.lengths)
        data.curriculum.score(samples, difficulty)
        counts.append(difficulty.counts[""])
    assert all(0 < int(count[:, -1].count_nonzero()) < 40 for count in counts)
    together = Difficulty(samples.lengths)
    together.counts = {"": counts[0] + counts[1]}
    together.renew()
    assert together.shares.tolist() == [oracle.shares[i] for i in range(40)]
    assert all(parameter.grad_fn is None for parameter in task.parameters())


def test_a_scoring_pass_and_a_test_draw_the_same_whatever_was_drawn_before(run: Run, corpus: Path) -> None:
    chance = ["--model.gating=RandomTopTwo", "--model.gating.share=0.5", "--trainer.limit_test_batches=2"]
    cli = trained(run, corpus, "--trainer.callbacks+=ScoringPass", "--data.window=40", *chance)
    curriculum, counts, losses = cli.datamodule.curriculum, [], []
    for before in (1, 2):
        torch.manual_seed(before)
        difficulty = Difficulty(curriculum.samples.lengths)
        curriculum.score(curriculum.samples, difficulty)
        counts.append(difficulty.counts[""])
        torch.manual_seed(before)
        losses.append(cli.trainer.test(cli.model, datamodule=cli.datamodule, verbose=False)[0]["test/loss"])
    assert torch.equal(*counts)
    assert losses[0] == losses[1]


@pytest.mark.parametrize("source", ["RoutingDifficulty", "ScoringPass"])
def test_a_dense_model_has_no_difficulty_to_tell(
    source: str, run: Run, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        trained(run, corpus, f"--trainer.callbacks+={source}", "--model.moe.layers=[]")
    assert f"the model is dense, and {source} counts experts" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
