"""Builds the ONNX graph of a sentence encoder (BERT or MPNet) from its weights.

Input `input_ids` (1, tokens) int64: one text, special tokens included, without padding. Output `vector` (1, dimensions)
float32: the mean of the last hidden states, not yet normalised. One text a run needs no attention mask.

int8: every linear layer multiplies eight-bit integers, with one scale a token and one a column of the weights; word vectors have
one scale a word. Sums, norms, softmax and biases stay float32. onnxruntime's own dynamic quantisation has one scale for the whole
activation, which MPNet's few large values spoil (cosine to float32 .91 against .99 here) and which makes a vector depend on
the texts beside it.

Architectures: BERT https://arxiv.org/abs/1810.04805, MPNet https://arxiv.org/abs/2004.09297 (relative position buckets as in
T5, https://arxiv.org/abs/1910.10683).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from models.model_entry import EncoderShape, Quantisation

OPSET = 20  # the first with Gelu; LayerNormalization is there since 17
IR_VERSION = 10  # what onnxruntime 1.23, our lower bound, reads


# Weights use seven bits: without VNNI instructions two products of eight bits are summed in 16, which saturates at
# 2 · 255 · 64, and one file would give different vectors on different processors.
_WEIGHT_STEPS = 63
_TOKEN_STEPS = 127
_TOKEN_ZERO = 128  # activations are unsigned: the kernels are fastest for unsigned times signed
_SMALLEST = 1e-9  # keeps the scale of an all-zero row from dividing by zero


@dataclass
class _Graph:
    """Nodes and initializers while they are collected."""

    tensors: Mapping[str, NDArray[Any]]
    quantised: bool
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)

    def constant(self, name: str, value: NDArray[Any]) -> str:
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def weight(self, name: str) -> str:
        return self.constant(name, self.tensors[name])

    def node(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        output = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def scalar(self, name: str, value: float, dtype: type[np.generic] = np.float32) -> str:
        return self.constant(name, np.array(value, dtype=dtype))

    def linear(self, x: str, name: str) -> str:
        """x @ Wᵀ + b, (…, in) → (…, out)."""
        weight = self.tensors[f"{name}.weight"].T  # (in, out)
        if self.quantised:
            product = self._integer_product(x, name, weight)
        else:
            product = self.node("MatMul", [x, self.constant(f"{name}.weight_t", weight)])
        return self.node("Add", [product, self.weight(f"{name}.bias")])

    def _integer_product(self, x: str, name: str, weight: NDArray[Any]) -> str:
        """x @ weight in integers: each token of x and each column of weight by its own largest value."""
        integers, scales = quantise(weight, axis=0)
        largest = self.node(
            "ReduceMax", [self.node("Abs", [x]), self.constant("last_axis", np.array([-1]))], keepdims=1
        )
        step = self.node("Max", [largest, self.scalar("smallest", _SMALLEST)])
        step = self.node("Mul", [step, self.scalar("one_step", 1 / _TOKEN_STEPS)])
        rounded = self.node("Round", [self.node("Div", [x, step])])
        shifted = self.node("Add", [rounded, self.scalar("token_zero_float", _TOKEN_ZERO)])
        tokens = self.node("Cast", [shifted], to=TensorProto.UINT8)
        zero = self.scalar("token_zero", _TOKEN_ZERO, np.uint8)
        product = self.node("MatMulInteger", [tokens, self.constant(f"{name}.weight_q", integers), zero])
        product = self.node("Mul", [self.node("Cast", [product], to=TensorProto.FLOAT), step])
        return self.node("Mul", [product, self.constant(f"{name}.weight_scale", scales)])

    def rows(self, name: str, indices: str) -> str:
        """The rows of a table, float32."""
        if not self.quantised:
            return self.node("Gather", [self.weight(name), indices])
        integers, scales = quantise(self.tensors[name], axis=1)
        found = self.node("Gather", [self.constant(f"{name}_q", integers), indices])
        scale = self.node("Gather", [self.constant(f"{name}_scale", scales), indices])
        return self.node("Mul", [self.node("Cast", [found], to=TensorProto.FLOAT), scale])

    def layer_norm(self, x: str, name: str, epsilon: float) -> str:
        return self.node(
            "LayerNormalization",
            [x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias")],
            axis=-1,
            epsilon=epsilon,
        )


@dataclass(frozen=True)
class _Names:
    """Where one architecture keeps the weights of layer `i`."""

    query: str
    key: str
    value: str
    output: str
    attention_norm: str


_NAMES = {
    "bert": _Names(
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
        "attention.output.LayerNorm",
    ),
    "mpnet": _Names(
        "attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o", "attention.LayerNorm"
    ),
}


def quantise(matrix: NDArray[Any], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Integers in [−63, 63] of the matrix's shape, and the scales that undo them, with `axis` reduced to 1.

    integers · scales differs from the matrix by at most half a scale.
    """
    scales = np.maximum(np.abs(matrix).max(axis=axis, keepdims=True), _SMALLEST) / _WEIGHT_STEPS
    return np.rint(matrix / scales).astype(np.int8), scales.astype(np.float32)


