# SPDX-License-Identifier: MIT
"""Trains the embedded model on the generated corpus, by the clock.

The learning rate is a function of elapsed time over the time given, so the
run always ends with a decayed rate however busy the machine is.

    python3 train.py --corpus corpus.txt --tokenizer tokenizer.json \
        --checkpoint model.pt --minutes 60
"""

import argparse
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

import corpus
from corpus import BOS, stories
from network import BitNet, Shape

HELD_OUT_SEED = 20_000


class Muon(torch.optim.Optimizer):
    """Momentum whose matrix updates are orthogonalised by a Newton-Schulz iteration."""

    def __init__(self, parameters, lr, momentum=0.95):
        super().__init__(parameters, dict(lr=lr, momentum=momentum, weight_decay=0.0))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            by_shape = {}
            for p in group["params"]:
                buffer = self.state[p].setdefault("momentum", torch.zeros_like(p))
                buffer.lerp_(p.grad, 1 - group["momentum"])
                by_shape.setdefault(p.shape, []).append((p, p.grad.lerp(buffer, group["momentum"])))
            for shape, pairs in by_shape.items():
                updates = orthogonal(torch.stack([u for _, u in pairs]))
                rate = group["lr"] * max(1, shape[0] / shape[1]) ** 0.5
                for (p, _), update in zip(pairs, updates):
                    p.mul_(1 - group["lr"] * group["weight_decay"]).add_(update, alpha=-rate)


def orthogonal(g, steps=5):
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = g.shape[-2] > g.shape[-1]
    x = g.mT if tall else g
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        s = x @ x.mT
        x = a * x + (b * s + c * s @ s) @ x
    return x.mT if tall else x


def encode(tokenizer, text):
    """Token ids of a corpus. The last answer of a conversation is encoded apart
    from the "Assistant: " before it, because that is where generation begins:
    the space is part of the prompt there, not of the first word."""
    pieces = []
    for document in text.rstrip("\n").replace("\n" + BOS, "\0" + BOS).split("\0"):
        prompt, turn, answer = document.rpartition("Assistant: ")
        pieces += [prompt + turn, answer] if turn else [document]
    return np.concatenate([np.array(e.ids, np.uint16) for e in tokenizer.encode_batch(pieces)])


class Windows:
    """Windows of the token stream. Most begin where a document begins, because
    that is where every prompt begins; the rest teach to join in anywhere."""

    def __init__(self, ids, bos, seed):
        self.ids = torch.from_numpy(ids.astype(np.int64))
        self.starts = np.flatnonzero(ids == bos)
        self.rng = np.random.default_rng(seed)
        self.order = []

    def start(self, length):
        if self.rng.random() < 0.25:
            return int(self.rng.integers(len(self.ids) - length - 1))
        if not self.order:
            self.order = list(self.rng.permutation(self.starts))
        start = int(self.order.pop())
        return min(start, len(self.ids) - length - 1)

    def batch(self, rows, length):
        windows = torch.stack([self.ids[s:s + length + 1] for s in (self.start(length) for _ in range(rows))])
        return windows[:, :-1], windows[:, 1:]


def entities(tokenizer):
    """Which tokens name somebody or something: per entry of the vocabulary, whether
    it is a name, a kind or a thing, and whether it is a pronoun."""
    names = corpus.GIRLS + corpus.BOYS + corpus.SHE_NAMES + corpus.HE_NAMES
    nouns = names + corpus.ANIMALS + corpus.TREASURES + corpus.COLOURS + [e.split()[-1] for _, e, _ in corpus.ELDERS]
    pronouns = "he she him her his He She His Her".split()

    def flags(words):
        found = torch.zeros(tokenizer.get_vocab_size(), dtype=torch.bool)
        for word in words:
            for ids in (tokenizer.encode(word).ids, tokenizer.encode(" " + word).ids):
                if len(ids) == 1:
                    found[ids[0]] = True
        return found

    return flags(nouns), flags(pronouns)


def emphasis(x, y, bos, nouns, pronouns, weight, first):
    """Loss weights that stress what a story must keep straight: pronouns, and
    nouns its document has already mentioned. A first mention cannot be known, but
    stressing it too (`first`) teaches that it is a new name and not an old one."""
    document = (x == bos).cumsum(1)
    earlier = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).tril()
    again = ((y[:, :, None] == x[:, None, :]) & (document[:, :, None] == document[:, None, :]) & earlier).any(-1)
    return 1 + (weight - 1) * (pronouns[y] | (nouns[y] & (again | first))).float()


def held_out(tokenizer, bos, rows=24, length=256):
    """Whole stories the training never sees, each from its own beginning."""
    batch = []
    for text in stories(HELD_OUT_SEED, 10**9):
        ids = [bos] + tokenizer.encode(text).ids
        if len(ids) > 150:
            batch.append((ids + [-100] * length)[:length + 1])
        if len(batch) == rows:
            batch = torch.tensor(batch)
            return batch[:, :-1].clamp(min=0), batch[:, 1:]


