# SPDX-License-Identifier: MIT
"""Writes the golden files: what the reference computes for each test model.

    python3 golden.py [stories awkward-336 awkward-90 tokenizer microsoft onebit llama llama-tq llama-quantized]
"""

import hashlib
import json
import sys

import numpy as np

from families import EMBEDDED, GOLDEN
from reference import Cache, Model
from strings import PLAIN, WITH_SPECIALS

FOLDER = GOLDEN / "families"
PATHS = {"stories": EMBEDDED / "stories.gguf",
         "awkward-336": GOLDEN / "awkward-336.gguf",
         "awkward-90": GOLDEN / "awkward-90.gguf"}
# The forms of one network, the original first: one set of values serves them all. The TQ files of `llama`
# are networks of their own: they round the reciprocal of each stored scale to f16, and the one that llama.cpp
# quantised rounds the embedding to Q4_K and the head to Q6_K.
FORMS = {"microsoft": [FOLDER / "microsoft", FOLDER / "microsoft-i2_s.gguf"],
         "onebit": [FOLDER / "onebit", FOLDER / "onebit-f16.gguf", FOLDER / "onebit-i2_s.gguf"],
         "llama": [FOLDER / "llama"],
         "llama-tq": [FOLDER / "llama-tq.gguf"],
         "llama-quantized": [FOLDER / "llama-quantized.gguf"]}

# Relative distance to the next rounding tie below which a prompt proves nothing:
# there the last bit of a float decides about an int8 code.
SAFE = 2e-6
TIGHT_LENGTHS = (2, 3, 4, 5, 6, 7, 2, 4, 6, 7)
TEXT_POSITIONS = 300
GREEDY_STEPS = 64

PROMPTS = ["Once upon a time", "Tom was a brave boy. He lived", "User: Tell me a story about Mia and a lost kite.<|eot_id|>Assistant: ",
           "One rainy afternoon Lily"]


def short(values, digits=7):
    return [round(float(v), digits) for v in np.atleast_1d(values)]


