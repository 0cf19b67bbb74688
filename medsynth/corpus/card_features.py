"""The features that a dataset card declares, from the schema that the corpus is written with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

SAMPLE_RATE = 16_000

_DTYPES: dict[Any, str] = {
    pl.String: "string",
    pl.Binary: "binary",
    pl.Boolean: "bool",
    pl.Float32: "float32",
    pl.Float64: "float64",
    pl.Int8: "int8",
    pl.Int16: "int16",
    pl.Int32: "int32",
    pl.Int64: "int64",
    pl.UInt8: "uint8",
    pl.UInt16: "uint16",
    pl.UInt32: "uint32",
    pl.UInt64: "uint64",
}


def features_yaml(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the `dataset_info.features` of a polars schema, in the form that `datasets` writes itself.

    A struct of `bytes` (binary) and `path` is audio of 16 kHz. Raises TypeError on a type that the
    corpus does not use.
    """
    return [{"name": name} | _feature(dtype) for name, dtype in schema.items()]


def _feature(dtype: Any) -> dict[str, Any]:
    if isinstance(dtype, pl.Struct):
        fields = dtype.to_schema()
        if set(fields) == {"bytes", "path"}:
            return {"dtype": {"audio": {"sampling_rate": SAMPLE_RATE}}}
        return {"struct": features_yaml(fields)}
    if isinstance(dtype, pl.List):
        inner = _feature(dtype.inner)
        return {"list": inner.get("struct") or inner.get("dtype") or inner}
    for known, name in _DTYPES.items():
        if dtype == known:
            return {"dtype": name}
    raise TypeError(f"no Hugging Face feature for the column type {dtype}")
