"""Which sample comes when: one small class for each order."""

from .complexity import Complexity as Complexity
from .length_bucketed import LengthBucketed as LengthBucketed
from .order import Order as Order
from .random import Random as Random
