# SPDX-License-Identifier: MIT
"""A network of machines: each has a network namespace of its own, and all hang on one bridge.

No namespace has a name, and the bridge is in this process' own: when the process is gone all of it is, however the
process ended.
"""
import ctypes
import functools
import os
import shutil
import subprocess
import threading

from cluster import Program

TOOLS = ["ip", "mount", "nsenter", "setpriv"]
NEW_NETWORK, NEW_MOUNTS = 0x4000_0000, 0x0002_0000
#: A link address that nobody has: what is sent there gets lost without a word.
NOBODY = "02:00:00:00:00:01"
libc = ctypes.CDLL(None, use_errno=True)


def lacking():
    """What keeps this process from having namespaces, or nothing."""
    if os.geteuid() != 0:
        return "root's rights"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"the program {' and '.join(missing)} (Debian: iproute2, util-linux)" if missing else ""


def checked(result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"no namespace can be made or entered: {os.strerror(number)}")


def do(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


def in_thread(work):
    """The result of a piece of work in a thread of its own, as a namespace is that of a thread."""
    results = []

    def run():
        try:
            results.append((work(), None))
        except OSError as error:
            results.append((None, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    result, error = results[0]
    if error:
        raise error
    return result


def leave_the_machine():
    """Gives this process networks and mounts of its own; before it has threads."""
    checked(libc.unshare(NEW_NETWORK | NEW_MOUNTS))
    do("mount", "--make-rprivate", "/")
    do("ip", "link", "set", "lo", "up")


class Network:
    """The bridge, on which this process has an address as well."""

    def __init__(self):
        leave_the_machine()
        self.machines = []
        do("ip", "link", "add", "bridge", "type", "bridge")
        do("ip", "address", "add", "10.77.0.1/24", "dev", "bridge")
        do("ip", "link", "set", "bridge", "up")

    def machine(self):
        self.machines.append(Machine(len(self.machines) + 2))
        return self.machines[-1]


class Machine:
    """One namespace with one link, which exists for as long as this process does."""

    def __init__(self, number):
        self.host, self.port = f"10.77.0.{number}", f"port{number}"
        descriptor = in_thread(self.new_namespace)
        self.namespace = f"/proc/{os.getpid()}/fd/{descriptor}"
        do("ip", "link", "add", self.port, "type", "veth", "peer", "name", "eth0", "netns", self.namespace)
        do("ip", "link", "set", self.port, "master", "bridge", "up")
        self.inside("ip", "link", "set", "lo", "up")
        self.inside("ip", "address", "add", f"{self.host}/24", "dev", "eth0")
        self.inside("ip", "link", "set", "eth0", "up")

    @staticmethod
    def new_namespace():
        checked(libc.unshare(NEW_NETWORK))
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY)

    def inside(self, *command):
        do("nsenter", f"--net={self.namespace}", *command)

    def run_inside(self, work):
        """What a piece of work gives there; a socket that it opens stays there."""
        def run():
            with open(self.namespace) as namespace:
                checked(libc.setns(namespace.fileno(), NEW_NETWORK))
            return work()

        return in_thread(run)

    def program(self, path, arguments, log):
        """A program on this machine, which does not outlive this process."""
        enter = [f"--net={self.namespace}", "setpriv", "--pdeathsig", "KILL", "--", str(path)]
        return Program("nsenter", [*enter, *arguments], log)

    # Ways that are cut

    def lose_way(self, to):
        """What this machine sends to another one gets lost."""
        self.inside("ip", "neighbour", "replace", to.host, "lladdr", NOBODY, "dev", "eth0", "nud", "permanent")
        return functools.partial(self.inside, "ip", "neighbour", "del", to.host, "dev", "eth0")

    def lose_link(self):
        """The machine is cut off from all others."""
        do("ip", "link", "set", self.port, "down")
        return functools.partial(do, "ip", "link", "set", self.port, "up")
