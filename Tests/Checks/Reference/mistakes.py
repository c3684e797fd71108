# SPDX-License-Identifier: MIT
"""What a wrong guess about a family costs: mean difference of log-probabilities on the long text.

    python3 mistakes.py
"""

import json

import numpy as np

from golden import FOLDER, FORMS
from reference import Model, Ternary


def activation(model):
    model.squared_relu = not model.squared_relu


def pairing(model):
    model.adjacent = not model.adjacent


def direction(model):
    for weight in model.w.values():
        if isinstance(weight, Ternary):
            weight.scale = 1 / weight.scale


MISTAKES = {"wrong activation": activation, "wrong pairing": pairing, "wrong scale direction": direction}


def main():
    print("| model | mistake | all ids | next id |\n|---|---|---|---|")
    for name, (path, *_) in FORMS.items():
        golden = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        ids = golden["long"]["ids"]
        rows = np.arange(len(ids) - 1)
        right = Model(path).log_probabilities(ids[:-1])
        for mistake, make in MISTAKES.items():
            model = Model(path)
            make(model)
            with np.errstate(over="ignore"):
                table = model.log_probabilities(ids[:-1])
            following = np.abs(table[rows, ids[1:]] - right[rows, ids[1:]])
            print(f"| {name} | {mistake} | {np.abs(table - right).mean():.2f} | {following.mean():.2f} |")


if __name__ == "__main__":
    main()
