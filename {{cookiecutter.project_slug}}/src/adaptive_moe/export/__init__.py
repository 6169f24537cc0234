"""A trained model without its training: weights, config and vocabulary in a folder. Nothing here needs Lightning."""

from .exported import Exported as Exported
from .exported import load as load
from .save import save as save
