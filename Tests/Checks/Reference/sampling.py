# SPDX-License-Identifier: MIT
"""Writes Tests/Golden/sampling.json: greedy choices under biases and penalties.

    python3 sampling.py

Each case continues a prompt of the embedded model. For every choice it keeps
the id, its lead over the second best after biases and penalties, and what the
model itself thought of the place: the log-probability of the chosen id and the
five most likely ids with theirs, before biases and penalties.
"""

from collections import Counter

import numpy as np

from golden import GOLDEN, PATHS, digest, dump, short
from reference import Cache, Model, log_softmax

STEPS = 48
ALTERNATIVES = 5
OFF = dict(biases=[], repetition=1.0, window=64, presence=0.0, frequency=0.0)


def adjusted(logits, history, prompt_count, case):
    """OpenAI's formula for presence and frequency, on generated ids only; CTRL's for
    repetition, on the last ids whatever they are; biases before both."""
    out = logits.astype(np.float64)
    for token, bias in case["biases"]:
        out[token] += bias
    for token in set(history[max(0, len(history) - case["window"]):]):
        out[token] = out[token] / case["repetition"] if out[token] > 0 else out[token] * case["repetition"]
    for token, count in Counter(history[prompt_count:]).items():
        out[token] -= count * case["frequency"] + case["presence"]
    return out


def run(model, ids, **changes):
    case = OFF | changes
    cache, history, new = Cache(model.layers), list(ids), list(ids)
    out, margins, logs, tops, top_logs = [], [], [], [], []
    for _ in range(STEPS):
        logits = model.logits(new, cache)[-1]
        own = log_softmax(logits.astype(np.float64))
        values = adjusted(logits, history, len(ids), case)
        token = int(values.argmax())
        two = np.sort(values)[-2:]
        top = np.argsort(-own, kind="stable")[:ALTERNATIVES]
        out.append(token)
        margins.append(two[1] - two[0])
        logs.append(own[token])
        tops.append([int(i) for i in top])
        top_logs.append(short(own[top], 5))
        history.append(token)
        new = [token]
    print(f"  {changes}: margins below 0.1: {sum(m < 0.1 for m in margins)}, distinct ids: {len(set(out))}")
    return dict(prompt=[int(i) for i in ids], **case, ids=out, margin=short(margins, 5), log=short(logs, 5),
                top=tops, top_log=top_logs)


def main():
    path = PATHS["stories"]
    model = Model(path)
    tokenizer, bos = model.source.tokenizer, model.source.bos

    def encode(text):
        return [bos] + tokenizer.encode(text, add_special_tokens=False).ids

    once, tom = encode("Once upon a time"), encode("Tom was a brave boy. He lived")
    # What the model would say first: banned in one case, and written again and again in another.
    first = run(model, once)["ids"]
    rare = encode("kite")[-1]
    cases = [
        run(model, once, presence=2.0),
        run(model, once, frequency=1.5),
        run(model, tom, presence=-2.0, frequency=-1.0),
        run(model, tom, presence=1.0, frequency=0.5, repetition=1.3, window=16),
        run(model, once, biases=[[first[0], -100.0], [first[2], -100.0]]),
        run(model, once, biases=[[rare, 100.0]], frequency=2.0),
        run(model, tom, biases=[[first[1], 3.0], [rare, 4.5]], presence=1.5, repetition=1.1),
    ]
    dump(GOLDEN / "sampling.json", dict(model=path.name, sha256=digest(path), cases=cases))


if __name__ == "__main__":
    main()
