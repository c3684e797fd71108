# SPDX-License-Identifier: MIT
"""Honest users: streams that are compared with an undisturbed run, and a small request again and again."""
import threading
import time

from streams import Broken, answer, body


class Lost:
    """An honest request that was not answered, or not with the right tokens."""

    def __init__(self, reason, begun, last, is_changed=False):
        self.reason, self.begun, self.last, self.end = reason[:300], begun, last, time.monotonic()
        self.is_changed = is_changed


def undisturbed(place, options):
    """What is right: the answers of one process that nobody disturbs."""
    known = {}

    def work(first):
        for number in range(first, options.streams * 2, 4):
            known[number], _ = answer(place, body(number, options.seed, options.tokens))

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return known


class Streams:
    """Keeps so many requests running until it is told to stop."""

    def __init__(self, target, known, options):
        self.target, self.known, self.options = target, known, options
        self.count, self.lost, self.pauses = 0, [], []
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(index,)) for index in range(options.streams)]
        for thread in self.threads:
            thread.start()

    def ask(self, number):
        while not self.is_over.is_set():
            self.target.is_up.wait(1)
            if not self.target.is_up.is_set():
                continue
            begun = time.monotonic()
            request = body(number, self.options.seed, self.options.tokens)
            self.count += 1
            try:
                # Longer than a pipeline may be away.
                said, pause = answer(self.target.place, request, self.target.api_key, timeout=100)
                self.pauses.append(pause)
                if said != self.known[number]:
                    self.lost.append(Lost("a stream had other tokens", begun, begun, is_changed=True))
            except Broken as error:
                self.lost.append(Lost(f"a stream: {error}", begun, error.last))
                time.sleep(0.5)
            number = (number + self.options.streams) % len(self.known)

    def stop(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join()


class Small:
    """One token, some times a second, by several users: one that waits does not hide how long others would."""

    def __init__(self, target, users=4):
        self.target, self.times, self.lost, self.count = target, [], [], 0
        self.last_right = time.monotonic()
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.ask) for _ in range(users)]
        for thread in self.threads:
            thread.start()
            time.sleep(0.2)

    def ask(self):
        while not self.is_over.wait(0.8):
            if not self.target.is_up.is_set():
                self.last_right = time.monotonic()
                continue
            begun = time.monotonic()
            said = self.target.tiny(timeout=100)
            self.count += 1
            if said is None:
                self.last_right = time.monotonic()
                self.times.append((begun, self.last_right))
            elif self.target.is_up.is_set():
                self.lost.append(Lost(f"a small request: {said}", begun, begun, is_changed=said.startswith("other")))

    def stop(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join()
