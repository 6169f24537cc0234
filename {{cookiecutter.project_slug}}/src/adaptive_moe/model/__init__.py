"""Batch to hidden states and routings."""

from .block import Block as Block
from .flops import flops_per_token as flops_per_token
from .generation import generate as generate
from .transformer import Decoder as Decoder
