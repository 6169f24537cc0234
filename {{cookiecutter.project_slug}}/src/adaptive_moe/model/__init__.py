"""Batch to hidden states and routings."""

from .block import Block as Block
from .generation import generate as generate
from .transformer import Decoder as Decoder
