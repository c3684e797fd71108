# SPDX-License-Identifier: MIT
"""A cluster each of whose programs has a machine of its own: a namespace, a small disk, the cluster's key."""
import os
import pathlib
import secrets

from network import do
from serving import Cluster


class ClusterOfMachines(Cluster):
    def __init__(self, binaries, folder, options, network):
        super().__init__(binaries, folder, options)
        self.network, self.key, self.disks = network, secrets.token_hex(32), []
        path = pathlib.Path(folder, "cluster.key")
        path.write_text(self.key + "\n")
        path.chmod(0o600)
        # Off loopback nothing is done without keys.
        self.lines = ["key_file: cluster.key"] + ["tls: off"] * options.plain
        self.of_workers = ["--key-file", str(path)] + ["--no-tls"] * options.plain
        self.of_coordinator = ["--api-key-file", str(path), "--admin-key-file", str(path)]

    def machine(self, name):
        if name != "coordinator":
            self.mount(f"{self.folder}/{name}")
        return self.network.machine()

    def mount(self, path):
        """A disk that holds the whole model twice."""
        size = 2 * os.path.getsize(self.options.model) + (4 << 20)
        os.mkdir(path)
        do("mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "worker", path)
        self.disks.append(path)

    def end(self):
        super().end()
        for path in self.disks:
            do("umount", "--lazy", path)
