"""Makes the ONNX file of an embedding model from its published weights, on the user's machine, in seconds."""

from pathlib import Path

import onnx

from models.encoder_graph import build_encoder
from models.model_entry import EncoderRecipe
from models.safetensors_file import read_tensors
from records.errors import ModelFileInvalid


def build_encoder_file(weights: Path, output: Path, recipe: EncoderRecipe) -> None:
    """Write the recipe's encoder to `output`. Raises ModelFileInvalid when the weights lack a tensor it needs."""
    try:
        model = build_encoder(read_tensors(weights), recipe.shape, recipe.quantisation)
    except KeyError as error:
        raise ModelFileInvalid(
            f"{weights} has no tensor {error}: it is not a {recipe.shape.architecture} sentence encoder. Pull the model "
            "again."
        ) from error
    onnx.save(model, output)
