# SPDX-License-Identifier: MIT
"""The cluster that is abused: three workers and a coordinator, which can be asked and started again."""
import contextlib
import fcntl
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import threading
import time

from cluster import Program, Worker, figures, place_of, until_ready, write_cluster_file
from sockets import Answer, Raw

#: What the small honest request says, in each answer of a cluster that is right.
TINY = b'{"prompt": "One day", "max_tokens": 1, "temperature": 0}'
#: Linux' F_SETPIPE_SZ, which Python names from 3.10 on.
SET_PIPE_SIZE = getattr(fcntl, "F_SETPIPE_SZ", 1031)


class PipedProgram(Program):
    """A program whose log goes into a pipe of one page that is read, or not, and from there to a file.

    It starts with the usual 1,024 descriptors, whatever this process has.
    """

    def __init__(self, path, arguments, log):
        self.log = log
        self.is_read = threading.Event()
        self.is_read.set()
        self.process = subprocess.Popen(
            ["sh", "-c", 'ulimit -S -n 1024; exec "$0" "$@"', str(path), *arguments], stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL)
        fcntl.fcntl(self.process.stderr, SET_PIPE_SIZE, 4096)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        with open(self.log, "ab", buffering=0) as file, self.process.stderr as pipe:
            while data := os.read(pipe.fileno(), 4096):
                file.write(data)
                self.is_read.wait()

    def send(self, number):
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def end(self):
        self.is_read.set()
        super().end()


class AbusedWorker(Worker):
    """A worker whose end is a fault unless somebody holds `is_meant`."""

    def __init__(self, *arguments, **options):
        self.is_meant = threading.RLock()
        super().__init__(*arguments, program=PipedProgram, **options)

    @property
    def place(self):
        return "127.0.0.1", self.port


