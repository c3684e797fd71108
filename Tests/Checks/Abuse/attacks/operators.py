# SPDX-License-Identifier: MIT
"""What an operator does, right or wrong, while others are served."""
import json
import subprocess
import time

from .attack import Attack


class Operating(Attack):
    """A command or a request of the operator."""

    def call(self, method, path, statuses, seconds=30):
        answer = self.target.operator(method, path, timeout=seconds)
        self.must(answer.status in statuses, f"{method} {path}: {answer}")
        return answer

    def command(self, *arguments, seconds=90):
        start = time.monotonic()
        try:
            done = subprocess.run(
                [self.target.binaries / "bitnet-ctl", *arguments], capture_output=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            self.must(False, f"bitnet-ctl {arguments[0]} has not ended in {time.monotonic() - start:.0f} s")
            return None
        return done


class UnknownWorkers(Operating):
    right = "a worker that is not there is a 404, whatever it is called"

    def run(self):
        for name in ["nobody", "%00", "..%2F..%2Fetc", "w0%20", "%F0%9F%A6%8A", "a" * 4000, "%ff%fe"]:
            for method in ("POST", "DELETE"):
                self.call(method, f"/v1/drain?worker={name}", [400, 404])


class DrainedWorker(Operating):
    group = "placement"
    right = "a drained worker gives its layers away, and takes some again; nobody notices"

    def run(self):
        name = self.dice.choice(self.target.workers).name
        self.call("POST", f"/v1/drain?worker={name}", [200, 202])
        self.must(self.target.is_served_without(name, 40), f"{name} still has layers 40 s after it was drained")
        self.call("DELETE", f"/v1/drain?worker={name}", [200, 202])
        self.call("POST", "/v1/replan", [200, 202])
        self.must(self.target.settles(40), "not serving 40 s after it was planned anew")


class Replan(Operating):
    group = "placement"
    right = "planning anew, twice at once, changes no token"

    def run(self):
        self.call("POST", "/v1/replan", [200, 202])
        self.call("POST", "/v1/replan", [200, 202, 409, 503])
        self.must(self.target.settles(40), "not serving 40 s after it was planned anew")


class Doctor(Operating):
    group = "placement"
    right = "the doctor finds no failure in a healthy cluster under load"

    def run(self):
        done = self.command("doctor", "--shards", self.target.cluster_file, "--json")
        if done is None:
            return
        self.must(done.returncode in (0, 1), f"status {done.returncode}: {failures(done)}")
        self.must(b"Error()" not in done.stdout, "a type's name in its words")


def failures(done):
    """The gravest findings of a doctor's document, or what it printed."""
    try:
        found = json.loads(done.stdout).get("findings", [])
        return [finding for finding in found if finding.get("severity") == "failure"] or found
    except (ValueError, AttributeError):
        return (done.stdout[-300:] + done.stderr[-300:]).decode(errors="replace")


class StatusLoop(Operating):
    right = "bitnet-ctl status --json ends with 0 or 1 and a whole document, each time"

    def run(self):
        end = time.monotonic() + 8
        while time.monotonic() < end:
            done = self.command("status", "--json", "--coordinator", self.target.admin_url, seconds=20)
            if done is None:
                return
            try:
                json.loads(done.stdout)
                is_whole = True
            except ValueError:
                is_whole = False
            words = (done.stdout[-200:] + done.stderr[-200:]).decode(errors="replace")
            self.must(done.returncode in (0, 1) and is_whole, f"status {done.returncode}: {words}")


class PlainReading(Operating):
    right = "every reading path of the operator answers, several times a second"

    def run(self):
        end = time.monotonic() + 6
        while time.monotonic() < end:
            for path in ("/v1/status", "/v1/plan", "/metrics", "/ready"):
                # The plan and readiness are away for the moment in which layers move.
                self.call("GET", path, [200, 503] if path in ("/v1/plan", "/ready") else [200])
