"""Lightning's trainer, with one more thing to do."""

from pathlib import Path

import torch
from lightning.pytorch import Trainer

from ..callbacks import Steering
from ..data import TextDataModule
from ..export import save
from ..tasks import Task
from ..tasks.checks import check_checkpoint


class ExportingTrainer(Trainer):
    """Can export."""

    def export(
        self, model: Task, datamodule: TextDataModule, ckpt_path: str | None = None, folder: str = "exported"
    ) -> None:
        """Write weights, config and vocabulary of a checkpoint into a folder, for use without Lightning.

        Args:
            model: Of the checkpoint's task and sizes.
            datamodule: Its corpus names the classes.
            ckpt_path: The checkpoint; its run has the vocabulary.
            folder: A new one.
        """
        file = Path(str(ckpt_path))
        checkpoint = torch.load(file, map_location="cpu", weights_only=True)
        check_checkpoint(checkpoint, type(model).__name__, model.state_dict())
        model.load_state_dict(checkpoint["state_dict"])
        for callback in self.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, Steering) and callback.state_key in checkpoint["callbacks"]:
                callback.load_state_dict(checkpoint["callbacks"][callback.state_key])
        facts = {"task": type(model).__name__, "labels": list(datamodule.corpus.labels)}
        vocabulary = file.parent.parent / "tokenizer.json"
        save(Path(folder), model.blueprint, model.model, getattr(model, "head", None), vocabulary, **facts)
        print(
            f"{folder} has model.safetensors, config.json and tokenizer.json, as of step {checkpoint['global_step']}."
        )
