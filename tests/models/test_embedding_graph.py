"""The encoder graph against the same encoders written again, in numpy, from their papers."""

import math
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from models.encoder_graph import build_encoder, quantise, relative_buckets
from models.model_entry import EncoderShape, Quantisation

Tensors = dict[str, NDArray[np.float32]]
HIDDEN, HEADS, INNER, WORDS, PLACES = 32, 4, 64, 50, 320
# (attention projections q, k, v, output; attention norm) as the published weights name them
NAMES = {
    "bert": (
        ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"),
        "attention.output.LayerNorm",
    ),
    "mpnet": (("attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o"), "attention.LayerNorm"),
}


def shape_of(architecture: Any) -> EncoderShape:
    return EncoderShape(architecture, 2, HEADS, HIDDEN, 1e-5, PLACES - 2)


def weights_of(architecture: str) -> Tensors:
    """Random weights under the published names."""
    rng = np.random.default_rng(3)
    tensors: Tensors = {}

    def draw(name: str, *shape: int) -> None:
        tensors[name] = rng.normal(0, 0.3, shape).astype(np.float32)

    def norm(name: str) -> None:
        draw(f"{name}.weight", HIDDEN)
        draw(f"{name}.bias", HIDDEN)

    def linear(name: str, out: int, into: int) -> None:
        draw(f"{name}.weight", out, into)
        draw(f"{name}.bias", out)

    draw("embeddings.word_embeddings.weight", WORDS, HIDDEN)
    draw("embeddings.position_embeddings.weight", PLACES, HIDDEN)
    if architecture == "bert":
        draw("embeddings.token_type_embeddings.weight", 2, HIDDEN)
    else:
        draw("encoder.relative_attention_bias.weight", 32, HEADS)
    norm("embeddings.LayerNorm")
    projections, attention_norm = NAMES[architecture]
    for layer in range(2):
        prefix = f"encoder.layer.{layer}"
        for name in projections:
            linear(f"{prefix}.{name}", HIDDEN, HIDDEN)
        norm(f"{prefix}.{attention_norm}")
        linear(f"{prefix}.intermediate.dense", INNER, HIDDEN)
        linear(f"{prefix}.output.dense", HIDDEN, INNER)
        norm(f"{prefix}.output.LayerNorm")
    return tensors


def bucket(distance: int) -> int:
    """T5's bucket of key − query, one distance at a time (32 buckets, 128 the farthest told apart)."""
    side = 16 if distance > 0 else 0
    size = abs(distance)
    if size < 8:
        return side + size
    return side + min(15, 8 + int(math.log(size / 8) / math.log(128 / 8) * 8))


def in_numpy(architecture: str, tensors: Tensors, tokens: list[int]) -> NDArray[np.float64]:
    """The mean of the last hidden states, in float64."""
    weights = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}

    def norm(x: Any, name: str) -> Any:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def linear(x: Any, name: str) -> Any:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    count = len(tokens)
    first_place = 0 if architecture == "bert" else 2
    x = weights["embeddings.word_embeddings.weight"][tokens]
    x = x + weights["embeddings.position_embeddings.weight"][first_place : first_place + count]
    bias = np.zeros((HEADS, count, count))
    if architecture == "bert":
        x = x + weights["embeddings.token_type_embeddings.weight"][0]
    else:
        table = weights["encoder.relative_attention_bias.weight"]
        for query in range(count):
            for key in range(count):
                bias[:, query, key] = table[bucket(key - query)]
    x = norm(x, "embeddings.LayerNorm")
    projections, attention_norm = NAMES[architecture]
    gelu = np.vectorize(lambda value: value * 0.5 * (1 + math.erf(value / math.sqrt(2))))
    size = HIDDEN // HEADS
    for layer in range(2):
        prefix = f"encoder.layer.{layer}"
        query, key, value = (linear(x, f"{prefix}.{name}") for name in projections[:3])
        mixed = np.zeros_like(x)
        for head in range(HEADS):
            part = slice(head * size, (head + 1) * size)
            scores = query[:, part] @ key[:, part].T / math.sqrt(size) + bias[head]
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            mixed[:, part] = scores / scores.sum(-1, keepdims=True) @ value[:, part]
        x = norm(x + linear(mixed, f"{prefix}.{projections[3]}"), f"{prefix}.{attention_norm}")
        inner = gelu(linear(x, f"{prefix}.intermediate.dense"))
        x = norm(x + linear(inner, f"{prefix}.output.dense"), f"{prefix}.output.LayerNorm")
    return np.asarray(x.mean(0))


