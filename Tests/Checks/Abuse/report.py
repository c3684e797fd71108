# SPDX-License-Identifier: MIT
"""What came of it: a line for each attack, and what the whole run showed."""
from cluster import percentile


def milliseconds(pairs, fraction):
    found = percentile([end - begun for begun, end in pairs], fraction)
    return None if found is None else round(found * 1e3, 1)


def during(pairs, intervals):
    return [pair for pair in pairs
            if any(pair[0] <= interval.end and interval.start <= pair[1] for interval in intervals)]


def line(name, intervals, run):
    """The figures of all times that one attack was done."""
    attacks = [interval.attack for interval in intervals]
    small = during(run.small.times, intervals)
    lost = [entry for entry in run.lost() if during([(entry.last, entry.end)], intervals)]
    deaths = [death for death in run.watch.deaths if name in death["under_way"]]
    beats = during(run.watch.heartbeats, intervals)
    wrong = [word for attack in attacks for word in attack.wrong]
    return {
        "kind": attacks[0].kind(), "attack": name, "right": attacks[0].right, "times": len(attacks),
        "wrong_times": sum(bool(attack.wrong) for attack in attacks), "wrong": sorted(set(wrong))[:8],
        "skipped": attacks[0].skipped,
        "seconds": round(sum(interval.end - interval.start for interval in intervals), 1),
        "small_ms": {"p50": milliseconds(small, 0.5), "p99": milliseconds(small, 0.99), "of": len(small)},
        "heartbeat_ms_max": round(max((beat[2] for beat in beats), default=0) * 1e3, 1),
        "operator_ms_max": round(max((beat[1] - beat[0] for beat in beats), default=0) * 1e3, 1),
        "grown_bytes_max": max(run.watch.grown(interval.start, interval.end) for interval in intervals),
        "lost": sum(not entry.is_changed for entry in lost), "changed": sum(entry.is_changed for entry in lost),
        "deaths": [death["program"] + " " + death["message"] for death in deaths],
    }


def lines(run):
    names = {}
    for interval in run.history.intervals:
        names.setdefault(interval.name, []).append(interval)
    order = {attack.name(variant): place for place, (attack, variant) in enumerate(run.attacks)}
    return [line(name, names[name], run) for name in sorted(names, key=lambda name: order.get(name, 0))]


def reasons(lost, history):
    """What became of requests that were lost, with how often that was so beside which attacks."""
    found = {}
    for entry in lost:
        reason = found.setdefault(entry.reason, {"reason": entry.reason, "times": 0, "under_way": {}})
        reason["times"] += 1
        for name in history.names(entry.last, entry.end) or ["nothing"]:
            reason["under_way"][name] = reason["under_way"].get(name, 0) + 1
    return sorted(found.values(), key=lambda reason: -reason["times"])[:40]


def undisturbed_small(run):
    """Small requests beside which no attack was under way."""
    return [pair for pair in run.small.times if not run.history.under_way(*pair)]


def document(run, seconds):
    lost = run.lost()
    excused = [entry for entry in lost if run.history.is_killed(entry.last, entry.end)]
    quiet = undisturbed_small(run)
    return {
        "seconds": round(seconds, 1), "seed": run.options.seed, "attacks": len(run.history.intervals),
        "wrong_attacks": sum(bool(interval.attack.wrong) for interval in run.history.intervals),
        "honest": {
            "streams": run.streams.count, "small": run.small.count, "lost": sum(not entry.is_changed for entry in lost),
            "changed": sum(entry.is_changed for entry in lost), "of_these_with_a_kill": len(excused),
            "longest_pause_s": {"p50": percentile(run.streams.pauses, 0.5), "max": percentile(run.streams.pauses, 1)},
            "reasons": reasons(lost, run.history)},
        "small_ms": {
            "quiet": {"p50": milliseconds(quiet, 0.5), "p99": milliseconds(quiet, 0.99)},
            "all": {"p50": milliseconds(run.small.times, 0.5), "p99": milliseconds(run.small.times, 0.99)}},
        "heartbeat_ms_max": round(max((beat[2] for beat in run.watch.heartbeats), default=0) * 1e3, 1),
        "deaths": [{name: death[name] for name in ("program", "message", "under_way")} for death in run.watch.deaths],
        "before": run.before, "after": run.after, "grown": run.grown, "table": lines(run),
    }


def table(document):
    words = [("times", 6), ("wrong", 6), ("p50 ms", 9), ("p99 ms", 9), ("beat ms", 9), ("operator", 10), ("+MB", 7),
             ("lost", 6), ("changed", 8)]
    head = f"{'attack':<34}" + "".join(f"{word:>{width}}" for word, width in words) + "  died"
    rows, kind = [head], None
    for row in document["table"]:
        if row["kind"] != kind:
            kind = row["kind"]
            rows.append(kind.upper())
        small = row["small_ms"]
        rows.append(
            f"  {row['attack']:<32}{row['times']:>6}{row['wrong_times']:>6}{small['p50'] or '–':>9}"
            f"{small['p99'] or '–':>9}{row['heartbeat_ms_max']:>9.1f}{row['operator_ms_max']:>10.1f}"
            f"{row['grown_bytes_max'] / 1e6:>7.0f}{row['lost']:>6}{row['changed']:>8}  "
            f"{'; '.join(row['deaths'])}{row['skipped'] or ''}")
        rows += [f"      {word}" for word in row["wrong"]]
    return "\n".join(rows + [""] + summary(document))


def summary(document):
    honest, small = document["honest"], document["small_ms"]
    rows = [
        f"{document['attacks']} attacks in {document['seconds']:.0f} s, {document['wrong_attacks']} of them not "
        "answered as is right",
        f"honest: {honest['streams']} streams and {honest['small']} small requests; {honest['lost']} lost, "
        f"{honest['changed']} changed, {honest['of_these_with_a_kill']} of these while a worker was killed",
        f"small requests: p50 {small['quiet']['p50']} ms and p99 {small['quiet']['p99']} ms without an attack, "
        f"{small['all']['p50']} and {small['all']['p99']} in all; heartbeats within {document['heartbeat_ms_max']} ms"]
    for name, before in document["before"].items():
        after = document["after"].get(name, [0, 0, 0])
        rows.append(
            f"{name:<12} resident {before[0] / 1e6:.0f} to {after[0] / 1e6:.0f} MB, descriptors {before[1]} to "
            f"{after[1]}, threads {before[2]} to {after[2]}")
    rows += [f"grown: {words}" for words in document["grown"]]
    rows += [f"died: {death['program']} {death['message']} ({', '.join(death['under_way'])})"
             for death in document["deaths"]]
    for entry in honest["reasons"]:
        beside = ", ".join(f"{name} {count}" for name, count in entry["under_way"].items())
        rows.append(f"lost: {entry['times']} × {entry['reason']} (beside {beside})")
    return rows
