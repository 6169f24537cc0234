"""Tokens to routing to experts to tokens. Read in the order routing, gating, router, experts, layer, losses."""

from .experts import Experts as Experts
from .gating import Gating as Gating
from .gating import Threshold as Threshold
from .layer import MoE as MoE
from .losses import load_balancing_loss as load_balancing_loss
from .router import Router as Router
from .routing import Routing as Routing
