# SPDX-License-Identifier: MIT
"""What every attack is."""
import re


class Attack:
    """Something done to a cluster that serves.

    `run` does it, says by `must` what was not right, and leaves nothing behind: connections are closed, files and
    workers are as they were.
    """

    #: What the answer must be, for the report.
    right = ""
    #: Attacks with the same word here never run side by side.
    group = None
    #: Whether a process is really killed: requests that are lost then are counted apart.
    kills = False
    #: Where it is done, if there are several such places.
    variants = (None,)

    def __init__(self, target, dice, variant=None):
        self.target, self.dice, self.variant = target, dice, variant
        self.wrong, self.skipped = [], None

    @classmethod
    def kind(cls):
        return cls.__module__.split(".")[-1]

    @classmethod
    def name(cls, variant=None):
        words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", cls.__name__).lower()
        return f"{words} ({variant})" if variant else words

    def must(self, holds, seen):
        if not holds:
            self.wrong.append(str(seen)[:400])
        return holds

    def skip(self, reason):
        self.skipped = reason

    def run(self):
        raise NotImplementedError

    def tiny_answers(self, seconds=10):
        """A small request of an honest user is answered meanwhile."""
        said = self.target.tiny(timeout=seconds)
        self.must(said is None, f"a small request meanwhile: {said}")

    def operator_answers(self, seconds=10):
        """The operator is answered meanwhile."""
        said = self.target.operator("GET", "/v1/status", timeout=seconds)
        self.must(said.status == 200, f"the operator meanwhile: {said}")