class Target:
    cluster_name = "abuse"

    def __init__(self, binaries, folder, options, history):
        self.binaries, self.folder, self.history = binaries, folder, history
        # Held by who has changed files or disks: nothing is started again meanwhile.
        self.is_whole = threading.Lock()
        self.api_key, self.abuser_key = secrets.token_hex(16), secrets.token_hex(16)
        self.is_up = threading.Event()
        self.model, self.cluster_file = f"{folder}/stories.gguf", f"{folder}/workers.yaml"
        shutil.copy(options.model, self.model)
        self.write_secret("keys", f"{self.api_key}\n{self.abuser_key}")
        self.write_secret("cluster.key", secrets.token_hex(32))
        self.disks, self.workers, self.coordinator = [], [], None
        self.mount("w2")
        self.mount("store")
        self.store = ["--no-store"] if options.no_store else ["--store-dir", f"{folder}/store"]
        self.parallel, self.port, self.admin_port = options.parallel, 0, 0

    def write_secret(self, name, text):
        path = pathlib.Path(self.folder, name)
        path.write_text(text + "\n")
        path.chmod(0o600)

    def mount(self, name):
        """A file system that can be filled, if this process may mount one."""
        path = f"{self.folder}/{name}"
        os.mkdir(path)
        how = ["mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "abuse", path]
        with contextlib.suppress(OSError):
            if subprocess.run(how, stderr=subprocess.DEVNULL).returncode == 0:
                self.disks.append(path)

    def start(self):
        for index in range(3):
            self.workers.append(AbusedWorker(
                self.binaries, self.folder, f"w{index}", more=["--key-file", f"{self.folder}/cluster.key"]))
        write_cluster_file(
            self.cluster_file, self.cluster_name, self.model, self.workers, lines=["key_file: cluster.key"])
        self.start_coordinator()
        self.first = self.first_text()

    def start_coordinator(self):
        log = f"{self.folder}/coordinator.log"
        start = os.path.getsize(log) if os.path.exists(log) else 0
        open(log, "a").close()
        self.coordinator = PipedProgram(
            self.binaries / "bitnet-coord",
            ["--shards", self.cluster_file, "--placement", "bytes", "--parallel", str(self.parallel),
             *self.store, "--port", str(self.port), "--api-key-file",
             f"{self.folder}/keys", "--admin", f"127.0.0.1:{self.admin_port}"], log)
        self.place = place_of(self.coordinator.told("gateway", start=start))
        self.admin = place_of(self.coordinator.told("admin", start=start))
        self.port, self.admin_port = self.place[1], self.admin[1]
        until_ready(f"http://127.0.0.1:{self.port}", self.coordinator, seconds=120)
        self.is_up.set()

    @property
    def admin_url(self):
        return f"http://127.0.0.1:{self.admin_port}"

    def restart(self):
        """All programs anew."""
        self.is_up.clear()
        with contextlib.ExitStack() as stack:
            for worker in self.workers:
                stack.enter_context(worker.is_meant)
            self.coordinator.end()
            for worker in self.workers:
                worker.program.end()
                worker.start()
        self.start_coordinator()

    def end(self):
        for program in self.programs():
            program.end()
        for disk in self.disks:
            subprocess.run(["umount", "-l", disk], stderr=subprocess.DEVNULL)

    def named_programs(self):
        found = {worker.name: worker.program for worker in self.workers}
        return found | ({"coordinator": self.coordinator} if self.coordinator else {})

    def programs(self):
        return list(self.named_programs().values())

    # What can be asked

    def head(self, method, path, body=b"", place=None, key=None):
        """With the abusers' key, if no other is given: shares are by key."""
        place = place or self.place
        key = f"Authorization: Bearer {key or self.abuser_key}\r\n" if place == self.place else ""
        return (f"{method} {path} HTTP/1.1\r\nHost: {place[0]}:{place[1]}\r\n{key}Connection: close\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body

    def ask(self, method, path, body=b"", place=None, timeout=60, key=None):
        """The answer, or None."""
        with Raw(place or self.place, timeout) as connection:
            # A refusal may come before all of a body has been taken.
            connection.send(self.head(method, path, body, place, key))
            return connection.answer(timeout)

    def operator(self, method, path, timeout=20):
        """The operator's answer; its status is 0 if there is none."""
        answer = self.ask(method, path, place=self.admin, timeout=timeout)
        return answer or Answer(0, {}, b"no answer", False)

    def first_text(self, timeout=60):
        answer = self.ask("POST", "/v1/completions", TINY, timeout=timeout, key=self.api_key)
        if answer is None or answer.status != 200:
            raise ValueError(f"{answer or 'no answer'}")
        return answer.document()["choices"][0]["text"]

    def tiny(self, timeout):
        """None if a small request is answered as ever, else what came instead."""
        try:
            text = self.first_text(timeout)
            return None if text == self.first else f"other text: {text!r}"
        except (ValueError, TypeError, LookupError) as error:
            return f"{error}"

    def status(self):
        return self.operator("GET", "/v1/status").document() or {}

    def settles(self, seconds):
        """Whether requests are taken again within so many seconds."""
        return self.becomes(seconds, lambda status: status.get("state") in ("serving", "degraded"))

    def is_served_without(self, name, seconds):
        def holds(status):
            is_serving = status.get("state") in ("serving", "degraded")
            return is_serving and name not in [stage["worker"] for stage in status.get("stages", [])]

        return self.becomes(seconds, holds)

    def becomes(self, seconds, condition):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition(self.status()):
                return True
            time.sleep(0.2)
        return False

    def metric(self, name):
        text = self.operator("GET", "/metrics").body.decode(errors="replace")
        return {labels: float(value) for labels, value in re.findall(rf"^{name}(\S*) (\S+)$", text, re.MULTILINE)}

    # What attacks compare

    def losses(self):
        """How often the pipeline was lost, and when that was asked."""
        return sum(self.metric("bitnet_pipeline_losses_total").values()), time.monotonic()

    def stays(self, attack, losses):
        """The pipeline was not lost since, unless somebody moved layers or stopped workers meanwhile."""
        before, since = losses
        now, _ = self.losses()
        if not self.history.is_group_under_way("placement", since):
            attack.must(now <= before, f"the pipeline was lost {now - before:.0f} times meanwhile")

    def warnings(self):
        return sum(len(re.findall(r"\bwarning\b", program.text(), re.IGNORECASE)) for program in self.programs())

    def resident(self, name):
        return figures(self.named_programs()[name].process.pid)[0]
