# SPDX-License-Identifier: MIT
"""Compares the golden log-probabilities with transformers in float32.

    python3 compare_transformers.py stories awkward-336 awkward-90 microsoft microsoft-online onebit llama

`microsoft` (BitNetForCausalLM, packed) and `llama` (LlamaForCausalLM, packed) are loaded by transformers from
the committed directories as they are. `microsoft-online` is the former with BF16 masters and the quantisation
mode "online". transformers has no class for `onebit`, whose own code is not part of it: its masters
are loaded as a BitNetForCausalLM with SiLU, which is the same network under other names. For the GGUF files
a network is built from a configuration, its linear layers are replaced by transformers' own AutoBitLinear,
and the trits and scales of the file are loaded into it.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

# AutoBitLinear is decorated with torch.compile, which gains nothing here.
os.environ["TORCHDYNAMO_DISABLE"] = "1"

import numpy as np
import torch
from transformers import AutoModelForCausalLM, BitNetConfig, BitNetForCausalLM
from transformers.integrations.bitnet import AutoBitLinear

from checkpoint import MODULES, Directory, bf16, module, write_safetensors
from golden import FOLDER, GOLDEN, PATHS
from make_families import masters_of
from reference import Model, Ternary

# What a name stands for, if not for a GGUF file: the directory, and whether its masters are loaded.
DIRECTORIES = {"microsoft": ("microsoft", False), "microsoft-online": ("microsoft", True), "onebit": ("onebit", True),
               "llama": ("llama", False)}


def load(folder):
    # The embedding and the norms stay in BF16 until they are told again.
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).to(torch.float32).eval()


def load_masters(folder):
    """The same network as a BitNetForCausalLM that quantises its masters while it runs."""
    source = Directory(folder)
    masters = source.masters | {name: masters_of(*matrix) for name, matrix in source.matrices.items()}
    config = source.config | dict(
        architectures=["BitNetForCausalLM"], model_type="bitnet",
        quantization_config=dict(quant_method="bitnet", linear_class="autobitlinear", quantization_mode="online"))
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary)
        (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
        write_safetensors(path / "model.safetensors", {
            module(name, MODULES) + ".weight": bf16(values) for name, values in (source.dense | masters).items()})
        return load(path)


def build(model):
    ffn, hidden = model.w["blk.0.ffn_up"].trits.shape
    network = BitNetForCausalLM(BitNetConfig(
        vocab_size=model.vocabulary, hidden_size=hidden, intermediate_size=ffn, num_hidden_layers=model.layers,
        num_attention_heads=model.heads, num_key_value_heads=model.kv_heads, hidden_act="relu2",
        max_position_embeddings=model.context, rms_norm_eps=float(model.eps), tie_word_embeddings=True,
        rope_parameters=dict(rope_type="default", rope_theta=model.source.rope_base),
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
            place(module(name), value)
    place("model.norm", model.w["output_norm"])
    place("model.embed_tokens", model.w["token_embd"])
    network.tie_weights()
    assert network.lm_head.weight.data_ptr() == network.model.embed_tokens.weight.data_ptr()
    return network


def log_probabilities(network, ids):
    with torch.no_grad():
        logits = network(torch.tensor([ids]), use_cache=False).logits[0]
    return torch.log_softmax(logits, -1).numpy()


def network_of(name):
    """The network, the reference's model and the golden values."""
    if name in PATHS:
        model, golden = Model(PATHS[name]), GOLDEN / f"{name}.json"
        return build(model), model, json.loads(golden.read_text(encoding="utf-8"))
    folder, online = DIRECTORIES[name]
    golden = json.loads((FOLDER / f"{folder}.json").read_text(encoding="utf-8"))
    return (load_masters if online else load)(FOLDER / folder), Model(FOLDER / folder), golden


def main():
    print("| model | tight, max | tight, mean | long, max | long, mean | next id, max | next id, mean | same best id |\n"
          "|---|---|---|---|---|---|---|---|")
    for name in sys.argv[1:] or [*PATHS, *DIRECTORIES]:
        network, model, golden = network_of(name)
        stored, full = [], []
        for prompt in golden["tight"]:
            table = log_probabilities(network, prompt["ids"])
            full.append(np.abs(table - model.log_probabilities(prompt["ids"])).ravel())
            for row, position in zip(table, prompt["positions"]):
                stored += list(np.abs(row[position["top"]] - position["top_log"]))
                stored += list(np.abs(row[golden["fixed"]] - position["fixed_log"]))
        assert max(stored) <= 1e-4, (name, max(stored))
        full = np.concatenate(full)
        ids = golden["long"]["ids"]
        table = log_probabilities(network, ids[:-1])
        difference = np.abs(table - model.log_probabilities(ids[:-1]))
        following = np.abs(table[np.arange(len(ids) - 1), ids[1:]] - golden["long"]["next_log"])
        same = np.mean(table.argmax(-1) == golden["long"]["argmax"])
        print(f"| {name} | {full.max():.1e} | {full.mean():.1e} | {difference.max():.3f} | {difference.mean():.4f} | "
              f"{following.max():.3f} | {following.mean():.4f} | {100 * same:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
