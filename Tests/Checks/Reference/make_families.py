# SPDX-License-Identifier: MIT
"""Writes the models of the three families in the forms people have.

    python3 make_families.py directories microsoft onebit llama   # from FAMILY.npz of train_families.py
    python3 make_families.py files                                # GGUF files from the directories

Everything lands in Tests/Golden/families. A directory is the original; the GGUF files hold the same network,
except that the TQ files of `llama` round its scales to f16, and the one that llama.cpp's own quantiser makes
rounds the embedding and the head as well.
"""

import ctypes
import json
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np

from checkpoint import MODULES, ONEBIT_MODULES, Directory, bf16, module, write_safetensors
from families import EMBEDDED, FAMILIES, GOLDEN, small_tokenizer
from packing import I2_S, pack_i2_s, pack_rows_by_four, pack_tq2_0, round_bf16
from sources import MATRICES, absmean

sys.path.insert(0, str(EMBEDDED))

from container import CHAT_TEMPLATE, add_tokenizer, tq1_0  # noqa: E402
from corpus import BOS, EOS, EOT  # noqa: E402

FOLDER = GOLDEN / "families"


# Directories


def bf16_masters(masters):
    """Masters in BF16 whose mean magnitude is a number of eight bits, exactly.

    Then F32, F16 and BF16 all hold the scale, and sums of any order agree on it: one golden file serves
    the masters and every form made of them. All values lie on the grid of the scale's last bit."""
    scale = round_bf16(np.abs(masters).mean(dtype=np.float64, keepdims=True)).item()
    step = 2.0 ** (np.floor(np.log2(scale)) - 7)
    units = np.rint(round_bf16(masters) / step).astype(np.int64)
    units += np.sign(units) * (2 * np.abs(units) * step == scale)  # no ties
    rng = np.random.default_rng(units.size)
    while missing := round(scale / step) * units.size - int(np.abs(units).sum()):
        # Only values far from a threshold are moved, and only where a step of one is exact in BF16.
        size = np.abs(units)
        relative = size * step / scale
        movable = np.flatnonzero(((relative > 0.6) & (size < 254)) | ((relative > 0.05) & (relative < 0.4)))
        chosen = rng.choice(movable, min(abs(missing), len(movable)), replace=False)
        flat = units.reshape(-1)
        flat[chosen] += np.sign(flat[chosen]) * np.sign(missing)
    exact = (units * step).astype(np.float32)
    assert np.array_equal(round_bf16(exact), exact)
    # A threshold must not be so near that the last bit of a float decides about a trit.
    assert np.abs(np.abs(exact) / scale - 0.5).min() > 1e-5
    return exact, scale


