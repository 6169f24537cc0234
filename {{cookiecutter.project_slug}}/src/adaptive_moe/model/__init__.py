"""Batch to hidden states and routings; read attention, block, stack, transformer, encoder_decoder, generation."""

from .block import Block as Block
from .blueprint import Blueprint as Blueprint
from .encoder_decoder import EncoderDecoder as EncoderDecoder
from .flops import TRAINING as TRAINING
from .flops import flops_per_token as flops_per_token
from .generation import generate as generate
from .generation import left_padded as left_padded
from .positions import Positions as Positions
from .positions import positions_in_samples as positions_in_samples
from .stack import Stack as Stack
from .transformer import Decoder as Decoder
from .transformer import Encoder as Encoder
