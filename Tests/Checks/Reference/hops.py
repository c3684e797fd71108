# SPDX-License-Identifier: MIT
"""What 8-bit hops between stages cost: perplexity of the held-out stories with
0, 2 and 8 cuts of the embedded model, for several block sizes.

    python3 hops.py
"""

import numpy as np

from golden import EMBEDDED, PATHS
from reference import Model

CUTS = {2: (3, 6), 8: range(1, 9)}
BLOCKS = (16, 32, 64, 128, 0)


def perplexity(model, sequences):
    """Each story is scored from its own beginning."""
    scores = []
    for ids in sequences:
        table = model.log_probabilities(ids[:-1])
        scores.append(table[np.arange(len(ids) - 1), ids[1:]].astype(np.float64))
    scores = np.concatenate(scores)
    return float(np.exp(-scores.mean())), scores


def main():
    model = Model(PATHS["stories"])
    tokenizer = model.source.tokenizer
    bos = model.source.bos
    text = (EMBEDDED / "held-out.txt").read_text(encoding="utf-8")
    sequences = [[bos] + tokenizer.encode(story, add_special_tokens=False).ids for story in text.rstrip("\n").split("\n\n")]
    whole, reference = perplexity(model, sequences)
    print(f"{len(sequences)} stories, {len(reference)} tokens, uncut perplexity {whole:.5f}\n")
    print("| block | bits per value | 2 cuts | change | mean abs. | 8 cuts | change | mean abs. |\n"
          "|---|---|---|---|---|---|---|---|")
    for block in BLOCKS:
        size = block or model.hidden
        line = f"| {block or f'row ({size})'} | {8 + 16 / size:.3f} |"
        for cuts in CUTS.values():
            model.cuts, model.block = set(cuts), block
            value, scores = perplexity(model, sequences)
            line += f" {value:.5f} | {100 * (value / whole - 1):+.3f} % | {np.abs(scores - reference).mean():.5f} |"
        print(line, flush=True)
    model.cuts = set()
    model.half_cache = True
    value, scores = perplexity(model, sequences)
    print(f"\nno cut, f16 cache: {value:.5f} ({100 * (value / whole - 1):+.3f} %), mean abs. {np.abs(scores - reference).mean():.5f}")


if __name__ == "__main__":
    main()
