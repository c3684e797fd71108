# SPDX-License-Identifier: MIT
"""What an operator asks a coordinator."""
import http.client
import json
import time


class Operator:
    def __init__(self, place, key=None):
        self.place, self.key = place, key

    def ask(self, method, path, timeout=20):
        """The answer's document; empty if there is none."""
        fields = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            connection = http.client.HTTPConnection(*self.place, timeout=timeout)
            connection.request(method, path, headers=fields)
            return json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError):
            return {}

    def status(self):
        return self.ask("GET", "/v1/status")

    def stages(self):
        """The workers of the stages, in order; none while it does not serve."""
        status = self.status()
        is_serving = status.get("state") in ("serving", "degraded")
        return [stage["worker"] for stage in status["stages"]] if is_serving else []

    def settled_stages(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            stages = self.stages()
            if stages:
                return stages
            time.sleep(0.1)
        return []

    def replan(self, seconds):
        """The stages, once all layers have been divided anew."""
        self.ask("POST", "/v1/replan")
        # It is answered before the cluster stops serving, which may last for less than a look takes.
        end = time.monotonic() + 2
        while self.stages() and time.monotonic() < end:
            time.sleep(0.01)
        return self.settled_stages(seconds)

    def is_at_rest(self, seconds):
        """Whether soon nothing waits or runs any more; for when all clients have gone."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            queue = self.status().get("queue", {})
            if queue.get("waiting") == 0 and queue.get("running") == 0:
                return True
            time.sleep(0.2)
        return False
