"""Tokens to routing to experts to tokens. Read in the order routing, gating, router, experts, layer, losses."""

from .budget import move_threshold as move_threshold
from .config import MoEConfig as MoEConfig
from .experts import Experts as Experts
from .feed_forward import FeedForward as FeedForward
from .gating import Gating as Gating
from .gating import MarginGating as MarginGating
from .gating import ProbabilisticTopTwo as ProbabilisticTopTwo
from .gating import RandomTopTwo as RandomTopTwo
from .gating import SequenceBudget as SequenceBudget
from .gating import Threshold as Threshold
from .gating import TopK as TopK
from .gating import TopP as TopP
from .layer import MoE as MoE
from .losses import AuxLoss as AuxLoss
from .losses import load_balancing_loss as load_balancing_loss
from .losses import router_z_loss as router_z_loss
from .router import Router as Router
from .routing import Routing as Routing
