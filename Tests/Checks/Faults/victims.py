# SPDX-License-Identifier: MIT
"""The cluster that is harmed: workers and a coordinator, on loopback or on machines of their own."""
import os
import pathlib
import secrets

from cluster import Program, Worker, place_of, until_ready, write_cluster_file
from network import do
from operators import Operator


class Here:
    """All programs on this machine, without a network of their own."""

    host, program = "127.0.0.1", staticmethod(Program)

    def run_inside(self, work):
        return work()


class Cluster:
    def __init__(self, binaries, folder, options, network=None):
        self.binaries, self.folder, self.options, self.network = binaries, folder, options, network
        self.key, self.lines, self.more = None, [], []
        self.workers, self.coordinator = [], None
        self.machines, self.disk_bytes = {}, 0
        self.port, self.admin_port, self.log_start = 0, 0, 0
        if network:
            self.use_key()

    def use_key(self):
        """Off loopback nothing is done without one."""
        self.key = secrets.token_hex(32)
        path = pathlib.Path(self.folder, "cluster.key")
        path.write_text(self.key + "\n")
        path.chmod(0o600)
        self.lines = ["key_file: cluster.key", *(["tls: off"] if self.options.plain else [])]
        self.more = ["--key-file", str(path), *(["--no-tls"] if self.options.plain else [])]

    def start(self):
        self.host = self.network.machine() if self.network else Here()
        for index in range(self.options.workers + self.options.spares):
            name = f"w{index}"
            machine = self.machines[name] = self.network.machine() if self.network else Here()
            if self.network:
                self.give_disk(name)
            self.workers.append(Worker(
                self.binaries, self.folder, name, self.more, program=machine.program, host=machine.host))
        write_cluster_file(
            f"{self.folder}/workers.yaml", "faults", self.options.model, self.workers,
            spares=self.options.spares, lines=self.lines)
        self.start_coordinator()

    def give_disk(self, name):
        """A small disk of its own, which holds the whole model twice."""
        self.disk_bytes = 2 * os.path.getsize(self.options.model) + (4 << 20)
        pathlib.Path(self.folder, name).mkdir(mode=0o700)
        do("mount", "-t", "tmpfs", "-o", f"size={self.disk_bytes},mode=700", "worker", f"{self.folder}/{name}")

    def start_coordinator(self):
        log = f"{self.folder}/coordinator.log"
        self.log_start = os.path.getsize(log) if os.path.exists(log) else 0
        keys = [] if self.key is None else [
            "--api-key-file", f"{self.folder}/cluster.key", "--admin-key-file", f"{self.folder}/cluster.key"]
        self.coordinator = self.host.program(
            self.binaries / "bitnet-coord",
            ["--shards", f"{self.folder}/workers.yaml", "--placement", "bytes",
             "--parallel", str(max(16, 2 * self.options.streams)), "--store-dir", f"{self.folder}/store",
             "--host", self.host.host, "--port", str(self.port),
             "--admin", f"{self.host.host}:{self.admin_port}", *keys], log)
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
        return {worker.name: worker.program for worker in self.workers} | {"coordinator": self.coordinator}

    def end(self):
        for program in self.programs().values():
            if program:
                program.end()
