"""What is kept of a comparison, as JSON: everything that a report says is computed from it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Mode = Literal["min", "max"]


class Record(BaseModel):
    """No field more, none less."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


class Moment(Record):
    """How far training was: optimiser steps, seconds in them, real tokens, operations for the experts in use."""

    step: int
    seconds: float
    tokens: float
    flops: float


class Inference(Record):
    """A trained model, read with one gating.

    Attributes:
        quality: The task's metrics on the test split.
        latency_ms: Forward of one row.
        tokens_per_second: Forward of a full batch.
    """

    quality: dict[str, float]
    latency_ms: float
    tokens_per_second: float


class Run(Record):
    """One scheme with one seed.

    Attributes:
        options: What `train.py fit` was given, in the project's folder.
        moments: At each log.
        validations: Step and value of the comparison's metric on the validation split; step 0 is the untrained model.
        moe_share: Of a step, the MoE layers' part; 0 without.
        mean_experts: Experts per token over all layers, each by the tokens that it reads; None for a dense model.
        experts_per_token: The same by layer; nothing for a dense model.
        trained: Read with the gating that it was trained with.
        top_1: Read with one expert for each token; nothing where that is the same.
    """

    options: list[str]
    moments: list[Moment]
    validations: list[tuple[int, float]]
    step_ms: float
    padding_share: float
    moe_share: float
    mean_experts: float | None
    experts_per_token: dict[str, float]
    trained: Inference
    top_1: Inference | None


class Failed(Record):
    """A run that came to no end: it diverged, or stopped with an error."""

    options: list[str]
    failed: str


class Results(Record):
    """A whole comparison.

    Attributes:
        options: Of all runs.
        data: What tells the data from other data.
        metric: What the best checkpoint is best in.
        mode: Whether less or more of it is better.
        target: The part of the reference's steps after which its quality is what all have to reach.
        where: What a figure must be quoted with; days, systems and commits are those of all runs, one after the other.
        runs: By scheme and seed.
    """

    task: str
    options: list[str]
    data: str
    metric: str
    mode: Mode
    target: float
    where: dict[str, str]
    runs: dict[str, dict[int, Run | Failed]]