def branch_margins(model, cache):
    """For every token of the vocabulary as the next one: the smallest relative
    distance of any of its activations, in any layer, to a rounding tie."""
    margins = []
    for some in np.array_split(np.arange(model.vocabulary), -(-model.vocabulary // 128)):
        model.margins = []
        model.residual(some, cache, branch=True)
        margins.append(np.min(model.margins, axis=0))
    model.margins = None
    return np.concatenate(margins)


def tight_prompt(model, bos, first, length, used):
    """Extends `first` token by token, each time by the one furthest from any tie."""
    cache, ids, margin = Cache(model.layers), [], np.inf
    while len(ids) < length:
        margins = branch_margins(model, cache)
        margins[[i for i in used if i != bos]] = 0
        token = first if not ids else int(margins.argmax())
        ids.append(token)
        used.add(token)
        margin = min(margin, margins[token])
        model.residual([token], cache)
    return ids, float(margin)


def tight(model, exact, bos):
    start = branch_margins(model, Cache(model.layers))
    firsts = [int(i) for i in np.argsort(-start)[:len(TIGHT_LENGTHS)]]
    with_bos = start[bos] >= SAFE
    rng = np.random.default_rng(1)
    fixed = sorted(int(i) for i in rng.choice(model.vocabulary, 20, replace=False))
    prompts, used = [], set(firsts)
    for n, length in enumerate(TIGHT_LENGTHS):
        first = bos if with_bos and n % 2 == 0 else firsts[n]
        ids, margin = tight_prompt(model, bos, first, length, used - {first})
        used.update(ids)
        table, check = model.log_probabilities(ids), exact.log_probabilities(ids)
        difference = float(np.abs(table - check).max())
        if margin < SAFE or difference > 3e-5:
            print(f"  dropped {ids}: margin {margin:.1e}, float64 differs by {difference:.1e}")
            continue
        top = np.argsort(-table, axis=-1, kind="stable")[:, :10]
        prompts.append(dict(ids=ids, margin=float(f"{margin:.3g}"), float64=float(f"{difference:.2g}"), positions=[
            dict(top=[int(i) for i in t], top_log=short(row[t]), fixed_log=short(row[fixed]))
            for t, row in zip(top, table)]))
    return fixed, prompts


def long_text(model, exact, ids):
    ids = ids[:TEXT_POSITIONS + 1]
    table, check = model.log_probabilities(ids[:-1]), exact.log_probabilities(ids[:-1])
    rows = np.arange(TEXT_POSITIONS)
    best = table.argmax(-1)
    two = -np.sort(-table, axis=-1)[:, :2]
    difference = np.abs(table - check)
    print(f"  long: float64 differs by {difference.max():.3g} at most, {difference.mean():.3g} on average")
    return dict(ids=[int(i) for i in ids], next_log=short(table[rows, ids[1:]]), argmax=[int(i) for i in best],
                argmax_log=short(table[rows, best]), margin=short(two[:, 0] - two[:, 1], 6),
                float64_max=float(f"{difference.max():.3g}"), float64_mean=float(f"{difference.mean():.3g}"))


def greedy(model, ids):
    cache, new, out, margins = Cache(model.layers), ids, [], []
    for _ in range(GREEDY_STEPS):
        logits = model.logits(new, cache)[-1]
        two = np.sort(logits)[-2:]
        new = [int(logits.argmax())]
        out += new
        margins.append(two[1] - two[0])
    return dict(prompt=[int(i) for i in ids], ids=out, margin=short(margins, 5))


def dump(path, entries):
    """One line per entry of the top level, or per element where that is a list of objects."""
    lines = []
    for key, value in entries.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            inner = ",\n".join("  " + json.dumps(v, ensure_ascii=False, separators=(",", ":")) for v in value)
            lines.append(f" {json.dumps(key)}: [\n{inner}\n ]")
        else:
            lines.append(f" {json.dumps(key)}: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(path.name, path.stat().st_size, "bytes")


def values(path):
    """What the reference computes for one model."""
    model, exact = Model(path), Model(path, dtype=np.float64)
    tokenizer, bos = model.source.tokenizer, model.source.bos

    def encode(text):
        return [bos] + tokenizer.encode(text, add_special_tokens=False).ids

    text = (EMBEDDED / "held-out.txt").read_text(encoding="utf-8")[:6000]
    fixed, prompts = tight(model, exact, bos)
    print(f"  tight: {len(prompts)} prompts, margins {[p['margin'] for p in prompts]}, "
          f"float64 within {max(p['float64'] for p in prompts):.1e}")
    return dict(fixed=fixed, tight=prompts, long=long_text(model, exact, encode(text)),
                greedy=[greedy(model, encode(p)) for p in PROMPTS])


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def model_golden(name):
    path = PATHS[name]
    dump(GOLDEN / f"{name}.json", dict(model=path.name, sha256=digest(path), **values(path)))


def family_golden(name):
    forms = FORMS[name]
    golden = values(forms[0])
    for form in forms[1:]:
        original, other = Model(forms[0]), Model(form)
        for prompt in golden["tight"]:
            difference = np.abs(original.log_probabilities(prompt["ids"]) - other.log_probabilities(prompt["ids"]))
            assert difference.max() < 1e-5, (form, prompt["ids"], difference.max())
    weights = [file for form in forms for file in (sorted(form.glob("*.safetensors")) if form.is_dir() else [form])]
    dump(FOLDER / f"{name}.json", dict(
        files={str(file.relative_to(FOLDER)): digest(file) for file in weights}, **golden))


def tokenizer_golden():
    tokenizer = Model(PATHS["stories"]).source.tokenizer

    def cases(texts):
        return [dict(text=t, ids=tokenizer.encode(t, add_special_tokens=False).ids) for t in texts]

    # In `plain` nothing looks like a special token; `with_specials` is for the
    # encoder that recognises them. Neither has a leading bos.
    dump(GOLDEN / "tokenizer.json", dict(
        model="stories.gguf", plain=cases(PLAIN), with_specials=cases(WITH_SPECIALS)))


def main():
    for name in sys.argv[1:] or [*PATHS, "tokenizer", *FORMS]:
        print(name)
        if name == "tokenizer":
            tokenizer_golden()
        elif name in PATHS:
            model_golden(name)
        else:
            family_golden(name)


if __name__ == "__main__":
    main()
