# SPDX-License-Identifier: MIT
"""What the faults have shown, by kind and position, and what the programs take before and after."""
import statistics
import time

from cluster import figures

FIGURES = ["resident_bytes", "descriptors", "threads"]


class Record:
    def __init__(self):
        self.entries = []

    def add(self, kind, position, seconds, fault):
        self.entries.append((kind, position, round(seconds, 3), fault))

    def wrong(self):
        return [f"{kind} {position}: {wrong}" for kind, position, _, fault in self.entries for wrong in fault.wrong]

    def by_kind(self):
        """Rows of kind, position, number, median and longest pause."""
        groups = {}
        for kind, position, seconds, _ in self.entries:
            groups.setdefault((kind, position), []).append(seconds)
        return [
            {"kind": kind, "position": position, "faults": len(found),
             "recovery_p50_s": round(statistics.median(found), 3), "recovery_max_s": max(found)}
            for (kind, position), found in sorted(groups.items())]

    def seconds_until_ready(self):
        return [entry[3].seconds_until_ready for entry in self.entries if entry[3].seconds_until_ready is not None]


def table(rows):
    lines = [f"{'fault':<12} {'position':<12} {'number':>6} {'median s':>9} {'worst s':>9}"]
    lines += [
        f"{row['kind']:<12} {row['position']:<12} {row['faults']:>6} {row['recovery_p50_s']:>9.2f} "
        f"{row['recovery_max_s']:>9.2f}" for row in rows]
    return "\n".join(lines)


def least(programs, seconds):
    """The least of each figure of each program within so many seconds: what is held when little is under way."""
    found, end = {}, time.monotonic() + seconds
    while time.monotonic() < end:
        for name, program in programs().items():
            now = figures(program.process.pid)
            found[name] = [min(pair) for pair in zip(found.get(name, now), now)]
        time.sleep(0.5)
    return found


def grown(before, after, bounds):
    """Who holds more than before and a bound, in words."""
    return [
        f"{name}: {word} {was} to {now}"
        for name, values in after.items()
        for word, bound, was, now in zip(FIGURES, bounds, before[name], values) if now > was + bound]
