# SPDX-License-Identifier: MIT
"""A cluster that serves: workers and a coordinator, each of which can be started again where it was."""
import os
import re

from cluster import Program, Worker, place_of, until_ready, write_cluster_file
from operators import Operator


class Here:
    """This machine, for programs that need none of their own."""

    host, program = "127.0.0.1", staticmethod(Program)

    def run_inside(self, work):
        return work()


class Cluster:
    name, key = "checked", None

    def __init__(self, binaries, folder, options):
        self.binaries, self.folder, self.options = binaries, folder, options
        self.workers, self.machines, self.coordinator = [], {}, None
        #: More lines of the cluster file, options of workers, and of the coordinator.
        self.lines, self.of_workers, self.of_coordinator = [], [], []
        self.port, self.admin_port, self.log_start = 0, 0, 0

    def machine(self, name):
        """Where a program runs."""
        return Here()

    def start(self):
        for name in ["coordinator", *(f"w{index}" for index in range(self.options.workers + self.options.spares))]:
            self.machines[name] = self.machine(name)
            if name != "coordinator":
                self.workers.append(Worker(
                    self.binaries, self.folder, name, self.of_workers, program=self.machines[name].program,
                    host=self.machines[name].host))
        write_cluster_file(
            f"{self.folder}/workers.yaml", self.name, self.options.model, self.workers,
            spares=self.options.spares, lines=self.lines)
        self.start_coordinator()

    def start_coordinator(self, most=5):
        """How many starts it took: one whose first pipeline is lost ends, and is started again, as a service is."""
        for count in range(1, most + 1):
            try:
                self.try_coordinator()
                return count
            except RuntimeError:
                if self.coordinator.process.poll() is None or count == most:
                    raise

    def try_coordinator(self):
        log, machine = f"{self.folder}/coordinator.log", self.machines["coordinator"]
        self.log_start = os.path.getsize(log) if os.path.exists(log) else 0
        self.coordinator = machine.program(
            self.binaries / "bitnet-coord",
            ["--shards", f"{self.folder}/workers.yaml", "--placement", "bytes",
             "--parallel", str(max(16, 2 * self.options.streams)), "--store-dir", f"{self.folder}/store",
             "--host", machine.host, "--port", str(self.port), "--admin", f"{machine.host}:{self.admin_port}",
             *self.of_coordinator], log)
        self.place = place_of(self.coordinator.told("gateway", start=self.log_start))
        admin = place_of(self.coordinator.told("admin", start=self.log_start))
        self.port, self.admin_port = self.place[1], admin[1]
        self.operator = Operator(admin, self.key)
        until_ready(f"http://{self.place[0]}:{self.port}", self.coordinator)

    def worker(self, name):
        return next(worker for worker in self.workers if worker.name == name)

    def names(self):
        return [worker.name for worker in self.workers]

    def programs(self):
        found = {worker.name: worker.program for worker in self.workers}
        return found | ({"coordinator": self.coordinator} if self.coordinator else {})

    def end(self):
        for program in self.programs().values():
            program.end()

    # What a coordinator finds that takes over

    def logs_of_stages(self):
        """How long the logs of the workers are that serve now, by name."""
        stages = self.operator.settled_stages(60)
        return {name: os.path.getsize(self.worker(name).program.log) for name in stages}

    def not_kept(self, starts):
        """What a coordinator that has just started shipped or loaded, though workers held it in memory before."""
        said = self.coordinator.text(self.log_start)
        sent = sum(int(count) for count in re.findall(r"(\d+) bytes (?:sent:|in) ", said))
        found = [f"{sent} bytes were shipped to workers that had them"] if sent else []
        for name, start in starts.items():
            kept = re.findall(r'kept in memory parts="(\d+) of (\d+)"', self.worker(name).program.text(start))
            if not any(count == of for count, of in kept):
                found.append(f"{name} has not kept its stage in memory: {kept or 'it tells of nothing'}")
        return found
