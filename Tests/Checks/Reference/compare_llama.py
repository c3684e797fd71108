# SPDX-License-Identifier: MIT
"""Compares perplexity and most likely tokens with llama.cpp (llama-cpp-python) on the held-out stories.

    python3 compare_llama.py

llama.cpp computes something else: for TQ types it rounds activations in blocks of 256, the head's and the
attention's inputs to f16, and for F16 matrices it does not round activations to int8 at all. So only
averages are comparable.
"""

import tempfile
from pathlib import Path

import llama_cpp
import numpy as np

from families import EMBEDDED, FAMILIES
from golden import FOLDER
from make_families import write_file
from reference import Model, log_softmax


def sequences(model, limit=40):
    """Stories, each from its own beginning and cut at the context."""
    text = (EMBEDDED / "held-out.txt").read_text(encoding="utf-8")
    encode = model.source.tokenizer.encode
    return [([model.source.bos] + encode(story, add_special_tokens=False).ids)[:model.context]
            for story in text.rstrip("\n").split("\n\n")[:limit]]


class LlamaCpp:
    def __init__(self, path, context):
        self.llama = llama_cpp.Llama(
            str(path), n_ctx=context, n_batch=context, logits_all=True, n_threads=1, n_threads_batch=1,
            type_k=llama_cpp.GGML_TYPE_F32, type_v=llama_cpp.GGML_TYPE_F32, verbose=False)

    def log_probabilities(self, ids):
        self.llama.reset()
        self.llama.eval(ids)
        return log_softmax(np.array(self.llama.scores[:len(ids)], np.float64))


def compare(name, path, reference):
    other = LlamaCpp(path, reference.context)
    ours, theirs, same, difference = [], [], [], []
    for ids in sequences(reference):
        a, b = reference.log_probabilities(ids[:-1]), other.log_probabilities(ids[:-1])
        rows = np.arange(len(ids) - 1)
        ours.append(a[rows, ids[1:]])
        theirs.append(b[rows, ids[1:]])
        same.append(a.argmax(-1) == b.argmax(-1))
        difference.append(np.abs(a - b).mean(-1))
    ours, theirs = (np.exp(-np.concatenate(x).mean(dtype=np.float64)) for x in (ours, theirs))
    same, difference = np.concatenate(same), np.concatenate(difference)
    print(f"| {name} | {len(same)} | {ours:.4f} | {theirs:.4f} | {100 * (theirs / ours - 1):+.3f} % | "
          f"{100 * same.mean():.2f} % | {difference.mean():.4f} |", flush=True)


def main():
    print("| file | tokens | perplexity here | llama.cpp | difference | same best id | mean difference, all ids |\n"
          "|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        for form in ("tq1_0", "tq2_0"):
            path = Path(temporary) / f"llama-{form}.gguf"
            write_file(FAMILIES["llama"], form, path)
            compare(f"llama, {form.upper()}", path, Model(path))
    for name, family in (("llama-tq", "llama, TQ1_0 and TQ2_0 in turn"),
                         ("llama-quantized", "llama, TQ1_0, embedding Q4_K, head Q6_K"), ("onebit-f16", "onebit, F16")):
        path = FOLDER / f"{name}.gguf"
        compare(family, path, Model(path))


if __name__ == "__main__":
    main()
