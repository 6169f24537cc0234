"""The experts of one layer, some on each rank."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..moe import Experts, Routing
from ..moe.experts import compute_dtype
from .shards import gathered
from .turn import Turn, agree


class ShardedExperts(Experts):
    """The experts of this rank, and the way to those of the others.

    1. agree: how many tokens go to each rank
    2. there: a token goes once to each rank that has some of its experts, with its weights of them
    3. each rank's experts take what has come as they would take its own tokens, and sum up
    4. back: a token's sums, one from each rank that it went to, are added in float32

    Dropless: a rank takes as many tokens as come. In training every rank makes as many calls; in evaluation one that
    is done answers the others (`serve`).

    Args:
        whole: All of them; it is left without memory.
        layer: Its number, on all ranks.
        rank: Whose part this is.
        num_ranks: Divides the number of experts.
    """

    def __init__(self, whole: Experts, layer: int, rank: int, num_ranks: int) -> None:
        nn.Module.__init__(self)
        self.activation, self.in_rows_of_16_bytes = whole.activation, whole.in_rows_of_16_bytes
        self.layer, self.num_ranks, self.origin = layer, num_ranks, (whole,)  # no submodule
        self.up_proj, self.down_proj = (
            nn.Parameter(weight.detach().chunk(num_ranks)[rank].clone()) for weight in (whole.up_proj, whole.down_proj)
        )
        for weight in self.parameters():
            # it has what the losses of all ranks ask for, summed; DDP takes the mean
            weight.register_hook(lambda gradient: gradient / num_ranks)  # type: ignore[no-untyped-call]
        for weight in whole.parameters():
            weight.data = weight.data.new_empty(0)

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def forward(
        self, x: Float[Tensor, "tokens dim"], routing: Routing, most: int | None = None
    ) -> Float[Tensor, "tokens dim"]:
        """As if all experts were here."""
        x = x.to(compute_dtype(x))
        local = len(self.up_proj)
        wanted = routing.selected.view(len(x), self.num_ranks, local).any(2)
        turn = agree(self.layer, wanted.sum(0))
        rank, token = torch.nonzero_static(wanted.t(), size=sum(turn.sends)).unbind(1)
        choices = torch.stack([routing.weights, routing.selected.to(routing.weights.dtype)], dim=1)
        theirs = choices.view(len(x), 2, self.num_ranks, local)[token, :, rank]
        sums = self.travel(turn, x.index_select(0, token), theirs, most)
        total = torch.zeros_like(x, dtype=torch.promote_types(x.dtype, torch.float32))
        return total.index_add(0, token, sums.to(total.dtype)).to(x.dtype)

    def travel(
        self, turn: Turn, x: Float[Tensor, "sent dim"], choices: Float[Tensor, "sent 2 local"], most: int | None
    ) -> Float[Tensor, "sent dim"]:
        """There and back; `choices` are weights, and ones where an expert is selected."""
        weights, selected = turn.there(choices).unbind(1)
        routing = Routing(weights, weights, weights, selected > 0, weights)  # experts look at the last two
        return turn.back(super().forward(turn.there(x), routing, most and min(most, len(self.up_proj))))

    def answer(self, turn: Turn) -> None:
        """Take the tokens of others, and ask for nothing."""
        x = self.up_proj.new_empty(0, self.up_proj.shape[2], dtype=compute_dtype(self.up_proj))
        self.travel(turn, x, x.new_empty(0, 2, len(self.up_proj), dtype=torch.float32), None)

    def reunited(self) -> Experts:
        """All of them, as they are now; every rank must ask."""
        (whole,) = self.origin
        whole.up_proj.data, whole.down_proj.data = gathered(self.up_proj), gathered(self.down_proj)
        return whole


def serve(experts: Sequence[ShardedExperts]) -> None:
    """Until all ranks are done: one that writes a longer answer still asks."""
    nobody = torch.zeros(experts[0].num_ranks, dtype=torch.int64, device=experts[0].up_proj.device)
    while not (turn := agree(None, nobody)).over:
        experts[turn.layer].answer(turn)
