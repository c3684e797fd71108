# SPDX-License-Identifier: MIT
"""What is done to a cluster, each thing as a class: it harms, waits, and puts everything back."""
import contextlib
import os
import shutil
import signal
import time

from deck import STAGES
from foreign import Impostor, listener, strange

WAYS = ["first way", "middle way", "last way"]
#: Longer than a foreign peer may take for anything before it has proved itself.
STRANGER_SECONDS = 20


class Fault:
    """`where` is a worker's name, a pair of neighbours, or a word that only this kind knows."""

    positions = STAGES
    has_own_positions = needs_machines = False

    def __init__(self, cluster, streams, dice, where):
        self.cluster, self.streams, self.dice, self.where = cluster, streams, dice, where
        #: What was not as it must be, and figures beside the streams' pauses.
        self.wrong, self.seconds_until_ready = [], None

    def do(self):
        raise NotImplementedError

    def told(self):
        """What is worth a word beside the streams' pause."""
        return ""

    def kill(self, name):
        worker = self.cluster.worker(name)
        worker.program.process.kill()
        worker.program.process.wait()
        return worker

    def stop(self, program, seconds):
        program.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        program.process.send_signal(signal.SIGCONT)

    def wait(self, least, most):
        time.sleep(self.dice.uniform(least, most))


class Kill(Fault):
    """kill -9, and the machine's return"""

    def do(self):
        worker = self.kill(self.where)
        self.wait(0.05, 0.8)
        worker.start()


class Stop(Fault):
    """SIGSTOP for four seconds"""

    def do(self):
        self.stop(self.cluster.worker(self.where).program, 4)


class Two(Fault):
    """two machines at once: both are killed, or one is killed and one, perhaps the coordinator's, is stopped for 4 s"""

    def do(self):
        programs = self.cluster.programs()
        both = [self.where, self.dice.choice([name for name in programs if name != self.where])]
        if both[1] != "coordinator":
            self.dice.shuffle(both)
        killed = [self.kill(both[0])]
        self.wait(0, 1.5)
        if both[1] == "coordinator" or self.dice.random() < 0.5:
            self.stop(programs[both[1]], 4)
        else:
            killed.append(self.kill(both[1]))
            self.wait(0.05, 0.8)
        for worker in killed:
            worker.start()


class Cut(Fault):
    """What is cut is healed after four to six seconds."""

    needs_machines = True

    def others(self):
        return [machine for name, machine in self.cluster.machines.items() if name != self.where]

    def machine(self, name):
        return self.cluster.machines[name]

    def cut(self):
        """Cuts, and gives what heals it again."""
        raise NotImplementedError

    def do(self):
        heal = self.cut()
        self.wait(4, 6)
        for step in heal:
            step()


class CutFrom(Cut):
    """what a machine sends to all others gets lost"""

    positions = [*STAGES, "coordinator"]

    def cut(self):
        return [self.machine(self.where).lose_way(other) for other in self.others()]


class CutTo(Cut):
    """what all others send to a machine gets lost"""

    positions = [*STAGES, "coordinator"]

    def cut(self):
        return [other.lose_way(self.machine(self.where)) for other in self.others()]


class CutOff(Cut):
    """a worker's link is down"""

    def cut(self):
        return [self.machine(self.where).lose_link()]


class CutAhead(Cut):
    """what a stage sends to the next one gets lost"""

    positions = WAYS
    ahead, back = True, False

    def cut(self):
        one, next_one = [self.machine(name) for name in self.where]
        ways = [(one, next_one)] * self.ahead + [(next_one, one)] * self.back
        return [sender.lose_way(receiver) for sender, receiver in ways]


class CutBack(CutAhead):
    """what a stage sends to the one before it gets lost"""

    ahead, back = False, True


class CutBetween(CutAhead):
    """two neighbours lose the way between them, both ways"""

    ahead, back = True, True


class Disk(Fault):
    """a worker that was killed comes back without its parts, its disk full for four to six seconds"""

    needs_machines = True

    def do(self):
        free = self.fill_disk(self.where)
        self.wait(4, 6)
        free()

    def fill_disk(self, name):
        """Has a worker come back to a disk that is full of something else; gives what makes room again."""
        worker = self.kill(name)
        folder = f"{self.cluster.folder}/{name}"
        for entry in os.scandir(folder):
            shutil.rmtree(entry.path) if entry.is_dir() else os.remove(entry.path)
        filler = f"{folder}/filler"
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(65_536)):
                pass
        worker.start()
        return lambda: os.remove(filler)


class DiskOfSpare(Disk):
    """a stage is killed for four to six seconds when the disks of all spares are full, and have no parts"""

    positions = STAGES[:3]

    def do(self):
        stages = self.cluster.operator.settled_stages(60)
        make_room = [self.fill_disk(name) for name in self.cluster.names() if name not in stages]
        self.wait(0.5, 1.5)
        worker = self.kill(self.where)
        self.wait(4, 6)
        for free in make_room:
            free()
        worker.start()


class InItsPlace(Fault):
    """a worker is killed, and for two seconds something else answers at its address"""

    def do(self):
        worker = self.kill(self.where)
        place = (worker.host, worker.port)
        socket = self.cluster.machines[worker.name].run_inside(lambda: listener(place))
        impostor = Impostor(socket, self.dice)
        time.sleep(2)
        impostor.end()
        worker.start()


class Stranger(Fault):
    """somebody says foreign things to a worker; no pipeline may be lost by that"""

    def do(self):
        worker = self.cluster.worker(self.where)
        left = strange((worker.host, worker.port), STRANGER_SECONDS)
        self.wrong += [f"{word} is not answered by an end within {STRANGER_SECONDS} s" for word in left]


class Stall(Fault):
    """SIGSTOP of the coordinator"""

    positions, has_own_positions = ["for 2 s", "for 6 s"], True

    def do(self):
        self.stop(self.cluster.coordinator, int(self.where.split()[1]))


class Restart(Fault):
    """kill -9 of the coordinator, which comes back: requests end with it, and weights stay in memory"""

    positions, has_own_positions = ["coordinator"], True

    def do(self):
        # As the cluster file has it, which is how the next coordinator begins.
        self.cluster.operator.replan(60)
        logs = self.cluster.logs_of_stages()
        with self.streams.outage(breaks=True):
            self.cluster.coordinator.end()
            self.wait(0.05, 0.8)
            begun = time.monotonic()
            self.starts = self.cluster.start_coordinator()
            self.seconds_until_ready = round(time.monotonic() - begun, 3)
        self.wrong += self.cluster.not_kept(logs)

    def told(self):
        again = f", started {self.starts} times" if self.starts > 1 else ""
        return f"ready after {self.seconds_until_ready} s{again}  "


KINDS = {
    "kill": Kill, "stop": Stop, "two": Two, "cut-from": CutFrom, "cut-to": CutTo, "cut-off": CutOff,
    "cut-ahead": CutAhead, "cut-back": CutBack, "cut-between": CutBetween, "disk": Disk, "disk-spare": DiskOfSpare,
    "impostor": InItsPlace, "stranger": Stranger, "stall": Stall, "restart": Restart,
}
