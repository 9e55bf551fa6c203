"""Reads the weights of a `.safetensors` file: a length, a JSON header, then the raw tensors.

Format: https://github.com/huggingface/safetensors (eight little-endian bytes give the header's length).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from records.errors import ModelFileInvalid

_DTYPES: Mapping[str, np.dtype[Any]] = MappingProxyType(
    {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "I64": np.dtype("<i8")}
)
_MAX_HEADER_BYTES = 100_000_000  # the format's own limit


def read_tensors(path: Path) -> Mapping[str, NDArray[Any]]:
    """Tensors by name as read-only views of the mapped file; nothing is copied until used.

    Raises ModelFileInvalid when the header or a tensor's range does not fit the file.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        header_bytes = int.from_bytes(file.read(8), "little")
        if not 0 < header_bytes <= min(_MAX_HEADER_BYTES, size - 8):
            raise ModelFileInvalid(
                f"{path} is not a safetensors file: it names a header of {header_bytes} bytes in {size}. "
                "Delete it and pull the model again with `rhyme models pull`."
            )
        header = json.loads(file.read(header_bytes))
    start = 8 + header_bytes
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=start)
    tensors: dict[str, NDArray[Any]] = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        dtype = _DTYPES.get(entry["dtype"])
        if dtype is None or not 0 <= begin <= end <= data.size:
            raise ModelFileInvalid(
                f"{path} holds tensor {name!r} as {entry['dtype']} at bytes {begin}–{end} of {data.size}, which cannot be "
                "read. Delete the file and pull the model again with `rhyme models pull`."
            )
        tensors[name] = data[begin:end].view(dtype).reshape(entry["shape"])
    return MappingProxyType(tensors)
