"""What a router keeps between steps."""

from collections.abc import Callable

from torch import Tensor, nn


class Float32Buffers(nn.Module):
    """Its own buffers stay in float32 when the model is cast: in bfloat16, steps of a thousandth would be lost."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Float32Buffers":
        kept = dict(self.named_buffers(recurse=False))
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for name, buffer in kept.items():
            moved = self.get_buffer(name)
            if moved.dtype != buffer.dtype:
                setattr(self, name, buffer.to(moved.device))
        return self
