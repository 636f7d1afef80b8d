"""`facewire export-onnx`: a face prepared for onnxruntime."""

from pathlib import Path
from typing import Annotated

import typer

from daemon.commands.options import Encoder


def export_onnx(
    checkpoint: Annotated[
        Path | None, typer.Argument(help="A face model (.safetensors); by default the one that ships.")
    ] = None,
    encoder: Encoder = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; by default the cache, where `run` looks for it.")
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="Round the encoder to 8 bits, for --runtime onnx-int8.")] = False,
) -> None:
    """Prepare a face for onnxruntime, as its first start does, or for other programs that read .onnx files.

    Example: facewire export-onnx my-face.safetensors
    """
    from daemon.animate.exports import cache_folder, export

    folder = out or cache_folder(checkpoint, encoder, int8=int8)
    _, far = export(checkpoint, encoder, folder, int8=int8)
    typer.echo(f"{folder}: differs from torch's face by {far:.1e} at most")
