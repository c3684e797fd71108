# SPDX-License-Identifier: MIT
"""What two releases say of each other, before anything depends on it."""
import subprocess
import sys

from cluster import Worker, write_cluster_file


def refusals(releases, folder, options):
    """The words of each coordinator that cannot work with the other release's worker; none if both can."""
    found = {}
    for coordinator, worker in (("this", "other"), ("other", "this")):
        name = f"{coordinator} coordinator, {worker} worker"
        said = refusal(releases[coordinator], releases[worker], f"{folder}", f"{coordinator}-{worker}", options)
        print(f"{name:<34} {said or 'work together'}", file=sys.stderr, flush=True)
        if said:
            found[name] = said
    return found


def refusal(of_coordinator, of_worker, folder, name, options):
    """What a coordinator ends with that has one prompt answered by one worker of another release; empty if it can."""
    worker = Worker(of_worker, folder, name)
    try:
        write_cluster_file(f"{folder}/{name}.yaml", "meeting", options.model, [worker])
        done = subprocess.run(
            [of_coordinator / "bitnet-coord", "--shards", f"{folder}/{name}.yaml", "--placement", "bytes",
             "--store-dir", f"{folder}/{name}-store", "--prompt", "One day", "-n", "4", "--join-timeout", "20"],
            capture_output=True, text=True, timeout=120)
        return "" if done.returncode == 0 else done.stderr.strip().splitlines()[-1]
    finally:
        worker.program.end()
