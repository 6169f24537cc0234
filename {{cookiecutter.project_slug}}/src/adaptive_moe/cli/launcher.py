"""How many processes there are, where a launcher has started them."""

import os

from jsonargparse import Namespace
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment

from .errors import refuse


def follow_launcher(config: Namespace) -> None:
    """Devices and machines are what torchrun or srun says: after a failure there may be fewer.

    Raises:
        SystemExit: Another number of devices is asked for than there are processes on this machine.
    """
    if TorchElasticEnvironment.detect():
        follow(config, "torchrun", "LOCAL_WORLD_SIZE", "GROUP_WORLD_SIZE")
    elif SLURMEnvironment.detect():
        if "SLURM_NTASKS_PER_NODE" in os.environ:
            follow(config, "srun", "SLURM_NTASKS_PER_NODE", "SLURM_NNODES")
        elif (tasks := os.environ["SLURM_NTASKS"]) != "1":
            refuse(f"the job has {tasks} tasks, and does not say how many on each machine; use --ntasks-per-node")


def follow(config: Namespace, launcher: str, processes: str, machines: str) -> None:
    """Take both numbers from the environment."""
    number, devices = os.environ[processes], config.trainer.devices
    if str(devices) not in ("auto", "-1", number):
        refuse(
            f"devices is {devices}, and {launcher} has started {number} processes on this machine; "
            "take --config configs/ddp.yaml, or --trainer.devices auto"
        )
    config.trainer.devices, config.trainer.num_nodes = int(number), int(os.environ[machines])
