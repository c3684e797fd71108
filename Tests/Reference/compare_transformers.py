# SPDX-License-Identifier: MIT
"""Compares the golden log-probabilities with transformers' BitNetForCausalLM in float32.

The network is built from a configuration, its linear layers are replaced by
transformers' own AutoBitLinear (per-token int8 activations), and the trits and
scales of the GGUF file are loaded into it.

    python3 compare_transformers.py stories awkward-336 awkward-90
"""

import json
import os
import sys

# AutoBitLinear is decorated with torch.compile, which gains nothing here.
os.environ["TORCHDYNAMO_DISABLE"] = "1"

import numpy as np
import torch
from transformers import BitNetConfig, BitNetForCausalLM
from transformers.integrations.bitnet import AutoBitLinear

from golden import GOLDEN, PATHS
from reference import Model, Ternary

MODULES = {
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    "attn_sub_norm": "self_attn.attn_sub_norm", "ffn_sub_norm": "mlp.ffn_sub_norm",
}


def build(model):
    arch = model.field("general.architecture")
    ffn, hidden = model.w["blk.0.ffn_up"].trits.shape
    network = BitNetForCausalLM(BitNetConfig(
        vocab_size=model.vocabulary, hidden_size=hidden, intermediate_size=ffn, num_hidden_layers=model.layers,
        num_attention_heads=model.heads, num_key_value_heads=model.kv_heads, hidden_act="relu2",
        max_position_embeddings=model.context, rms_norm_eps=float(model.eps), tie_word_embeddings=True,
        rope_parameters=dict(rope_type="default", rope_theta=model.field(f"{arch}.rope.freq_base")),
        bos_token_id=None, eos_token_id=None)).to(torch.float32).eval()

    def place(path, value):
        parent, _, leaf = path.rpartition(".")
        owner = network.get_submodule(parent)
        if isinstance(value, Ternary):
            outputs, inputs = value.trits.shape
            linear = AutoBitLinear(inputs, outputs, bias=False, dtype=torch.float32)
            linear.weight.data = torch.from_numpy(value.trits)
            linear.weight_scale.fill_(float(value.scale))
            setattr(owner, leaf, linear)
        else:
            getattr(owner, leaf).weight.data = torch.from_numpy(value)

    for name, value in model.w.items():
        if name.startswith("blk."):
            _, layer, part = name.split(".")
            place(f"model.layers.{layer}.{MODULES[part]}", value)
    place("model.norm", model.w["output_norm"])
    place("model.embed_tokens", model.w["token_embd"])
    network.tie_weights()
    assert network.lm_head.weight.data_ptr() == network.model.embed_tokens.weight.data_ptr()
    return network


def log_probabilities(network, ids):
    with torch.no_grad():
        logits = network(torch.tensor([ids]), use_cache=False).logits[0]
    return torch.log_softmax(logits, -1).numpy()


def main():
    for name in sys.argv[1:] or PATHS:
        golden = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
        model = Model(PATHS[name])
        network = build(model)
        stored, full = [], []
        for prompt in golden["tight"]:
            table = log_probabilities(network, prompt["ids"])
            full.append(np.abs(table - model.log_probabilities(prompt["ids"])).ravel())
            for row, position in zip(table, prompt["positions"]):
                stored += list(np.abs(row[position["top"]] - position["top_log"]))
                stored += list(np.abs(row[golden["fixed"]] - position["fixed_log"]))
        full = np.concatenate(full)
        ids = golden["long"]["ids"]
        table = log_probabilities(network, ids[:-1])
        difference = np.abs(table - model.log_probabilities(ids[:-1]))
        next_difference = np.abs(table[np.arange(len(ids) - 1), ids[1:]] - golden["long"]["next_log"])
        same = np.mean(table.argmax(-1) == golden["long"]["argmax"])
        print(f"{name}: tight max {full.max():.2e} mean {full.mean():.2e} (stored values max {max(stored):.2e}); "
              f"long, all ids, max {difference.max():.3f} mean {difference.mean():.5f}, "
              f"next id max {next_difference.max():.4f} mean {next_difference.mean():.6f}, same argmax {100 * same:.1f} %")


if __name__ == "__main__":
    main()
