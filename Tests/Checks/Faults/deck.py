# SPDX-License-Identifier: MIT
"""Which fault comes next, and where: values alone, so that the same seed harms in the same order."""
import random

STAGES = ["first", "middle", "last", "spare"]


def standing(stages, names):
    """Who stands where: a list of workers, or of neighbours, for each position that there is now."""
    order = list(dict.fromkeys(stages))
    found = {
        "first": order[:1], "middle": order[1:-1], "last": order[1:][-1:],
        "spare": [name for name in names if name not in order]}
    pairs = [pair for pair in zip(stages, stages[1:]) if pair[0] != pair[1]]
    found |= {"first way": pairs[:1], "middle way": pairs[1:-1], "last way": pairs[1:][-1:]}
    return {position: where for position, where in found.items() if where}


class Deck:
    """Kinds of faults at their positions, shuffled; each comes as often as its weight says before any comes again."""

    def __init__(self, weights, positions, seed):
        self.cards = [
            (kind, position) for kind, weight in weights.items() for position in positions[kind]
            for _ in range(weight)]
        self.dice, self.left = random.Random(seed), []

    def draw(self, possible):
        """The next one whose position is possible now, and none if there is no such at all."""
        for _ in range(2):
            for card in self.left:
                if card[1] in possible:
                    self.left.remove(card)
                    return card
            self.left = self.dice.sample(self.cards, len(self.cards))
        return None
