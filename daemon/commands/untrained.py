"""A checkpoint of random weights, to be measured: time and memory do not depend on what a face has learnt."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from daemon.animate.exports import cache_folder
from model import checkpoint
from model.extras import need


@contextmanager
def untrained(encoder: str | None) -> Iterator[Path]:
    """A checkpoint of random weights on the encoder of a folder or hub id; None: on a random one of hubert-base's size.

    It is deleted in the end, with its exports for onnxruntime. Raises FacewireError where there is no such
    encoder.
    """
    need("torch", "torch", "transformers", what="bench --untrained")
    import torch
    from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor

    from model.config import ModelConfig
    from model.encoder import pretrained
    from model.face import FaceModel

    with TemporaryDirectory(prefix="facewire-") as name:
        folder = Path(name)
        torch.manual_seed(0)
        if encoder is None:
            HubertModel(HubertConfig()).save_pretrained(folder)
            Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)  # type: ignore[no-untyped-call]
        speech = pretrained(encoder or folder)
        face = FaceModel(ModelConfig(encoder=speech.config, identities=("nobody",)), speech)
        face.face_mean.fill_(0.5)
        path = folder / "untrained.safetensors"
        checkpoint.save(face, path, {})
        del speech, face
        exports = [cache_folder(path, None, int8=int8) for int8 in (False, True)]
        try:
            yield path
        finally:
            for export in exports:
                shutil.rmtree(export, ignore_errors=True)
