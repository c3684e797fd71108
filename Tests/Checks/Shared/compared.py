# SPDX-License-Identifier: MIT
"""Streams that run all the time, each compared with the same request to one process that nobody disturbs."""
import contextlib
import threading
import time

from cluster import Program, until_ready
from streams import Broken, answer, body


def undisturbed(binaries, folder, options):
    """What is right: the answers of one process, which ends before anything is disturbed."""
    alone = Program(
        binaries / "bitnet-coord",
        ["--local", "--model", options.model, "--store-dir", f"{folder}/store", "--port", "0", "--admin",
         "127.0.0.1:0"], f"{folder}/alone.log")
    known = {}

    def ask(first):
        # The same few requests again and again: what is right is computed once.
        for number in range(first, 4 * options.streams, 8):
            known[number], _ = answer(place, body(number, options.seed, options.tokens))

    try:
        place = until_ready(alone.told("gateway"), alone)
        side_by_side(8, ask)
    finally:
        alone.end()
    if len(known) < 4 * options.streams:
        raise RuntimeError(f"one process alone did not answer, see {alone.log}")
    return known


def side_by_side(count, work):
    threads = [threading.Thread(target=work, args=(index,), daemon=True) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def is_beginning(said, right):
    """Whether each choice says what is right as far as it goes."""
    return all(right.get(index, [])[:len(events)] == events for index, events in said.items())


class Outage:
    """A time in which there is no coordinator, or one that takes no requests."""

    def __init__(self, breaks):
        self.breaks, self.begun, self.end = breaks, time.monotonic(), None

    def excuses(self, begun, error):
        """Whether a request that was begun then may have ended so: refused, or with it."""
        if self.end is not None and begun > self.end:
            return False
        if error.said:
            return self.breaks and error.status == 0
        return error.status == 0 or (error.status == 503 and error.is_told_when)


class Streams:
    """Keeps so many requests running until it is told to stop."""

    def __init__(self, place, known, options, key=None):
        self.place, self.known, self.options, self.key = place, known, options, key
        self.pauses, self.errors, self.outages = [], [], []
        self.right = self.broken = self.refused = 0
        self.under_way, self.longest = "", 0
        self.is_over, self.lock = threading.Event(), threading.Lock()
        self.heard = [time.monotonic()] * options.streams
        self.threads = [
            threading.Thread(target=self.ask, args=(index,), daemon=True) for index in range(options.streams)]
        for thread in self.threads:
            thread.start()

    def ask(self, index):
        number = index
        while not self.is_over.is_set():
            if self.once(index, number):
                number = (number + self.options.streams) % len(self.known)
            else:
                self.is_over.wait(0.2)

    def once(self, index, number):
        """Whether the next request may be asked; false for one that was refused as it had to be."""
        begun = time.monotonic()

        def heard(before, now):
            with self.lock:
                self.heard[index], self.longest = now, max(self.longest, now - before)

        try:
            said, pause = answer(
                self.place, body(number, self.options.seed, self.options.tokens), self.key, heard=heard)
        except Broken as error:
            return self.ended(number, begun, error)
        with self.lock:
            self.right += 1
            self.pauses.append(pause)
        if said != self.known[number]:
            self.lose(f"request {number}: other tokens")
        return True

    def ended(self, number, begun, error):
        if not any(outage.excuses(begun, error) for outage in list(self.outages)):
            self.lose(f"request {number}: {error}")
            return False
        if not is_beginning(error.said, self.known[number]):
            self.lose(f"request {number}: other tokens before its connection broke")
        with self.lock:
            self.broken += bool(error.said)
            self.refused += not error.said
        return bool(error.said)

    def lose(self, message):
        with self.lock:
            self.errors.append(f"{message}, {self.under_way or 'while nothing was harmed'}")

    @contextlib.contextmanager
    def outage(self, breaks):
        outage = Outage(breaks)
        self.outages.append(outage)
        try:
            yield
        finally:
            outage.end = time.monotonic()

    def begin(self, what):
        """From now on the longest pause is that of this fault."""
        with self.lock:
            self.under_way, self.longest = what, 0

    def go_on(self, since, seconds):
        """Whether all streams say something after a time, within so many seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if min(self.heard) > since:
                return True
            time.sleep(0.02)
        return False

    def stop(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join()
