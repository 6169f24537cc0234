"""What every task shares: the model, the training step, the auxiliary loss, evaluation."""

from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple

import torch
from jaxtyping import Float, Int
from lightning.pytorch import Trainer
from lightning.pytorch.cli import OptimizerCallable
from torch import Tensor
from torchmetrics import Metric, MetricCollection

from ..data import Batch, TextDataModule, Tokenising
from ..model import Blueprint, Decoder, Encoder, EncoderDecoder, Positions, Stack
from ..moe import AuxLoss, Gating, MoEConfig, Routing
from .checks import check_checkpoint, check_data, check_monitor, check_training
from .likelihood import MeanNLL
from .metrics import Metrics
from .optimisation import groups
from .trained import Trained

SPLITS = {"val": "validation", "test": "test"}


class Loss(NamedTuple):
    """A sum, and of how many: tokens, answers, texts."""

    total: Float[Tensor, ""]
    number: Int[Tensor, ""]


class Task(Trained):
    """Trains a transformer on the loss of a task plus the losses that steer its routers.

    A task names its architecture and the form of its data, and adds a head where it needs one, a loss, and metrics.

    Args:
        gating: Decides which tokens get a second expert.
        optimizer: Called with the parameters: a group of weights, and one of norms and biases, which do not decay.
        moe: What the layers are made of.
        aux_loss: Of the routings, beside the task's loss.
        vocab_size: Number of token ids; the data module's.
        dim: Width of the hidden states.
        num_layers: Blocks; of encoder and decoder each, where there are both.
        num_heads: Attention heads; twice their number divides `dim`.
        positions: `rotary`, or a `learned` table.
        num_positions: Of that table; no sample may be longer.
        warmup_steps: Steps over which the learning rate rises; after them it falls along a cosine to a tenth.
        compile: Train the model with torch.compile.
        activation_checkpointing: Compute each block again in backward, which spares memory and costs a forward pass.
    """

    model: Encoder | Decoder | EncoderDecoder
    architecture: ClassVar[type[Encoder] | type[Decoder] | type[EncoderDecoder]]
    form: ClassVar[type[Tokenising]]

    def __init__(
        self,
        gating: Gating,
        optimizer: OptimizerCallable,
        moe: MoEConfig = MoEConfig(),  # noqa: B008 - frozen
        aux_loss: AuxLoss = AuxLoss(),  # noqa: B008 - frozen
        vocab_size: int = 2048,
        dim: int = 192,
        num_layers: int = 4,
        num_heads: int = 6,
        positions: Positions = "rotary",
        num_positions: int = 1024,
        warmup_steps: int = 50,
        compile: bool = False,  # noqa: A002 - torch's name for it
        activation_checkpointing: bool = False,
    ) -> None:
        super().__init__(optimizer, warmup_steps)
        self.blueprint = Blueprint(
            self.architecture.__name__, gating, moe, vocab_size, dim, num_layers, num_heads, positions, num_positions
        )
        self.model = self.blueprint.build()
        for stack in (module for module in self.model.modules() if isinstance(module, Stack)):
            stack.recomputes = activation_checkpointing
        if moe.layers and aux_loss.balances_nothing(gating):
            raise ValueError(
                f"balance_over is {aux_loss.balance_over}, and with {type(gating).__name__} no token uses a single "
                "expert: set --model.aux_loss.balance_over all_choices"
            )
        self.aux_loss, self.compiled = aux_loss, compile
        self.longest = num_positions if positions == "learned" else None
        self.metrics = Metrics({stage: self.new_metrics(stage) for stage in SPLITS})

    def new_metrics(self, stage: str) -> MetricCollection:
        """The loss and the task's metrics, as `<stage>/<name>`."""
        return MetricCollection({"loss": MeanNLL(), **self.task_metrics()}, prefix=f"{stage}/", compute_groups=False)

    @abstractmethod
    def task_metrics(self) -> dict[str, Metric]:
        """The metrics of an evaluation, beside the loss."""

    @abstractmethod
    def loss(self, hidden: Float[Tensor, "batch length dim"], batch: Batch) -> Loss:
        """The task's own."""

    @abstractmethod
    def measure(self, hidden: Float[Tensor, "batch length dim"], batch: Batch, loss: Loss, stage: str) -> None:
        """Bring the task's metrics up to date with a batch, whose loss is known."""

    def setup(self, stage: str) -> None:
        """Training sees the same shapes again and again; evaluation does not."""
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if isinstance(data, TextDataModule):  # loaders of one's own are one's own affair
            self.check(data)
        if self.compiled and stage == "fit":
            # the rows that the experts keep for backward are as many as the routing has choices
            torch._dynamo.config.capture_dynamic_output_shape_ops = True
            self.model.compile()

    @property
    def data(self) -> TextDataModule:
        """What the trainer was given."""
        data: TextDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        return data

    def check(self, data: TextDataModule) -> None:
        """Raise a RunError if this data is for another task, or too long."""
        check_data(data, type(self).__name__, self.form, self.longest)

    def check_monitor(self, trainer: Trainer) -> None:
        """Raise a RunError if the best checkpoint should be best in what is not measured, or where it is worst."""
        check_monitor(trainer, type(self).__name__, dict(self.metrics["val"].items()))  # type: ignore[operator]

    def read(self, batch: Batch) -> tuple[Float[Tensor, "batch length dim"], dict[str, Routing]]:
        """Hidden states, and the routing of each layer that has experts."""
        source = (batch.source.ids, batch.source.samples) if batch.source else ()
        result: tuple[Tensor, dict[str, Routing]] = self.model(batch.ids, batch.samples, *source)
        return result

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Any]:
        """The loss to minimise, and the routings, detached, for the callbacks.

        A step's gradient is that of the mean over what all ranks have, in all batches that are accumulated.
        """
        hidden, routings = self.read(batch)
        total, number = self.loss(hidden, batch)
        aux_loss = self.aux_loss(list(routings.values())).to(total.device)
        self.log_dict(self.training_values(total.detach() / number.clamp(min=1)))
        self.log("train/aux_loss", aux_loss)
        begins = self._trainer is None or batch_idx % self.trainer.accumulate_grad_batches == 0
        return {"loss": self.accumulation.loss(total, number, aux_loss, begins), **for_callbacks(routings)}

    def training_values(self, loss: Float[Tensor, ""]) -> dict[str, Tensor]:
        """What is logged of a training batch, from its mean loss."""
        return {"train/loss": loss}

    def validation_step(self, batch: Batch, batch_idx: int) -> dict[str, Any]:
        """Add a batch up."""
        return self.evaluate(batch, "val")

    def test_step(self, batch: Batch, batch_idx: int) -> dict[str, Any]:
        """Add a batch up."""
        return self.evaluate(batch, "test")

    def evaluate(self, batch: Batch, stage: str) -> dict[str, Any]:
        """Loss and metrics; returns the routings, for the callbacks."""
        hidden, routings = self.read(batch)
        loss = self.loss(hidden, batch)
        self.update(stage, "loss", *loss)
        self.measure(hidden, batch, loss, stage)
        return for_callbacks(routings)

    def update(self, stage: str, name: str, *values: Any) -> None:
        """Add to one of the metrics."""
        self.metrics[stage][name].update(*values)  # type: ignore[index]

    def on_validation_epoch_end(self) -> None:
        """Log what was added up."""
        self.report("val")

    def on_test_epoch_end(self) -> None:
        """Log what was added up."""
        self.report("test")

    def report(self, stage: str) -> None:
        """Over all ranks, on each of which torchmetrics gives the same."""
        metrics: MetricCollection = self.metrics[stage]  # type: ignore[assignment]
        self.log_dict(metrics.compute(), sync_dist=True)
        metrics.reset()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Say whose weights these are."""
        checkpoint["task"] = type(self).__name__

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse weights of another task or shape, and settings that would win over the command's."""
        check_checkpoint(checkpoint, type(self).__name__, self.state_dict())
        if self._trainer and self._trainer.training:  # it is read without a trainer too
            check_training(checkpoint, self.optimizer(groups(self)), self.trainer.max_steps)


def for_callbacks(routings: dict[str, Routing]) -> dict[str, Any]:
    """What a step returns of them."""
    return {"routings": {name: routing.detach() for name, routing in routings.items()}}
