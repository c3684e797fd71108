# SPDX-License-Identifier: MIT
"""All attacks, by kind: one file each."""
import inspect

from . import machine, operators, requests, strangers, work
from .attack import Attack


KINDS = (strangers, requests, work, operators, machine)


def all_attacks(takes_kills):
    """Pairs of a class and a variant, in the order in which they stand in the files."""
    found = []
    for module in KINDS:
        classes = [attack for _, attack in inspect.getmembers(module, inspect.isclass)
                   if issubclass(attack, Attack) and attack.__module__ == module.__name__]
        for attack in sorted(classes, key=lambda attack: inspect.getsourcelines(attack)[1]):
            if not attack.__subclasses__() and (takes_kills or not attack.kills):
                found += [(attack, variant) for variant in attack.variants]
    return found
