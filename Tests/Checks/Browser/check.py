# SPDX-License-Identifier: MIT
"""Clicks, types and reads as an operator does, while workers are drained and killed and the coordinator goes away."""
import argparse
import os
import pathlib
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Shared"))
from cluster import MODEL, Program, Worker, place_of, programs, write_cluster_file  # noqa: E402
from operators import Operator  # noqa: E402
import modules  # noqa: E402
from page import Page  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

KEY = "operator-key-of-this-check"
#: As a user may write it, and a worker's message may hold it.
MARKUP = '<img src=x onerror="document.title=1"><b id=planted>bold</b>'


class Check:
    def __init__(self, folder, pictures):
        self.folder, self.pictures = pathlib.Path(folder), pictures
        self.binaries, self.page = programs(), Page()
        self.workers, self.coordinator, self.admin = [], None, "127.0.0.1:0"

    def start(self):
        for name in "abcd":
            self.workers.append(Worker(self.binaries, self.folder, name))
        write_cluster_file(self.folder / "workers.yaml", "checked", MODEL, self.workers, spares=1)
        (self.folder / "admin.key").write_text(KEY + "\n")
        os.chmod(self.folder / "admin.key", 0o600)
        self.start_coordinator()

    def start_coordinator(self):
        log = self.folder / "coordinator.log"
        start = log.stat().st_size if log.exists() else 0
        self.coordinator = Program(
            self.binaries / "bitnet-coord",
            ["--shards", str(self.folder / "workers.yaml"), "--placement", "bytes", "--no-store", "--port", "0",
             "--admin", self.admin, "--admin-key-file", str(self.folder / "admin.key")], log)
        host, port = place_of(self.coordinator.told("admin", start=start))
        self.admin, self.operator = f"{host}:{port}", Operator((host, port), KEY)

    def end(self):
        self.page.end()
        for program in [self.coordinator, *(worker.program for worker in self.workers)]:
            if program:
                program.end()

    def worker(self, name):
        return next(worker for worker in self.workers if worker.name == name)

    def card(self, name, kind):
        """The box of a worker that is shown as this."""
        return [box for box in self.page.find(f'.box[data-kind="{kind}"]')
                if box.text.split("\n")[0].startswith(name)]

    def until_shown(self, name, kind, seconds=30):
        return self.page.until(lambda: self.card(name, kind), f"worker {name} shown as {kind}", seconds)[0]

    def keep_picture(self, name):
        """On large and small screens, light and dark, if pictures are wanted."""
        for width, is_dark in ((1440, False), (1440, True), (390, False), (390, True)) if self.pictures else ():
            self.page.look_like(width, is_dark)
            time.sleep(0.3)
            self.page.picture(self.pictures / f"{name}-{width}-{'dark' if is_dark else 'light'}.png")
        self.page.look_like(1440)

    # One after the other

    def wants_the_key(self):
        page = self.page
        page.open(f"http://{self.admin}/")
        page.until_says("#confirm", "The operator's key")
        assert page.text("#state") == "Key wanted", page.text("#state")
        assert not page.find("#flow .stage"), "something is shown without the key"
        page.type("#confirm-key-field", "another key" + Keys.ENTER)
        page.until_says("#confirm-problem", "without spaces")
        page.run("document.getElementById('confirm-key-field').value = ''")
        page.type("#confirm-key-field", "another-key" + Keys.ENTER)
        page.until_says("#confirm-problem", "this API key is not known here")
        page.run("document.getElementById('confirm-key-field').value = ''")
        page.type("#confirm-key-field", KEY + Keys.ENTER)
        page.until_says("#state", "Serving", 60)
        assert not page.find("#confirm"), "the dialog stays"
        assert page.run("return Object.values(sessionStorage)") == [KEY]
        assert page.run("return localStorage.length + document.cookie.length") == 0

    def shows_the_cluster(self):
        page = self.page
        for name, layers in zip("abc", ([stage["layers"] for stage in self.operator.status()["stages"]])):
            box = self.until_shown(name, "serving")
            assert f"layers {layers[0]}–{layers[1]}" in box.text or f"layer {layers[0]}" in box.text, box.text
        assert "standing by" in self.until_shown("d", "spare", 60).text
        assert len(page.find("#layers rect")) == 9
        page.until_says("#plan", "sequences of")
        page.until_says("#events", "3 stages")
        page.until_says("#charts", "Written", 30)
        self.keep_picture("healthy")

    def has_modules_that_hold(self):
        modules.check(self.page)

    def is_for_everybody(self):
        page = self.page
        for is_dark in (False, True):
            for width in (1440, 390):
                page.look_like(width, is_dark)
                found = page.barriers()
                assert not found, f"{width} pixels, {'dark' if is_dark else 'light'}: {found}"
                assert page.run("return document.documentElement.scrollWidth <= innerWidth"), "it is wider than its screen"
        page.look_like(1440)
        page.run("document.activeElement.blur()")
        page.type("body", Keys.TAB)
        assert page.run("return document.activeElement.className") == "skip"
        page.type("body", Keys.TAB)
        assert page.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"

    def chats(self):
        page = self.page
        page.run("""
            window.lengths = new Set();
            new MutationObserver(() => window.lengths.add([...document.querySelectorAll(".model .text")].at(-1)?.textContent.length))
                .observe(document.getElementById("messages"), { childList: true, subtree: true, characterData: true });
        """)
        # Some stories are short.
        for count in range(1, 6):
            page.type("#question", MARKUP + Keys.ENTER)
            page.until(lambda: len(page.find(".message.model")) == count and page.find("#chat-send"), "a whole answer", 60)
            if page.run("return [...document.querySelectorAll('.model .text')].at(-1).textContent.length") > 100:
                break
        assert page.run("return window.lengths.size") > 5, "the answer came in one piece"
        assert page.find(".message.user")[0].text == MARKUP
        assert not page.run("return document.querySelector('img, #planted')"), "what was typed became markup"
        assert "tokens" in page.text(".model .soft"), page.text(".model .soft")
        page.until(lambda: page.find(".link[data-moving]"), "tokens that flow")
        assert page.run("return getComputedStyle(document.querySelector('[data-moving] .shaft')).animationName") == "flow"
        page.look_like(1440, moves_less=True)
        assert page.run("return getComputedStyle(document.querySelector('[data-moving] .shaft')).animationName") == "none"
        page.look_like(1440)
        page.until_says("#flow .end", f"finished\n{count}")
        # At once: the model may be faster than a hand.
        page.type("#question", "Go on, and on.")
        page.run("document.getElementById('chat-send').click(); document.getElementById('chat-stop').click()")
        page.until_says("#messages", "Stopped.")
        page.until(lambda: page.find("#chat-send"), "an end of the answer that was stopped")

    def drains_when_that_is_meant(self):
        page = self.page
        page.click("[aria-label='Drain a…']")
        page.until_says("#confirm", "Drain a?")
        assert page.run("return document.activeElement.id") == "confirm-cancel"
        page.type("#confirm-cancel", Keys.ESCAPE)
        page.until(lambda: not page.find("#confirm"), "a dialog that is closed by Escape")
        assert "a" in self.operator.stages(), "it was drained though that was not meant"
        page.click("[aria-label='Drain a…']")
        page.click("#confirm-go")
        box = self.until_shown("a", "drained")
        assert "Resume" in box.text
        assert "a" not in self.operator.settled_stages(30)
        page.click("[aria-label='Resume a…']")
        page.click("#confirm-go")
        self.until_shown("a", "absent")
        page.click("#replan")
        page.click("#confirm-go")
        self.until_shown("a", "serving")

    def forgets_the_key(self):
        page = self.page
        page.click("#key")
        page.until_says("#confirm", "The operator's key")
        page.type("#confirm-cancel", Keys.ESCAPE)
        page.until_says("#notice", "wants the operator's key")
        page.until(lambda: not page.find("#confirm"), "a dialog that is closed by Escape")
        assert page.run("return sessionStorage.length") == 0
        assert not page.find(".box, .message"), "something is still shown"
        assert not page.find("#replan:enabled"), "one may act without the key"
        page.click("#give-key")
        page.type("#confirm-key-field", KEY + Keys.ENTER)
        page.until_says("#state", "Serving")

    def shows_who_is_lost(self):
        page = self.page
        self.worker("b").program.process.send_signal(signal.SIGKILL)
        box = self.until_shown("b", "lost")
        assert "Start bitnet-worker on b again" in box.text, box.text
        page.until_says("#notice", "serves without b")
        page.until_says("#failures", "worker b")
        page.until_says("#failures", "Start bitnet-worker on b again")
        page.until_says("#events", "b is lost")
        assert not page.barriers(), page.barriers()
        self.keep_picture("degraded")
        self.worker("b").program.end()
        self.worker("b").start()
        self.until_shown("b", "spare", 60)
        page.until_says("#failures", "stands by")

    def shows_that_nobody_answers(self):
        page = self.page
        self.coordinator.end()
        page.until_says("#state", "No answer")
        page.until_says("#notice", "The coordinator does not answer")
        assert "Look whether bitnet-coord runs" in page.text("#notice")
        assert not page.find("#drain:enabled"), "one may drain what is not there"
        assert page.text("#freshness").startswith("as of")
        assert not page.barriers(), page.barriers()
        self.keep_picture("down")
        self.start_coordinator()
        page.until_says("#state", "Serving", 90)
        page.until_says("#events", "3 stages")
        assert "lost" not in page.text("#events"), "events of the coordinator before"

    def is_guarded(self):
        page = self.page
        # Nothing was complained of until now; so that it is seen that it would have been.
        page.run("""
            const script = document.createElement("script");
            try { script.textContent = "window.planted = true"; document.body.append(script); } catch {}
            document.body.setAttribute("style", "color: red");
        """)
        page.until(lambda: page.run("return window.violations.length") > 0, "a policy that keeps scripts out")
        assert page.run("return window.planted") is None

    def run(self):
        for step in (self.wants_the_key, self.shows_the_cluster, self.has_modules_that_hold,
                     self.is_for_everybody, self.chats, self.drains_when_that_is_meant, self.forgets_the_key, self.shows_who_is_lost,
                     self.shows_that_nobody_answers, self.is_guarded):
            start = time.monotonic()
            step()
            # What the last one has seen is what it had done.
            assert step == self.is_guarded or not self.page.complaints(), self.page.complaints()
            print(f"{step.__name__.replace('_', ' ')}: holds ({time.monotonic() - start:.1f} s)", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pictures", type=pathlib.Path, help="folder for pictures of every state")
    pictures = options.parse_args().pictures
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        check = Check(folder, pictures)
        try:
            check.start()
            check.run()
        finally:
            check.end()


if __name__ == "__main__":
    main()
