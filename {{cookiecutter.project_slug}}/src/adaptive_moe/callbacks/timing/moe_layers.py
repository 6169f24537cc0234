"""How much of a step the mixture-of-experts layers take."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn

from ...moe import MoE
from .clock import Clock


class Watched:
    """Notes when one layer works in training, as spans named `moe`.

    Its backward lasts from the gradient of its output to that of its input.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.since: Any = None

    def began(self, *_: Any) -> None:
        """Now."""
        self.since = self.clock.instants.now()

    def ended(self, *_: Any) -> None:
        """Now, if it ever began."""
        if self.since is not None:
            self.clock.span("moe", self.since)
        self.since = None

    def before(self, layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        """Forward begins."""
        if layer.training:
            self.began()

    def after(self, layer: nn.Module, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, Any]) -> None:
        """Forward has ended, and backward may come."""
        if layer.training:
            self.ended()
            if inputs[0].requires_grad:
                outputs[0].register_hook(self.began)  # type: ignore[no-untyped-call]
                inputs[0].register_hook(self.ended)  # type: ignore[no-untyped-call]


@contextmanager
def watched_moe_layers(model: nn.Module, clock: Clock) -> Iterator[None]:
    """Watch all of a model's, unless it is compiled: hooks would break its graph."""
    compiled = any(module._compiled_call_impl for module in model.modules())
    with ExitStack() as hooks:
        for layer in model.modules():
            if isinstance(layer, MoE) and not compiled:
                watched = Watched(clock)
                hooks.callback(layer.register_forward_pre_hook(watched.before).remove)
                hooks.callback(layer.register_forward_hook(watched.after).remove)
        yield