def build_encoder(
    tensors: Mapping[str, NDArray[Any]], shape: EncoderShape, quantisation: Quantisation = "float32"
) -> onnx.ModelProto:
    """The encoder as an ONNX model. Raises KeyError for a weight that is not there."""
    graph = _Graph(tensors, quantised=quantisation == "int8")
    hidden = _embeddings(graph, shape)
    bias = _relative_bias(graph, shape) if shape.architecture == "mpnet" else None
    for layer in range(shape.layers):
        hidden = _layer(graph, hidden, bias, f"encoder.layer.{layer}", shape)
    axes = graph.constant("token_axis", np.array([1], dtype=np.int64))
    pooled = graph.node("ReduceMean", [hidden, axes], keepdims=0)
    graph.nodes.append(helper.make_node("Identity", [pooled], ["vector"], name="vector"))
    proto = helper.make_graph(
        graph.nodes,
        f"{shape.architecture}_sentence_encoder",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, shape.hidden])],
        list(graph.constants.values()),
    )
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="rhyme")
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    return model


def _cut(graph: _Graph, table: str, axes: int) -> str:
    """The first `tokens` entries of `table` along each of its first `axes` axes."""
    tokens = graph.node("Shape", ["input_ids"], start=1, end=2)
    ends = graph.node("Concat", [tokens] * axes, axis=0)
    starts = graph.constant(f"starts_{axes}", np.zeros(axes, dtype=np.int64))
    return graph.node("Slice", [table, starts, ends, graph.constant(f"axes_{axes}", np.arange(axes, dtype=np.int64))])


def _embeddings(graph: _Graph, shape: EncoderShape) -> str:
    """(1, tokens, hidden): word plus position (plus BERT's first token type), normalised."""
    words = graph.rows("embeddings.word_embeddings.weight", "input_ids")
    table = graph.tensors["embeddings.position_embeddings.weight"]
    if shape.architecture == "mpnet":
        table = table[2 : 2 + shape.max_tokens]  # MPNet counts positions from pad_token_id + 1 = 2
    else:
        table = table[: shape.max_tokens] + graph.tensors["embeddings.token_type_embeddings.weight"][:1]
    places = _cut(graph, graph.constant("positions", table.astype(np.float32)), axes=1)
    return graph.layer_norm(graph.node("Add", [words, places]), "embeddings.LayerNorm", shape.layer_norm_epsilon)


def relative_buckets(distances: NDArray[np.int64], buckets: int = 32, max_distance: int = 128) -> NDArray[np.int64]:
    """T5's bidirectional bucket of each distance key − query: exact up to 7 either side, logarithmic to 127, then constant.

    Shape is kept; values lie in [0, buckets).
    """
    half = buckets // 2
    side = np.where(distances > 0, half, 0)
    size = np.abs(distances)
    exact = half // 2
    with np.errstate(divide="ignore"):
        scaled = np.log(size.astype(np.float32) / exact) / np.log(np.float32(max_distance / exact)) * (half - exact)
    far = np.minimum(exact + np.where(np.isfinite(scaled), scaled, 0).astype(np.int64), half - 1)
    return np.asarray(side + np.where(size < exact, size, far), dtype=np.int64)


def _relative_bias(graph: _Graph, shape: EncoderShape) -> str:
    """(heads, tokens, tokens): what each head adds to a score for the distance between key and query."""
    places = np.arange(shape.max_tokens, dtype=np.int64)
    buckets = relative_buckets(places[None, :] - places[:, None]).astype(np.int32)  # (query, key)
    by_pair = graph.node(
        "Gather",
        [
            graph.weight("encoder.relative_attention_bias.weight"),
            _cut(graph, graph.constant("buckets", buckets), axes=2),
        ],
    )
    return graph.node("Transpose", [by_pair], perm=[2, 0, 1])


def _layer(graph: _Graph, x: str, bias: str | None, prefix: str, shape: EncoderShape) -> str:
    """One encoder block, post-norm: attention, add, normalise, feed-forward, add, normalise."""
    names = _NAMES[shape.architecture]
    head_size = shape.hidden // shape.heads
    split = graph.constant("split_heads", np.array([1, -1, shape.heads, head_size], dtype=np.int64))
    join = graph.constant("join_heads", np.array([1, -1, shape.hidden], dtype=np.int64))

    def heads(name: str, order: list[int]) -> str:
        projected = graph.linear(x, f"{prefix}.{name}")
        return graph.node("Transpose", [graph.node("Reshape", [projected, split])], perm=order)

    query, value = heads(names.query, [0, 2, 1, 3]), heads(names.value, [0, 2, 1, 3])
    scores = graph.node("MatMul", [query, heads(names.key, [0, 2, 3, 1])])
    scale = graph.constant("scale", np.array(head_size**-0.5, dtype=np.float32))
    scores = graph.node("Mul", [scores, scale])
    if bias is not None:
        scores = graph.node("Add", [scores, bias])
    mixed = graph.node("MatMul", [graph.node("Softmax", [scores], axis=-1), value])
    mixed = graph.node("Reshape", [graph.node("Transpose", [mixed], perm=[0, 2, 1, 3]), join])
    attended = graph.node("Add", [graph.linear(mixed, f"{prefix}.{names.output}"), x])
    attended = graph.layer_norm(attended, f"{prefix}.{names.attention_norm}", shape.layer_norm_epsilon)
    inner = graph.node("Gelu", [graph.linear(attended, f"{prefix}.intermediate.dense")])
    outer = graph.node("Add", [graph.linear(inner, f"{prefix}.output.dense"), attended])
    return graph.layer_norm(outer, f"{prefix}.output.LayerNorm", shape.layer_norm_epsilon)
