"""A step, taken apart: a clock, what marks it, what the ranks have measured, and what that says."""

from .clock import PAUSE as PAUSE
from .clock import Clock as Clock
from .clock import DeviceTime as DeviceTime
from .clock import HostTime as HostTime
from .device import peak_flops as peak_flops
from .device import peak_memory as peak_memory
from .inside_moe import look_inside as look_inside
from .loop import watched_loop as watched_loop
from .moe_layers import watched_moe_layers as watched_moe_layers
from .rows import PARTS as PARTS
from .rows import Row as Row
from .scalars import scalars as scalars
from .sync import marked_choice as marked_choice
from .sync import watched_ranks as watched_ranks
from .verdict import verdict as verdict
