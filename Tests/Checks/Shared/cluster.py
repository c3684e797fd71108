# SPDX-License-Identifier: MIT
"""Workers and a coordinator as processes, for checks that harm them."""
import http.client
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODEL = ROOT / "cluster/model/stories.gguf"
PROMPTS = ["One day", "Once upon a time", "The end", "Lily had a", "In the forest there was", "It was a dark"]


def programs():
    """The folder of the programs: BITNET_BIN, the release build, or the debug build."""
    chosen = os.environ.get("BITNET_BIN")
    folders = [chosen] if chosen else [ROOT / ".build/release", ROOT / ".build/debug"]
    for folder in folders:
        if (pathlib.Path(folder) / "bitnet-coord").exists():
            return pathlib.Path(folder).resolve()
    sys.exit("no programs: build them, or say where they are with BITNET_BIN")


class Program:
    """A program whose log goes to a file."""

    def __init__(self, path, arguments, log):
        self.log = log
        with open(log, "a") as file:
            self.process = subprocess.Popen([str(path), *arguments], stderr=file, stdout=subprocess.DEVNULL)

    def told(self, word, seconds=120, start=0):
        """What the log says behind a word, from this byte on, once it says it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(rf"{word}=\"?([^\s\"]+)", self.text(start))
            if found:
                return found.group(1)
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"no {word} in {self.log}:\n{self.text(start)[-2000:]}")

    def text(self, start=0):
        return pathlib.Path(self.log).read_bytes()[start:].decode(errors="replace")

    def end(self):
        for number in (signal.SIGCONT, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(number)
        self.process.wait()


class Worker:
    """A worker that keeps its port and its data when it is started again."""

    def __init__(self, binaries, folder, name, more=(), program=Program, host="127.0.0.1"):
        self.binaries, self.folder, self.name, self.more, self.kind = binaries, folder, name, more, program
        self.host, self.port = host, 0
        self.start()

    def start(self):
        log = f"{self.folder}/{self.name}.log"
        if self.port == 0:
            open(log, "w").close()
        self.program = self.kind(
            self.binaries / "bitnet-worker",
            ["--listen", f"{self.host}:{self.port}", "--name", self.name, "--threads", "1",
             "--data-dir", f"{self.folder}/{self.name}", *self.more], log)
        if self.port == 0:
            self.port = int(self.program.told("port"))


def write_cluster_file(path, name, model, workers, spares=0, lines=()):
    """Names the workers, of which the last ones are spares; `lines` stand before them."""
    text = [f"cluster: {name}", f"model: {model}", *lines, "workers:"]
    for index, worker in enumerate(workers):
        text += [f"  - name: {worker.name}", f"    address: {worker.host}:{worker.port}"]
        text += ["    spare: true"] if index >= len(workers) - spares else []
    pathlib.Path(path).write_text("\n".join(text) + "\n")


def place_of(address):
    """Host and port of a URL or of host:port."""
    host, port = address.split("//")[-1].split("/")[0].rsplit(":", 1)
    return host, int(port)


def until_ready(address, program, seconds=600):
    place, end = place_of(address), time.monotonic() + seconds
    while program.process.poll() is None and time.monotonic() < end:
        try:
            connection = http.client.HTTPConnection(*place, timeout=10)
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                return place
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.05)
    raise RuntimeError(f"the coordinator has ended or does not become ready, see {program.log}")


def figures(pid):
    """Resident bytes, descriptors and threads of a process; zeros if it is gone."""
    try:
        with open(f"/proc/{pid}/status") as file:
            text = file.read()
        resident = int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) * 1024
        return resident, len(os.listdir(f"/proc/{pid}/fd")), int(re.search(r"Threads:\s+(\d+)", text).group(1))
    except (OSError, AttributeError):
        return 0, 0, 0


def percentile(values, fraction):
    values = sorted(values)
    return round(values[min(int(len(values) * fraction), len(values) - 1)], 3) if values else None