def masters_of(trits, scale):
    """Masters in BF16 that quantise to these trits and exactly this scale, a number of eight bits."""
    step = 2.0 ** (np.floor(np.log2(scale)) - 7)
    target = round(scale / step)
    ones, zeros = np.flatnonzero(trits), np.flatnonzero(trits == 0)
    units = np.zeros(trits.size, np.int64)
    units[zeros] = 3 * target // 10
    # Even numbers, because those are exact up to 512; what is left over is spread, and an odd one goes to a zero.
    left = target * trits.size - int(units.sum())
    units[ones] = left // len(ones) // 2 * 2
    left -= int(units[ones].sum())
    units[ones[:left // 2]] += 2
    units[zeros[:left % 2]] += 1
    masters = (units * step * np.where(trits.reshape(-1) < 0, -1, 1)).astype(np.float32).reshape(trits.shape)
    assert np.array_equal(round_bf16(masters), masters)
    assert all(np.array_equal(found, wanted) for found, wanted in zip(absmean(masters), (trits, scale)))
    return masters


def reciprocal_scale(masters):
    """The trits and what the class `bitlinear` stores: 1 / scale, in BF16."""
    trits, scale = absmean(masters)
    return trits, round_bf16(np.array([1 / scale], np.float32))


def configuration(family, **more):
    return dict(
        architectures=[more.pop("architecture")], attention_bias=False, bos_token_id=family.vocabulary - 3,
        eos_token_id=family.vocabulary - 2, hidden_act="relu2" if family.squared_relu else "silu",
        hidden_size=family.hidden, initializer_range=0.02, intermediate_size=family.ffn,
        max_position_embeddings=family.context, num_attention_heads=family.heads,
        num_hidden_layers=family.layers, num_key_value_heads=family.kv_heads, rms_norm_eps=family.eps,
        rope_theta=family.rope_base, tie_word_embeddings=family.tied, torch_dtype="bfloat16",
        use_cache=True, vocab_size=family.vocabulary, **more)


CONFIGURATIONS = {
    "microsoft": dict(architecture="BitNetForCausalLM", model_type="bitnet", quantization_config=dict(
        quant_method="bitnet", linear_class="autobitlinear", quantization_mode="offline")),
    "onebit": dict(architecture="BitnetForCausalLM", model_type="llama", input_bits=8, weight_bits=1, pad_token_id=None,
                   pretraining_tp=1, rope_scaling=None),
    "llama": dict(architecture="LlamaForCausalLM", model_type="llama", head_dim=FAMILIES["llama"].head, mlp_bias=False,
                  pretraining_tp=1, rope_scaling=None, quantization_config=dict(
                      modules_to_not_convert=["lm_head"], quant_method="bitnet")),
}


def tensors_of(family, values):
    """{checkpoint name: (dtype, array)} in the form that the family is published in."""
    tensors = {}
    modules = ONEBIT_MODULES if family.name == "onebit" else MODULES
    for name, value in values.items():
        ours = name.removesuffix(".weight")
        theirs = module(ours, modules) + ".weight"
        if ours.split(".")[-1] not in MATRICES:
            # Not below the normal range of F16, so that F16 holds every value of BF16.
            rounded = round_bf16(value)
            tensors[theirs] = bf16(np.where(np.abs(rounded) < 2.0 ** -14, 0, rounded))
        elif family.name == "onebit":
            tensors[theirs] = bf16(bf16_masters(value)[0])
        else:
            if family.name == "microsoft":
                masters, scale = bf16_masters(value)
                trits, stored = absmean(masters)[0], np.array([scale])
            else:
                trits, stored = reciprocal_scale(value)
            tensors[theirs] = "U8", pack_rows_by_four(trits.astype(np.int8))
            tensors[theirs + "_scale"] = bf16(stored)
    return tensors


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_tokenizer(folder, family):
    text = json.loads(small_tokenizer(family.vocabulary).to_str())
    special = dict(SpecialToken=dict(id=BOS, type_id=0))
    sequence = [dict(Sequence=dict(id=name, type_id=0)) for name in "AB"]
    text["post_processor"] = dict(
        type="TemplateProcessing", single=[special, sequence[0]], pair=[special, sequence[0], special, sequence[1]],
        special_tokens={BOS: dict(id=BOS, ids=[family.vocabulary - 3], tokens=[BOS])})
    (folder / "tokenizer.json").write_text(json.dumps(text, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    write_json(folder / "tokenizer_config.json", dict(
        bos_token=BOS, eos_token=EOS, chat_template=CHAT_TEMPLATE, model_max_length=family.context,
        tokenizer_class="PreTrainedTokenizerFast"))
    write_json(folder / "generation_config.json", dict(
        bos_token_id=family.vocabulary - 3, eos_token_id=[family.vocabulary - 2, family.vocabulary - 1]))


def write_directory(family, values):
    folder = FOLDER / family.name
    folder.mkdir(parents=True, exist_ok=True)
    tensors = tensors_of(family, values)
    write_json(folder / "config.json", configuration(family, **CONFIGURATIONS[family.name]))
    write_tokenizer(folder, family)
    if family.name != "llama":
        write_safetensors(folder / "model.safetensors", tensors)
        return
    # Large checkpoints come in several files, and an index says which holds what.
    parts = {"model-00001-of-00002.safetensors": {}, "model-00002-of-00002.safetensors": {}}
    for name, tensor in tensors.items():
        parts[f"model-0000{1 + (not name.startswith('model.layers.0.'))}-of-00002.safetensors"][name] = tensor
    for file, some in parts.items():
        write_safetensors(folder / file, some)
    write_json(folder / "model.safetensors.index.json", dict(
        metadata=dict(total_size=sum(array.nbytes for _, array in tensors.values())),
        weight_map={name: file for file, some in parts.items() for name in some}))


# GGUF files


def adjacent_rows(trits, heads):
    """Query and key rows as converters leave them in `llama` files: the pairs (j, j + half) of a head side by side."""
    rows, columns = trits.shape
    return trits.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


class Writer(gguf.GGUFWriter):
    def add_i2_s(self, name, trits, scale):
        data = pack_i2_s(trits, scale)
        # The element type only keeps the writer from working out a shape for a type it does not know.
        self.add_tensor_info(name, trits.shape, np.dtype(np.int8), data.nbytes, raw_dtype=I2_S)
        self.tensors[-1][name].tensor = data


def add_matrix(writer, name, trits, scale, form, number):
    trits = trits.astype(np.int8)
    if form == "i2_s":
        writer.add_i2_s(name, trits, scale)
    elif form == "f16":
        values = (trits * np.float32(scale)).astype(np.float16)
        writer.add_tensor(name, values)
    elif number % 2 == 0 if form == "tq" else form == "tq1_0":
        writer.add_tensor(name, tq1_0(trits, scale), raw_dtype=gguf.GGMLQuantizationType.TQ1_0)
    else:
        writer.add_tensor(name, pack_tq2_0(trits, scale), raw_dtype=gguf.GGMLQuantizationType.TQ2_0)


ARCHITECTURES = {"microsoft": "bitnet-b1.58", "onebit": "bitnet", "llama": "llama"}
FILE_TYPES = {"i2_s": 40, "f16": 1, "tq1_0": 36, "tq2_0": 37, "tq": 36}


def add_shape(writer, family):
    writer.add_vocab_size(family.vocabulary)
    writer.add_context_length(family.context)
    writer.add_embedding_length(family.hidden)
    writer.add_block_count(family.layers)
    writer.add_feed_forward_length(family.ffn)
    writer.add_head_count(family.heads)
    writer.add_head_count_kv(family.kv_heads)
    writer.add_rope_dimension_count(family.head)
    writer.add_rope_freq_base(family.rope_base)
    writer.add_layer_norm_rms_eps(family.eps)
    if family.head * family.heads != family.hidden:
        writer.add_key_length(family.head)
        writer.add_value_length(family.head)


def write_file(family, form, path):
    directory = Directory(FOLDER / family.name)
    matrices = directory.matrices | {name: absmean(w) for name, w in directory.masters.items()}
    writer = Writer(path, ARCHITECTURES[family.name])
    writer.add_name(path.stem)
    writer.add_license("MIT")
    writer.add_file_type(FILE_TYPES[form])
    add_shape(writer, family)
    add_tokenizer(writer, small_tokenizer(family.vocabulary))
    for name, values in directory.dense.items():
        writer.add_tensor(name + ".weight", values.astype(np.float16) if values.ndim == 2 else values)
    for number, (name, (trits, scale)) in enumerate(matrices.items()):
        if family.name == "llama" and name.endswith(("attn_q", "attn_k")):
            trits = adjacent_rows(trits, family.heads if name.endswith("q") else family.kv_heads)
        add_matrix(writer, name + ".weight", trits, scale, form, number)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def quantise_with_llama_cpp(family, path):
    """What llama.cpp's own quantiser makes of the F16 file: TQ1_0, the embedding Q4_K and the head Q6_K."""
    import llama_cpp
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.nthread, parameters.ftype = 1, llama_cpp.LLAMA_FTYPE_MOSTLY_TQ1_0
    with tempfile.TemporaryDirectory() as temporary:
        dense = Path(temporary) / path.name
        write_file(family, "f16", dense)
        assert llama_cpp.llama_model_quantize(bytes(dense), bytes(path), ctypes.byref(parameters)) == 0


# Every form that is kept. The TQ file has both types in turn.
FORMS = {"microsoft": ["i2_s"], "onebit": ["i2_s", "f16"], "llama": ["tq", "quantized"]}


def main():
    what, *names = sys.argv[1:] or ["files"]
    for name in names or FAMILIES:
        family = FAMILIES[name]
        if what == "directories":
            write_directory(family, np.load(f"{name}.npz"))
        for form in FORMS[name]:
            path = FOLDER / f"{name}-{form}.gguf"
            if form == "quantized":
                quantise_with_llama_cpp(family, path)
            else:
                write_file(family, form, path)
            print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
