# SPDX-License-Identifier: MIT
"""A small random network of Qwen3's shape with a scale for every 128 weights, and what transformers makes of it.

    python3 grouped.py

Writes Tests/Golden/qwen3-pq2_0.gguf and qwen3-groups.json. The network is tied, has norms of heads, heads wider than
hidden / heads, and YaRN with an original context of 64, beyond which some prompts go. All weights are trits times a scale that
a half float holds, so the same network is a Hugging Face model in float32, which is the reference.
"""

import hashlib
import json

import gguf
import numpy as np
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from families import GOLDEN

HIDDEN, INNER, LAYERS, HEADS, KEY_VALUE_HEADS, HEAD = 256, 512, 2, 4, 2, 128
VOCABULARY, CONTEXT, ORIGINAL, FACTOR, BASE, EPSILON = 512, 256, 64, 4.0, 1e6, 1e-6
GROUP = 128
PQ2_0 = 142

rng = np.random.default_rng(2025)


def random_matrix(rows, columns):
    """Trits, a third of them zero, and scales that differ by up to four times."""
    trits = rng.choice([-1, 0, 1], size=(rows, columns)).astype(np.int8)
    units = rng.choice([0.5, 0.75, 1, 1.25, 2], size=(rows, columns // GROUP))
    scales = (units * 2.0 ** np.round(np.log2(1.2 / np.sqrt(columns)))).astype(np.float16)
    return trits, scales


def dense(trits, scales):
    return trits.astype(np.float32) * np.repeat(scales.astype(np.float32), GROUP, axis=1)


def pq2_0(trits, scales):
    """Per group an f16 scale, then codes of two bits, the first lowest."""
    codes = (trits + 1).astype(np.uint8).reshape(-1, 4)
    packed = codes[:, 0] | codes[:, 1] << 2 | codes[:, 2] << 4 | codes[:, 3] << 6
    rows, groups = scales.shape
    blocks = np.concatenate(
        [scales.view(np.uint8).reshape(rows * groups, 2), packed.reshape(rows * groups, GROUP // 4)], axis=1)
    return blocks.reshape(rows, groups * 34)


def network():
    """Tensors by their names in Hugging Face's models: a pair for a ternary matrix, an array for gains."""
    q, kv = HEADS * HEAD, KEY_VALUE_HEADS * HEAD
    tensors = {"model.embed_tokens": random_matrix(VOCABULARY, HIDDEN), "model.norm": gains(HIDDEN)}
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}."
        shapes = {
            "self_attn.q_proj": (q, HIDDEN), "self_attn.k_proj": (kv, HIDDEN), "self_attn.v_proj": (kv, HIDDEN),
            "self_attn.o_proj": (HIDDEN, q), "mlp.gate_proj": (INNER, HIDDEN), "mlp.up_proj": (INNER, HIDDEN),
            "mlp.down_proj": (HIDDEN, INNER),
        }
        tensors |= {prefix + name: random_matrix(*shape) for name, shape in shapes.items()}
        norms = {
            "input_layernorm": HIDDEN, "post_attention_layernorm": HIDDEN, "self_attn.q_norm": HEAD,
            "self_attn.k_norm": HEAD,
        }
        tensors |= {prefix + name: gains(size) for name, size in norms.items()}
    return tensors


def gains(size):
    return rng.uniform(0.5, 1.5, size).astype(np.float32)


NAMES = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
}


def gguf_name(name):
    whole = {"model.embed_tokens": "token_embd", "model.norm": "output_norm"}
    if name in whole:
        return whole[name] + ".weight"
    layer, rest = name.removeprefix("model.layers.").split(".", 1)
    return f"blk.{layer}.{NAMES[rest]}.weight"


def string(text):
    encoded = text.encode()
    return len(encoded).to_bytes(8, "little") + encoded


def key(name, value):
    kinds = {bool: (7, "<u1"), int: (4, "<u4"), float: (6, "<f4")}
    if isinstance(value, str):
        return string(name) + (8).to_bytes(4, "little") + string(value)
    if isinstance(value, list):
        kind = 8 if isinstance(value[0], str) else 5
        items = b"".join(string(item) if kind == 8 else np.array(item, "<i4").tobytes() for item in value)
        return (string(name) + (9).to_bytes(4, "little") + kind.to_bytes(4, "little")
                + len(value).to_bytes(8, "little") + items)
    kind, dtype = kinds[type(value)]
    return string(name) + kind.to_bytes(4, "little") + np.array(value, dtype).tobytes()


def metadata():
    tokens = [bytes([b]).decode("latin-1") if 33 <= b <= 126 else chr(256 + b) for b in range(256)]
    tokens += [f"<|{index}|>" for index in range(256, VOCABULARY)]
    return {
        "general.architecture": "qwen3", "general.name": "qwen3 groups", "qwen3.block_count": LAYERS,
        "qwen3.context_length": CONTEXT, "qwen3.embedding_length": HIDDEN, "qwen3.feed_forward_length": INNER,
        "qwen3.attention.head_count": HEADS, "qwen3.attention.head_count_kv": KEY_VALUE_HEADS,
        "qwen3.attention.key_length": HEAD, "qwen3.attention.value_length": HEAD,
        "qwen3.attention.layer_norm_rms_epsilon": EPSILON, "qwen3.rope.freq_base": BASE,
        "qwen3.rope.scaling.type": "yarn", "qwen3.rope.scaling.factor": FACTOR,
        "qwen3.rope.scaling.original_context_length": ORIGINAL,
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "qwen2", "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [1] * 256 + [3] * (VOCABULARY - 256), "tokenizer.ggml.merges": ["! !"],
        "tokenizer.ggml.eos_token_id": VOCABULARY - 1, "tokenizer.ggml.add_bos_token": False,
    }


def write_gguf(path, tensors):
    """The gguf package does not know this type, so the file is written byte by byte."""
    alignment = 32
    keys = metadata()
    header = b"GGUF" + (3).to_bytes(4, "little") + len(tensors).to_bytes(8, "little")
    header += len(keys).to_bytes(8, "little") + b"".join(key(*item) for item in keys.items())
    data = b""
    for name, tensor in tensors.items():
        if isinstance(tensor, tuple):
            (rows, columns), kind, content = tensor[0].shape, PQ2_0, pq2_0(*tensor).tobytes()
            dimensions = [columns, rows]
        else:
            dimensions, kind, content = [len(tensor)], 0, tensor.tobytes()
        header += string(gguf_name(name)) + len(dimensions).to_bytes(4, "little")
        header += np.array(dimensions, "<u8").tobytes() + kind.to_bytes(4, "little")
        header += len(data).to_bytes(8, "little")
        data += content + bytes(-len(content) % alignment)
    path.write_bytes(header + bytes(-len(header) % alignment) + data)


def reference(tensors):
    config = Qwen3Config(
        hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
        num_key_value_heads=KEY_VALUE_HEADS, head_dim=HEAD, vocab_size=VOCABULARY,
        max_position_embeddings=CONTEXT, rms_norm_eps=EPSILON, tie_word_embeddings=True,
        rope_parameters={
            "rope_type": "yarn", "factor": FACTOR, "original_max_position_embeddings": ORIGINAL,
            "rope_theta": BASE,
        },
        rope_theta=BASE, attn_implementation="eager")
    model = Qwen3ForCausalLM(config).to(torch.float32).eval()
    weights = {
        name + ".weight": torch.from_numpy(dense(*tensor) if isinstance(tensor, tuple) else tensor)
        for name, tensor in tensors.items()
    }
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    model.tie_weights()
    return model


def quantise(module, inputs):
    """A matrix's input in int8 with a scale for each group, as floats."""
    (x,) = inputs
    groups = x.reshape(*x.shape[:-1], -1, GROUP)
    largest = groups.abs().amax(-1, keepdim=True)
    codes = torch.round(groups * (127 / largest)).clamp(-127, 127)
    return ((codes * (largest / 127)).reshape(x.shape),)


def log_probabilities(model, ids):
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].double()
    return torch.log_softmax(logits, -1).numpy()


def main():
    tensors = network()
    path = GOLDEN / "qwen3-pq2_0.gguf"
    write_gguf(path, tensors)
    model = reference(tensors)
    fixed = list(range(0, VOCABULARY, 27))
    prompts = []
    for length in (1, 2, 3, 5, 8, 40, 90, 200):
        ids = rng.integers(0, VOCABULARY, length).tolist()
        log = log_probabilities(model, ids)
        hooks = [
            part.register_forward_pre_hook(quantise) for part in model.modules() if isinstance(part, torch.nn.Linear)
        ]
        grouped = log_probabilities(model, ids)
        for hook in hooks:
            hook.remove()
        positions = []
        for position in sorted({0, length // 2, length - 1}):
            top = np.argsort(-log[position])[:10].tolist()
            positions.append({
                "position": position, "top": top, "top_log": [float(log[position][t]) for t in top],
                "fixed_log": [float(log[position][t]) for t in fixed],
                "grouped_log": [float(grouped[position][t]) for t in top + fixed],
            })
        prompts.append({"ids": ids, "positions": positions})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    golden = {"model": path.name, "sha256": digest, "fixed": fixed, "prompts": prompts}
    (GOLDEN / "qwen3-groups.json").write_text(json.dumps(golden, indent=1) + "\n")
    print(path.stat().st_size, "bytes;", "attention factor", model.model.rotary_emb.attention_scaling)


main()