def schedule(progress):
    """Warm up, then fall in a straight line to nothing."""
    return min(1, progress / 0.02) * max(0, 1 - progress)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", default="corpus.txt")
    parser.add_argument("--tokenizer", default="tokenizer.json")
    parser.add_argument("--checkpoint", default="model.pt")
    parser.add_argument("--log", default="training.log")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--tokens", type=int, default=2048, help="tokens per step")
    parser.add_argument("--long", type=float, default=0.75, help="progress from which windows are as long as the context")
    parser.add_argument("--optimiser", choices=["muon", "adamw"], default="muon")
    parser.add_argument("--rate", type=float, default=0.02)
    parser.add_argument("--resume", help="checkpoint to start from instead of random weights")
    parser.add_argument("--emphasis", type=float, default=1, help="loss weight of repeated names and of pronouns")
    parser.add_argument("--first", action="store_true", help="emphasise first mentions like repeated ones")
    parser.add_argument("--plain", type=float, default=0.8, help="progress from which nothing is emphasised any more")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    tokenizer = Tokenizer.from_file(options.tokenizer)
    bos = tokenizer.token_to_id(BOS)
    with open(options.corpus, encoding="utf-8") as file:
        ids = encode(tokenizer, file.read())
    windows = Windows(ids, bos, options.seed)
    check_x, check_y = held_out(tokenizer, bos)

    shape = Shape(vocabulary=tokenizer.get_vocab_size())
    model = BitNet(shape)
    if options.resume:
        model.load_state_dict(torch.load(options.resume, map_location="cpu")["model"])
    nouns, pronouns = entities(tokenizer)
    matrices = [p for n, p in model.blk.named_parameters() if p.ndim == 2]
    others = [p for n, p in model.named_parameters() if not (n.startswith("blk.") and p.ndim == 2)]
    if options.optimiser == "muon":
        optimisers = [Muon(matrices, options.rate), torch.optim.AdamW(others, lr=4e-3, betas=(0.9, 0.95), weight_decay=0)]
    else:
        optimisers = [torch.optim.AdamW(matrices, lr=options.rate, betas=(0.9, 0.95), weight_decay=0.1),
                      torch.optim.AdamW(others, lr=options.rate, betas=(0.9, 0.95), weight_decay=0)]
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["peak"] = group["lr"]

    log = open(options.log, "a" if options.resume else "w", buffering=1)

    def note(text):
        print(text, flush=True)
        log.write(text + "\n")

    @torch.no_grad()
    def check():
        return F.cross_entropy(model(check_x).flatten(0, 1), check_y.flatten(), ignore_index=-100).item()

    def save():
        torch.save(dict(shape=vars(shape), model=model.state_dict()), options.checkpoint + ".part")
        os.replace(options.checkpoint + ".part", options.checkpoint)

    note(f"{sum(p.numel() for p in model.parameters())} parameters, {len(ids)} tokens of text, "
         f"{options.tokens} tokens a step, {options.optimiser} {options.rate}, emphasis {options.emphasis}, "
         f"{'resumed' if options.resume else 'from random weights'}, held-out {check():.4f}")
    begin = last_save = last_note = time.monotonic()
    step = seen = 0
    total, count = 0.0, 0
    while (progress := (time.monotonic() - begin) / (60 * options.minutes)) < 1:
        length = shape.context if progress >= options.long else 256
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * schedule(progress)
                if group["params"][0] is matrices[0]:
                    # Two stages, as usual for ternary nets: decay pulls masters
                    # back over the thresholds, which the end must be free of.
                    group["weight_decay"] = 0.1 if progress < 0.5 else 0.0
        x, y = windows.batch(options.tokens // length, length)
        losses = F.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction="none")
        loss = losses.mean()
        if options.emphasis != 1 and progress < options.plain:
            weights = emphasis(x, y, bos, nouns, pronouns, options.emphasis, options.first).flatten()
            ((losses * weights).sum() / weights.sum()).backward()
        else:
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        if not math.isfinite(loss.item()):
            raise SystemExit("the loss is not finite")
        step, seen, total, count = step + 1, seen + options.tokens, total + loss.item(), count + 1
        now = time.monotonic()
        if step % 50 == 0:
            line = f"step {step} minute {(now - begin) / 60:.1f} tokens {seen} length {length} rate {schedule(progress):.3f} loss {total / count:.4f}"
            if step % 200 == 0:
                line += f" held-out {check():.4f}"
            note(line)
            total, count = 0.0, 0
        if now - last_save > 120 or step == 100:
            save()
            last_save = now
    note(f"done: step {step} minute {(time.monotonic() - begin) / 60:.1f} tokens {seen} held-out {check():.4f}")
    save()


if __name__ == "__main__":
    main()