@pytest.fixture
def run() -> Callable[[str, Tensors, list[int]], NDArray[np.float32]]:
    """The graph, run by onnxruntime."""

    def graph(architecture: str, tensors: Tensors, tokens: list[int]) -> NDArray[np.float32]:
        model = build_encoder(tensors, shape_of(architecture))
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        return np.asarray(session.run(None, {"input_ids": np.array([tokens], dtype=np.int64)})[0][0])

    return graph


@pytest.mark.parametrize("architecture", ["bert", "mpnet"])
@pytest.mark.parametrize("count", [1, 7, 300])  # 300: past MPNet's last distance bucket
def test_graph_gives_the_encoders_vector(architecture: str, count: int, run: Callable[..., Any]) -> None:
    tensors = weights_of(architecture)
    tokens = np.random.default_rng(count).integers(0, WORDS, count).tolist()
    assert run(architecture, tensors, tokens) == pytest.approx(in_numpy(architecture, tensors, tokens), abs=2e-5)


def test_distance_buckets_are_those_of_t5() -> None:
    distances = np.arange(-400, 401)
    assert relative_buckets(distances).tolist() == [bucket(int(distance)) for distance in distances]
    # As the reference implementation gives them.
    assert relative_buckets(np.array([-200, -128, -16, -8, -1, 0, 1, 8, 16, 128])).tolist() == [
        15, 15, 10, 8, 1, 0, 17, 24, 26, 31,
    ]  # fmt: skip


def test_missing_weight_is_a_key_error() -> None:
    tensors = weights_of("bert")
    del tensors["encoder.layer.1.output.dense.bias"]
    with pytest.raises(KeyError, match=r"layer\.1\.output\.dense\.bias"):
        build_encoder(tensors, shape_of("bert"))


def test_built_file_is_the_same_every_time() -> None:
    tensors = weights_of("mpnet")
    one, two = (build_encoder(tensors, shape_of("mpnet")).SerializeToString(deterministic=True) for _ in range(2))
    assert one == two


def test_quantised_matrix_is_within_half_a_step() -> None:
    matrix = np.random.default_rng(2).normal(0, 1, (40, 30)).astype(np.float32)
    matrix[:, 3] = 0  # a column without a largest value
    for axis in (0, 1):
        integers, scales = quantise(matrix, axis)
        assert (integers.dtype, np.abs(integers).max()) == (np.int8, 63)
        assert np.all(np.abs(integers * scales - matrix) <= scales / 2 + 1e-7)


def test_one_loud_token_does_not_drown_the_others_in_int8() -> None:
    """With one scale for the whole activation, a value of 700 in one token would round every other token's to zero."""
    tensors = weights_of("bert")
    prefix = "encoder.layer.0"
    for name in (f"{prefix}.attention.output.dense.weight", f"{prefix}.attention.output.dense.bias"):
        tensors[name][:] = 0  # the feed-forward layer sees the words themselves
    for name in ("embeddings.LayerNorm", f"{prefix}.attention.output.LayerNorm"):
        tensors[f"{name}.weight"][:], tensors[f"{name}.bias"][:] = 1, 0
    first = tensors["embeddings.word_embeddings.weight"][0] + tensors["embeddings.position_embeddings.weight"][0]
    first = first + tensors["embeddings.token_type_embeddings.weight"][0]
    first = (first - first.mean()) / first.std()  # norm² is HIDDEN
    tensors[f"{prefix}.intermediate.dense.weight"][0] = 100 * first
    tensors[f"{prefix}.intermediate.dense.bias"][0] = -100 * HIDDEN + 700
    tensors[f"{prefix}.output.dense.weight"][:, 0] /= 700
    vectors = []
    for quantisation in get_args(Quantisation):
        model = build_encoder(tensors, shape_of("bert"), quantisation)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        vector = session.run(None, {"input_ids": np.arange(20)[None]})[0][0]
        vectors.append(vector / np.linalg.norm(vector))
    assert float(vectors[0] @ vectors[1]) > 0.999  # .9953 with one scale for all
