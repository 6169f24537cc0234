"""How many processes there are, where a launcher has started them."""

import os

from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment

from .errors import refuse


def launched(devices: int | str | list[int]) -> dict[str, int]:
    """Devices and machines as torchrun or srun says, since after a failure there may be fewer; else nothing.

    Args:
        devices: What the config says.

    Raises:
        SystemExit: Another number of devices than there are processes on this machine.
    """
    if TorchElasticEnvironment.detect():
        return counted(devices, "torchrun", "LOCAL_WORLD_SIZE", "GROUP_WORLD_SIZE")
    if not SLURMEnvironment.detect():
        return {}
    if "SLURM_NTASKS_PER_NODE" in os.environ:
        return counted(devices, "srun", "SLURM_NTASKS_PER_NODE", "SLURM_NNODES")
    if (tasks := os.environ["SLURM_NTASKS"]) != "1":
        refuse(f"the job has {tasks} tasks, and does not say how many on each machine; use --ntasks-per-node")
    return {}


def counted(devices: int | str | list[int], launcher: str, processes: str, machines: str) -> dict[str, int]:
    """Both numbers, from the environment."""
    number = os.environ[processes]
    if str(devices) not in ("auto", "-1", number):
        refuse(
            f"devices is {devices}, and {launcher} has started {number} processes on this machine; "
            "take --config configs/ddp.yaml, or --trainer.devices auto"
        )
    return {"devices": int(number), "num_nodes": int(os.environ.get(machines, "1"))}
