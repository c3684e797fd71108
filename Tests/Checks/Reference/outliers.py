# SPDX-License-Identifier: MIT
"""What 8-bit hops cost a network whose residual stream has a few huge channels, as large networks often have.

    python3 outliers.py [--stories N] [--write DIRECTORY]

Plants such channels in the embedded model: it is widened by 32 channels at random places, of which a few are
constant, by the embedding's rows, and 1000 times as large as the residual stream is in the median. No matrix reads
or writes the new channels and the norms leave them out, but they make nearly all of each norm's divisor, so that
every norm's weights are scaled by what that changes on average. Then compares perplexities without a cut and with
one before every layer, with one scale for a whole block and with outliers apart. --write leaves the networks for
`bitnet-ctl perplexity` instead.
"""

import argparse
import sys
from pathlib import Path

import gguf
import numpy as np

from families import EMBEDDED
from golden import PATHS
from hops import perplexity
from reference import Model, Ternary

sys.path.insert(0, str(EMBEDDED))

from container import ARCHITECTURE, add_tokenizer  # noqa: E402

MORE = 32
# The outliers' sizes, in medians.
VARIANTS = {"1": [1000], "4": [1000] * 4, "8": [1000] * 8, "8 unlike": [1000, 700, 500, 300, 200, 100, 50, 30]}


class Observed(Model):
    """Remembers the mean squares before each norm, and how far each cut moves the channels that matter."""

    def __init__(self, path):
        super().__init__(path)
        self.squares, self.errors, self.kept = {}, [], slice(None)

    def rms(self, x, name):
        self.squares.setdefault(name, []).append(np.mean(x.astype(np.float64) ** 2, -1))
        return super().rms(x, name)

    def cut(self, x):
        cut = super().cut(x)
        lost, whole = ((y[:, self.kept].astype(np.float64) ** 2).sum() for y in (cut - x, x))
        self.errors.append(np.sqrt(lost / whole))
        return cut


def sequences(model, limit):
    text = (EMBEDDED / "held-out.txt").read_text(encoding="utf-8")
    encode = model.source.tokenizer.encode
    return [[model.source.bos] + encode(story, add_special_tokens=False).ids
            for story in text.rstrip("\n").split("\n\n")[:limit]]


def widened(values, kept, width, axis):
    """`values` with zeros along an axis where nothing is kept."""
    shape = list(values.shape)
    shape[axis] = width
    wide = np.zeros(shape, values.dtype)
    wide[(slice(None),) * axis + (kept,)] = values
    return wide


def plant(path, sizes, median, squares, seed=1):
    """The network with outliers of these sizes."""
    model, rng = Observed(path), np.random.default_rng(seed)
    width = model.hidden + MORE
    added = np.sort(rng.permutation(width)[:MORE])
    model.kept = kept = np.setdiff1d(np.arange(width), added)
    huge = np.float32(np.float16(np.array(sizes) * median * rng.choice([-1, 1], len(sizes))))
    channels = rng.permutation(added)[:len(sizes)]
    for name, weight in model.w.items():
        kind = name.split(".")[-1]
        if name == "token_embd":
            model.w[name] = widened(weight, kept, width, 1)
            model.w[name][:, channels] = huge
        elif kind in ("attn_norm", "ffn_norm", "output_norm"):
            before = np.concatenate(squares[name])
            after = (before * model.hidden + np.square(huge, dtype=np.float64).sum()) / width
            gain = np.exp(np.log((after + model.eps) / (before + model.eps)).mean() / 2)
            model.w[name] = widened(weight * np.float32(gain), kept, width, 0)
        elif isinstance(weight, Ternary):
            axis = 0 if kind in ("attn_output", "ffn_down") else 1
            model.w[name] = Ternary(widened(weight.trits, kept, width, axis), weight.scale)
    model.hidden = width
    return model


def write(path, model):
    source = model.source
    writer = gguf.GGUFWriter(path, ARCHITECTURE)
    writer.add_name(path.stem)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_vocab_size(model.vocabulary)
    writer.add_context_length(source.context)
    writer.add_embedding_length(model.hidden)
    writer.add_block_count(source.layers)
    writer.add_feed_forward_length(model.w["blk.0.ffn_up"].trits.shape[0])
    writer.add_head_count(source.heads)
    writer.add_head_count_kv(source.kv_heads)
    writer.add_key_length(source.head)
    writer.add_value_length(source.head)
    writer.add_rope_dimension_count(source.head)
    writer.add_rope_freq_base(source.rope_base)
    writer.add_layer_norm_rms_eps(source.eps)
    add_tokenizer(writer, source.tokenizer)
    for name, weight in model.w.items():
        if isinstance(weight, Ternary):
            writer.add_tensor(name + ".weight", (weight.trits * weight.scale).astype(np.float16))
        else:
            writer.add_tensor(name + ".weight", weight.astype(np.float16 if weight.ndim == 2 else np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stories", type=int, default=57)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()

    path = PATHS["stories"]
    model = Observed(path)
    texts = sequences(model, options.stories)
    median = float(np.median(np.abs(np.concatenate([model.residual(ids) for ids in texts[:6]]))))
    for ids in texts[:6]:
        model.logits(ids)
    if not options.write:
        original, scores = perplexity(model, texts)
        print(f"{len(scores)} tokens, perplexity {original:.5f} without outliers and cuts\n\n"
              "| outliers | uncut | one scale a block | mean abs. | error | outliers apart | mean abs. | error |\n"
              "|---|---|---|---|---|---|---|---|")
    for name, sizes in VARIANTS.items():
        planted = plant(path, sizes, median, model.squares)
        if options.write:
            write(options.write / f"outliers-{name.replace(' ', '-')}.gguf", planted)
            continue
        uncut, reference = perplexity(planted, texts)
        line = f"| {name} | {uncut:.5f} |"
        planted.cuts = set(range(1, planted.layers))
        for planted.outliers in (False, True):
            planted.errors = []
            value, scores = perplexity(planted, texts)
            line += (f" {value:.5f}, {100 * (value / uncut - 1):+.3f} % | {np.abs(scores - reference).mean():.5f} | "
                     f"{100 * np.mean(planted.errors):.2f} % |")
        print(line, flush=True)


if __name__ == "__main__":
    main()
