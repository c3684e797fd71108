# SPDX-License-Identifier: MIT
"""Watches the programs: what they take, how late heartbeats are, whether one ends; starts again what has ended."""
import sys
import threading
import time

from cluster import figures

#: Without one right answer for so long the cluster is given up and started anew.
GIVEN_UP_AFTER = 75


class Watch:
    def __init__(self, target, small, history):
        self.target, self.small, self.history = target, small, history
        self.samples, self.heartbeats, self.deaths = [], [], []
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=work) for work in (self.look, self.listen)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join()

    def look(self):
        while not self.is_over.wait(0.5):
            self.sample()
            for worker in self.target.workers:
                if worker.is_meant.acquire(blocking=False):
                    try:
                        if self.died(worker.name, worker.program):
                            worker.start()
                    finally:
                        worker.is_meant.release()
            if self.died("coordinator", self.target.coordinator):
                self.begin_anew(self.target.start_coordinator)
            elif time.monotonic() - self.small.last_right > GIVEN_UP_AFTER:
                state = self.target.status()
                self.note("all", f"nothing was served for {GIVEN_UP_AFTER} s: {state.get('state')}, "
                          f"{'; '.join(state.get('reasons', []))}", GIVEN_UP_AFTER)
                self.begin_anew(self.target.restart)

    def begin_anew(self, start):
        self.target.is_up.clear()
        for _ in range(5):
            try:
                with self.target.is_whole:
                    start()
                break
            except (RuntimeError, OSError) as error:
                # Its ports may be taken for a while by what a dead process left behind.
                words = " ".join(str(error).split())[-200:]
                self.note("coordinator", f"does not start again: {words}", 1)
                self.target.coordinator.end()
                start = self.target.restart
                time.sleep(2)
        self.small.last_right = time.monotonic()

    def sample(self):
        programs = self.target.named_programs()
        self.samples.append(
            (time.monotonic(), {name: figures(program.process.pid) for name, program in programs.items()}))

    def died(self, name, program):
        code = program.process.poll()
        if code is None:
            return False
        self.note(name, f"ended by signal {-code}" if code < 0 else f"ended with status {code}", 0.6)
        tail = program.text().splitlines()[-12:]
        print(*[f"    {line[:200]}" for line in tail], sep="\n", file=sys.stderr)
        return True

    def note(self, name, message, seconds):
        now = time.monotonic()
        death = {"program": name, "message": message, "under_way": self.history.names(now - seconds, now),
                 "time": now}
        self.deaths.append(death)
        print(f"!! {name} {message}; under way: {', '.join(death['under_way'])}", file=sys.stderr, flush=True)

    def listen(self):
        while not self.is_over.wait(0.5):
            begun = time.monotonic()
            trips = self.target.metric("bitnet_heartbeat_round_trip_seconds")
            if trips:
                self.heartbeats.append((begun, time.monotonic(), max(trips.values())))

    def least(self, since):
        """The least of each figure since a time, by program: what is taken when nothing is under way."""
        found = {}
        for when, programs in list(self.samples):
            if when >= since:
                for name, values in programs.items():
                    found[name] = [min(pair) for pair in zip(found.get(name, values), values)]
        return found

    def grown(self, start, end):
        """The most bytes that a program has taken beyond what it had when an attack began."""
        inside = [programs for when, programs in list(self.samples) if start - 1 <= when <= end]
        return max((max(sample[name][0] for sample in inside) - values[0]
                    for name, values in inside[0].items()), default=0) if inside else 0
