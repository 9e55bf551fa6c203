"""An embedded embedder from published files to vectors: a small encoder of random weights goes the whole way."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from models import model_entry
from models.embedding import EmbedderSpec, load_embedder, load_entry, open_embedder
from models.model_entry import CatalogEntry, EncoderRecipe, EncoderShape, HubAddress, ModelFile, Quantisation
from models.model_files import verify
from models.pull import PullOptions, pull
from models.safetensors_file import read_tensors
from records.embedder import Embedder
from records.errors import ModelError, ModelFileInvalid, ModelMissing

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "oil", "falls", "as", "output", "rises", "bank", "cuts", "rates"]
SHAPE = EncoderShape("bert", layers=2, heads=4, hidden=64, layer_norm_epsilon=1e-12, max_tokens=16)


def write_safetensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """The format's three parts: header length, header, data."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = tensor.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    head = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + data)


def write_weights(path: Path) -> None:
    rng = np.random.default_rng(5)
    shapes = {
        "embeddings.word_embeddings.weight": (len(WORDS), 64),
        "embeddings.position_embeddings.weight": (20, 64),
        "embeddings.token_type_embeddings.weight": (2, 64),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(SHAPE.layers):
        prefix = f"encoder.layer.{layer}"
        linears = {f"attention.self.{part}": (64, 64) for part in ("query", "key", "value")}
        linears |= {"attention.output.dense": (64, 64), "intermediate.dense": (128, 64), "output.dense": (64, 128)}
        for name, (out, into) in linears.items():
            shapes |= {f"{prefix}.{name}.weight": (out, into), f"{prefix}.{name}.bias": (out,)}
        norms += [f"{prefix}.attention.output.LayerNorm", f"{prefix}.output.LayerNorm"]
    shapes |= {f"{name}.{part}": (64,) for name in norms for part in ("weight", "bias")}
    write_safetensors(path, {name: rng.normal(0, 0.3, shape) for name, shape in shapes.items()})


def write_tokenizer(path: Path) -> None:
    """Words as tokens; padded and cut like the published files, which the embedder has to undo."""
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_padding(length=8)
    tokenizer.enable_truncation(8)
    tokenizer.save(str(path))


def published(directory: Path, quantisation: Quantisation) -> CatalogEntry:
    """The entry of a small encoder, its published files in `directory`."""
    write_weights(directory / "small.safetensors")
    write_tokenizer(directory / "small.tokenizer.json")
    files = tuple(
        ModelFile(name, len(content), hashlib.sha256(content).hexdigest(), HubAddress("org/small", "0" * 40, name))
        for name, content in ((path.name, path.read_bytes()) for path in sorted(directory.glob("small.*")))
    )
    recipe = EncoderRecipe(SHAPE, quantisation, "small.safetensors", "small.tokenizer.json", "small.onnx", 100_000)
    return CatalogEntry("small", "embedding", "Small", "Apache-2.0", files, None, "", recipe)


@pytest.fixture(scope="module", params=["float32", "int8"])
def entry_and_folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[CatalogEntry, Path]:
    """A small embedder, pulled: its files are there already, so that only the build is left."""
    folder = tmp_path_factory.mktemp(request.param)
    entry = published(folder, request.param)
    pull(entry, folder, options=PullOptions(order="hub"))
    return entry, folder


@pytest.fixture(scope="module")
def embedder(entry_and_folder: tuple[CatalogEntry, Path]) -> Embedder:
    return load_entry(*entry_and_folder)


def test_build_leaves_encoder_and_tokenizer_and_drops_the_weights(entry_and_folder: tuple[CatalogEntry, Path]) -> None:
    entry, folder = entry_and_folder
    assert sorted(path.name for path in folder.iterdir()) == [
        ".pull.lock",
        "small.onnx",
        "small.onnx.verified.json",
        "small.tokenizer.json",
        "small.tokenizer.json.verified.json",
    ]
    verify(entry, folder, rehash=True)


def test_vectors_are_unit_rows_in_the_order_of_the_texts(embedder: Embedder) -> None:
    texts = ["oil falls", "bank cuts rates", "output rises"]
    vectors = embedder.embed(texts)
    assert (vectors.shape, vectors.dtype) == ((3, embedder.dimensions), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
    assert np.array_equal(embedder.embed(texts[::-1]), vectors[::-1])
    assert not np.allclose(vectors[0], vectors[1], atol=0.01)


def test_vector_does_not_depend_on_the_texts_beside_it(embedder: Embedder) -> None:
    alone = embedder.embed(["oil falls as output rises"])[0]
    among = embedder.embed(["bank", "oil falls as output rises", "rates " * 14])[1]
    assert np.array_equal(alone, among)


def test_text_counts_up_to_the_models_length_not_the_tokenizer_files(embedder: Embedder) -> None:
    room = SHAPE.max_tokens - 2  # the two special tokens
    full, over = " ".join(["oil", "falls"] * 7), " ".join([*["oil", "falls"] * 7, "bank", "cuts"])
    assert len(full.split()) == room
    assert np.array_equal(*embedder.embed([full, over]))
    assert not np.allclose(*embedder.embed([full, " ".join(["oil", "falls"] * 4)]), atol=1e-3)  # 8: the file's own cut


def test_padding_of_the_tokenizer_file_does_not_count(
    entry_and_folder: tuple[CatalogEntry, Path], embedder: Embedder
) -> None:
    session = onnxruntime.InferenceSession(str(entry_and_folder[1] / "small.onnx"), providers=["CPUExecutionProvider"])
    bare = session.run(None, {"input_ids": np.array([[2, WORDS.index("oil"), 3]])})[0][0]
    assert embedder.embed(["oil"])[0] == pytest.approx(bare / np.linalg.norm(bare), abs=1e-6)


def test_empty_text_has_a_vector_and_no_texts_have_none(embedder: Embedder) -> None:
    assert np.linalg.norm(embedder.embed([""])[0]) == pytest.approx(1, abs=1e-6)
    assert embedder.embed([]).shape == (0, embedder.dimensions)


def test_embedder_carries_its_digest(entry_and_folder: tuple[CatalogEntry, Path], embedder: Embedder) -> None:
    assert (embedder.name, embedder.digest, embedder.dimensions) == ("small", entry_and_folder[0].embedder_digest, 64)


def test_int8_is_near_float32_and_has_another_digest(tmp_path: Path) -> None:
    found = {}
    for quantisation in ("float32", "int8"):
        folder = tmp_path / quantisation
        folder.mkdir()
        entry = published(folder, quantisation)
        pull(entry, folder, options=PullOptions(order="hub"))
        embedder = load_entry(entry, folder)
        found[embedder.digest] = embedder.embed(["oil falls as output rises"])[0]
    assert len(found) == 2
    one, other = found.values()
    assert 0.99 < float(one @ other) < 0.999999


def test_altered_encoder_is_not_loaded(tmp_path: Path) -> None:
    entry = published(tmp_path, "float32")
    pull(entry, tmp_path, options=PullOptions(order="hub"))
    encoder = tmp_path / "small.onnx"
    content = bytearray(encoder.read_bytes())
    content[-100] ^= 1
    encoder.write_bytes(content)
    with pytest.raises(ModelFileInvalid, match="rhyme models pull small"):
        load_entry(entry, tmp_path)


def test_encoder_of_another_recipe_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = published(tmp_path, "float32")
    pull(entry, tmp_path, options=PullOptions(order="hub"))
    monkeypatch.setattr(model_entry, "RECIPE_VERSION", model_entry.RECIPE_VERSION + 1)
    with pytest.raises(ModelFileInvalid, match="not made by this version"):
        load_entry(entry, tmp_path)


def test_weights_of_another_architecture_are_refused_by_the_build(tmp_path: Path) -> None:
    entry = published(tmp_path, "float32")
    assert entry.recipe is not None
    other = replace(entry, recipe=replace(entry.recipe, shape=replace(SHAPE, architecture="mpnet")))
    with pytest.raises(ModelFileInvalid, match="not a mpnet sentence encoder"):
        pull(other, tmp_path, options=PullOptions(order="hub"))
    assert not (tmp_path / "small.onnx").exists()


def test_proven_encoder_that_the_runtime_cannot_read_is_a_typed_error(tmp_path: Path) -> None:
    from models.model_files import install

    entry = published(tmp_path, "float32")
    (tmp_path / "bad").write_bytes(b"no model")
    install(tmp_path / "bad", tmp_path / "small.onnx", hashlib.sha256(b"no model").hexdigest(), entry.embedder_digest)
    with pytest.raises(ModelFileInvalid, match="cannot be loaded"):
        load_entry(entry, tmp_path)


def test_embedder_that_is_not_pulled_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="rhyme models pull minilm"):
        load_embedder("minilm", tmp_path)


def test_language_model_is_no_embedder(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="no embedding model called 'default'"):
        open_embedder(EmbedderSpec("default", tmp_path))


def test_damaged_safetensors_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes((1 << 40).to_bytes(8, "little") + b"{}")
    with pytest.raises(ModelFileInvalid, match="not a safetensors file"):
        read_tensors(path)


def test_safetensors_range_past_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    write_safetensors(path, {"a": np.zeros(8)})
    os.truncate(path, path.stat().st_size - 4)
    with pytest.raises(ModelFileInvalid, match="bytes 0–32 of 28"):
        read_tensors(path)


def test_runtime_failure_is_a_typed_error(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedder, "_tokenizer", Tokenizer(models.WordLevel({"oil": 99}, unk_token="oil")))
    with pytest.raises(ModelError, match="failed on a text of 1 tokens"):
        embedder.embed(["oil"])  # token 99 is outside the vocabulary of 12
