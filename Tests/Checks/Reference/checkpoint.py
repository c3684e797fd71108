# SPDX-License-Identifier: MIT
"""Hugging Face model directories: config.json and safetensors files, read and written."""

import json

import numpy as np

from packing import from_bf16, to_bf16, unpack_rows_by_four

DTYPES = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16, "U8": np.uint8}

MODULES = {
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    "attn_sub_norm": "self_attn.attn_sub_norm", "ffn_sub_norm": "mlp.ffn_sub_norm",
}
ONEBIT_MODULES = MODULES | {"attn_sub_norm": "self_attn.inner_attn_ln", "ffn_sub_norm": "mlp.ffn_layernorm"}
OUTSIDE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


# The other way round, for either.
PARTS = {theirs: ours for modules in (MODULES, ONEBIT_MODULES) for ours, theirs in modules.items()}


def module(name, modules=MODULES):
    """The checkpoint's name for a GGUF tensor (both without `.weight`)."""
    if name in OUTSIDE:
        return OUTSIDE[name]
    _, layer, part = name.split(".")
    return f"model.layers.{layer}.{modules[part]}"


def tensor_name(path):
    """The GGUF name for a checkpoint's module."""
    for ours, theirs in OUTSIDE.items():
        if path == theirs:
            return ours
    layer, part = path.removeprefix("model.layers.").split(".", 1)
    return f"blk.{layer}.{PARTS[part]}"


def write_safetensors(path, tensors):
    """`tensors`: {name: (dtype, array)}; BF16 as raw words."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, (dtype, array) in tensors.items():
        header[name] = dict(dtype=dtype, shape=list(array.shape), data_offsets=[offset, offset + array.nbytes])
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, array in tensors.values():
            file.write(np.ascontiguousarray(array).tobytes())


def read_safetensors(path):
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            begin, end = (start + offset for offset in entry["data_offsets"])
            values = np.frombuffer(data[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
            tensors[name] = from_bf16(values) if entry["dtype"] == "BF16" else values
    return tensors


def bf16(values):
    return "BF16", to_bf16(values)


class Directory:
    """What the reference needs of a checkpoint: `matrices` {name: (trits, scale)}, `masters` {name: float32}
    to be quantised, and the `dense` rest, by GGUF names."""

    def __init__(self, path):
        self.config = config = json.loads((path / "config.json").read_text(encoding="utf-8"))
        tensors = {}
        for file in sorted(path.glob("*.safetensors")):
            tensors |= read_safetensors(file)
        quantisation = config.get("quantization_config", {})
        # Without a class it is `bitlinear`, which stores the reciprocal of the scale.
        divides = quantisation.get("linear_class", "bitlinear") == "bitlinear"
        self.matrices, self.masters, self.dense = {}, {}, {}
        for name, values in tensors.items():
            if not name.endswith(".weight"):
                continue
            ours = tensor_name(name.removesuffix(".weight"))
            if values.dtype == np.uint8:
                stored = tensors[name + "_scale"][0]
                self.matrices[ours] = unpack_rows_by_four(values), 1 / stored if divides else stored
            elif ours.startswith("blk.") and values.ndim == 2:
                self.masters[ours] = values.astype(np.float32)
            else:
                self.dense[ours] = values.astype(np.float32)
