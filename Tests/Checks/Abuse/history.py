# SPDX-License-Identifier: MIT
"""Which attacks were under way when."""
import math
import threading
import time


class Interval:
    def __init__(self, attack, name):
        self.attack, self.name, self.start, self.end = attack, name, time.monotonic(), math.inf
        self.after = {}


class History:
    def __init__(self):
        self.lock, self.intervals = threading.Lock(), []

    def begin(self, attack, name):
        interval = Interval(attack, name)
        with self.lock:
            self.intervals.append(interval)
        return interval

    def under_way(self, start, end):
        with self.lock:
            return [interval for interval in self.intervals if interval.start <= end and start <= interval.end]

    def is_group_under_way(self, group, since):
        return any(interval.attack.group == group for interval in self.under_way(since, time.monotonic()))

    def names(self, start, end):
        return sorted({interval.name for interval in self.under_way(start, end)})

    def is_killed(self, start, end):
        return any(interval.attack.kills for interval in self.under_way(start, end))
