# SPDX-License-Identifier: MIT
"""The operator's page in a headless browser, and what can be seen of it."""
import os
import pathlib
import time

import axe_playwright_python
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

AXE = pathlib.Path(axe_playwright_python.__file__).parent / "axe.min.js"
#: Counted from the first line that the page runs.
WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective}: `
    + `${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`));
window.failures = [];
addEventListener("error", (event) => window.failures.push(String(event.message)));
addEventListener("unhandledrejection", (event) => window.failures.push(String(event.reason)));
"""


class Page:
    def __init__(self):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        # Chromium's sandbox is not for root.
        for argument in arguments + (["--no-sandbox"] if os.geteuid() == 0 else []):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        self.said = []
        self.look_like(1440)

    def open(self, url):
        self.driver.get(url)

    def end(self):
        self.driver.quit()

    def look_like(self, width, is_dark=False, moves_less=False, height=1000):
        """A screen of this width, whose user likes it so."""
        self.size(width, height)
        features = [{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"},
                    {"name": "prefers-reduced-motion", "value": "reduce" if moves_less else "no-preference"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def size(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
        self.width = width

    # What is there

    def find(self, selector):
        """What can be seen of that."""
        return [node for node in self.driver.find_elements(By.CSS_SELECTOR, selector) if node.is_displayed()]

    def text(self, selector):
        return "\n".join(node.text for node in self.find(selector))

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def run_module(self, body):
        """What the body of an asynchronous function gives, which may import the page's modules."""
        return self.driver.execute_async_script(
            f"const done = arguments[0]; (async () => {{ {body} }})().then(done, (error) => done(String(error)));")

    def until(self, wanted, what, seconds=30):
        """What a function of nothing gives, once that is something."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                found = wanted()
                if found:
                    return found
            except StaleElementReferenceException:
                pass
            time.sleep(0.05)
        raise AssertionError(f"in {seconds} seconds there was not: {what}; the page says:\n{self.text('body')}")

    def until_says(self, selector, words, seconds=30):
        return self.until(lambda: words in self.text(selector), f"“{words}” in {selector}", seconds)

    def click(self, selector):
        nodes = self.until(lambda: self.find(selector), selector)
        assert len(nodes) == 1, f"{len(nodes)} of {selector}"
        nodes[0].click()

    def type(self, selector, text):
        self.find(selector)[0].send_keys(text)

    # What is wrong with it

    def complaints(self):
        """What the console holds against the page, but for requests that failed, and what broke a policy."""
        for line in self.driver.get_log("browser"):
            self.said.append(line["message"])
        own = [line for line in self.said if "Failed to load resource" not in line]
        return own + self.run("return [...window.violations, ...window.failures]")

    def barriers(self):
        """What axe finds that keeps people out."""
        self.run(AXE.read_text())
        found = self.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            axe.run({ resultTypes: ["violations"] }).then((result) => done(result.violations),
                (error) => done([{ id: String(error), impact: "critical", nodes: [] }]));
        """)
        return [f"{each['id']} ({each['impact']}): {[node['html'][:200] for node in each['nodes']][:3]}"
                for each in found if each["impact"] in ("serious", "critical")]

    def picture(self, path):
        """All of it, however long."""
        width = self.width
        self.size(width, self.run("return document.documentElement.scrollHeight"))
        try:
            self.driver.save_screenshot(str(path))
        except WebDriverException:
            pass
        self.size(width, 1000)
