# SPDX-License-Identifier: MIT
"""What a machine does to programs: signals, logs that nobody reads, files that change, full disks."""
import os
import pathlib
import signal
import subprocess
import time

from .attack import Attack


class UnreadLogs(Attack):
    """Pipes of a worker and of the coordinator that are full for a while; each holds one page."""

    group = "logs"
    right = "who does not read a log stops nothing: 300 requests are answered meanwhile"

    def run(self):
        programs = [self.target.coordinator, self.dice.choice(self.target.workers).program]
        for program in programs:
            program.is_read.clear()
        try:
            for _ in range(300):
                said = self.target.tiny(timeout=10)
                if not self.must(said is None, f"a small request: {said}"):
                    break
            self.operator_answers()
        finally:
            for program in programs:
                program.is_read.set()


class HangUp(Attack):
    group = "placement"
    right = "SIGHUP ends no program and no stream"

    def run(self):
        programs = self.target.named_programs()
        for program in programs.values():
            program.send(signal.SIGHUP)
        time.sleep(2)
        for name, program in programs.items():
            self.must(program.process.poll() is None, f"{name} has ended")


class Pause(Attack):
    group = "placement"
    right = "a worker that stands still for less than a second loses no pipeline"

    def run(self):
        losses = self.target.losses()
        for _ in range(3):
            program = self.dice.choice(self.target.workers).program
            program.send(signal.SIGSTOP)
            time.sleep(self.dice.uniform(0.1, 0.9))
            program.send(signal.SIGCONT)
            time.sleep(2)
        self.target.stays(self, losses)


class Kill(Attack):
    group = "placement"
    kills = True
    right = "a killed worker costs a pause: its layers move, and it may come back"

    def run(self):
        worker = self.dice.choice(self.target.workers)
        with worker.is_meant:
            worker.program.process.kill()
            worker.program.process.wait()
            time.sleep(self.dice.uniform(0.05, 3))
            worker.start()
        self.must(self.target.settles(60), "not serving 60 s later")
        self.target.operator("POST", "/v1/replan")
        self.must(self.target.settles(60), "not serving 60 s after it was planned anew")


class ModelFile(Attack):
    """The model's file is changed under the coordinator, and a pipeline is put together meanwhile."""

    group = "placement"
    variants = ("cut", "overwritten", "replaced", "gone")
    right = "what was read once is kept: no signal, no other token; errors name the file"

    def run(self):
        path = pathlib.Path(self.target.model)
        whole, times = path.read_bytes(), os.stat(path)
        with self.target.is_whole:
            self.change(path, path.with_suffix(".aside"), whole, times)
        self.must(self.target.settles(60), "not serving 60 s after the file was whole again")

    def change(self, path, aside, whole, times):
        try:
            if self.variant == "cut":
                os.truncate(path, self.dice.randint(0, len(whole) - 1))
            elif self.variant == "overwritten":
                with open(path, "r+b") as file:
                    file.seek(self.dice.randint(0, len(whole) // 2))
                    file.write(self.dice.randbytes(len(whole) // 3))
            else:
                path.rename(aside)
                if self.variant == "replaced":
                    path.write_bytes(self.dice.randbytes(len(whole)))
            self.use()
        finally:
            if aside.exists():
                aside.rename(path)
            else:
                # In place, with the times that it had: for all that can be seen it is the file that it was.
                with open(path, "r+b") as file:
                    file.write(whole)
                os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def use(self):
        """Layers move away from a worker and come back, so that weights are wanted again."""
        self.tiny_answers()
        name = self.dice.choice(self.target.workers).name
        self.target.operator("POST", f"/v1/drain?worker={name}")
        time.sleep(3)
        answer = self.target.ask("POST", "/tokenize", b'{"content": "One day"}')
        self.must(answer and answer.status == 200, f"/tokenize meanwhile: {answer or 'no answer'}")
        self.target.operator("DELETE", f"/v1/drain?worker={name}")
        self.target.operator("POST", "/v1/replan")
        time.sleep(3)


class Disk(Attack):
    """A small file system under a worker's data and under the store."""

    group = "placement"
    variants = ("full", "read-only")
    right = "a disk that is full or read-only costs those nothing who are served from memory"

    def run(self):
        if not self.target.disks:
            return self.skip("needs the right to mount")
        name = self.dice.choice(self.target.workers).name
        with self.target.is_whole:
            for disk in self.target.disks:
                self.harm(disk)
            try:
                self.tiny_answers()
                self.target.operator("POST", f"/v1/drain?worker={name}")
                time.sleep(3)
            finally:
                for disk in self.target.disks:
                    self.mend(disk)
        self.target.operator("DELETE", f"/v1/drain?worker={name}")
        self.target.operator("POST", "/v1/replan")
        self.must(self.target.settles(60), "not serving 60 s after the disk was as before")

    def harm(self, disk):
        if self.variant == "full":
            with open(pathlib.Path(disk) / "filler", "wb", buffering=0) as file:
                try:
                    while file.write(bytes(1 << 16)):
                        pass
                except OSError:
                    pass
        else:
            # Over itself, as a file system cannot become read-only under files that are open.
            subprocess.run(["mount", "--bind", disk, disk], check=True)
            subprocess.run(["mount", "-o", "remount,bind,ro", disk], check=True)

    def mend(self, disk):
        if self.variant == "full":
            (pathlib.Path(disk) / "filler").unlink(missing_ok=True)
        else:
            subprocess.run(["umount", "-l", disk], check=True)
