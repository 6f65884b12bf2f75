"""A real browser, headless, driven by the W3C WebDriver protocol; and why there is none."""

import base64
import json
import shutil
import subprocess
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The protocol's name for a reference to an element (WebDriver, section 12)."""

AXE = Path(__file__).resolve().parents[3] / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
"""Where `tools/axe` puts it."""

STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
ASK = """
axe.run(document, arguments[0]).then((found) => {
  const grave = found.violations.filter((one) => ["serious", "critical"].includes(one.impact));
  window.findings = grave.flatMap((one) => one.nodes.map((node) =>
    `${one.id}: ${node.html.slice(0, 160)} (${node.failureSummary.slice(0, 160)})`));
}, (error) => { window.findings = [String(error)]; });
"""

PROGRAMS = ("chromium", "chromedriver")
SECONDS_MAX = 300
"""What takes longer hangs: however busy a machine is, no test fails for being slow."""
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--force-device-scale-factor=1",
)


def lacking() -> str:
    """Which program is missing, empty when all are here."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    return (
        f"no {' and no '.join(missing)} on the PATH: the console is not seen by a browser" if missing else ""
    )


class Browser:
    """One browser window, with a profile of its own in `folder`."""

    def __init__(self, folder: Path, *, width: int = 1280, height: int = 900) -> None:
        self._driver = subprocess.Popen(
            [shutil.which("chromedriver"), "--port=0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        port = next(
            line.rstrip(".\n").rsplit(" ", 1)[1]
            for line in self._driver.stdout
            if "started successfully" in line
        )
        self._base = f"http://127.0.0.1:{port}"
        flags = [*_FLAGS, f"--user-data-dir={folder}", f"--window-size={width},{height}"]
        options = {
            "binary": shutil.which("chromium"),
            "args": flags,
            "perfLoggingPrefs": {"enableNetwork": True},
        }
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._base += f"/session/{made['sessionId']}"

    def _call(self, method: str, path: str, body: object = None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = Request(self._base + path, data, headers, method=method)  # noqa: S310 (http of this machine)
        try:
            with urlopen(request, timeout=SECONDS_MAX) as answer:  # noqa: S310 (the same)
                return json.loads(answer.read())["value"]
        except HTTPError as error:
            raise AssertionError(json.loads(error.read())["value"]["message"]) from None

    def open(self, url: str) -> None:
        """Go to an address and wait until it is loaded."""
        self._call("POST", "/url", {"url": url})

    def run(self, script: str, *values: object):
        """What a script returns in the page."""
        return self._call("POST", "/execute/sync", {"script": script, "args": list(values)})

    def wait(self, script: str, *values: object):
        """The first true value that a script returns."""
        deadline = time.monotonic() + SECONDS_MAX
        while not (found := self.run(script, *values)):
            if time.monotonic() > deadline:
                raise AssertionError(f"never true: {script}; {self.text('main')[-1000:]}")
            time.sleep(0.05)
        return found

    def audit(self, *rules: str) -> list[str]:
        """What axe-core finds serious or critical on the page, by these rules or all of WCAG 2.2 AA."""
        self.run(AXE.read_text(encoding="utf-8") + "; window.axe = window.axe || axe")
        kind = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": STANDARDS}
        self.run(ASK, {"runOnly": kind, "resultTypes": ["violations"]})
        [found] = self.wait("return window.findings && [window.findings]")
        self.run("delete window.findings")
        return found

    def text(self, selector: str) -> str:
        """What is read in the first element that a selector finds."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def upload(self, selector: str, path: Path) -> None:
        """Choose a file."""
        self.type(selector, str(path))

    def type(self, selector: str, text: str) -> None:
        """Type into an element."""
        found = self._call("POST", "/element", {"using": "css selector", "value": selector})
        self._call("POST", f"/element/{found[ELEMENT]}/value", {"text": text})

    def press(self, key: str) -> None:
        """Press and let go of a key."""
        steps = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self._call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": steps}]})

    def develop(self, command: str, **values: object) -> None:
        """A command of the browser's own tools."""
        self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": values})

    def size(self, width: int, height: int) -> None:
        """Give the page so many pixels."""
        self.develop(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def scheme(self, name: str) -> None:
        """Be light or dark."""
        self.develop("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def picture(self, path: Path) -> None:
        """Keep what is seen."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self._call("GET", "/screenshot")))

    def small_picture(self, path: Path) -> None:
        """Keep what is seen, in few bytes (WebP)."""
        asked = {"cmd": "Page.captureScreenshot", "params": {"format": "webp", "quality": 62}}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self._call("POST", "/goog/cdp/execute", asked)["data"]))

    def requests(self) -> list[str]:
        """The addresses asked for since this was called last."""
        found = []
        for line in self._call("POST", "/se/log", {"type": "performance"}):
            message = json.loads(line["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def complaints(self) -> list[str]:
        """What the page's console complained of since this was called last."""
        lines = self._call("POST", "/se/log", {"type": "browser"})
        return [line["message"] for line in lines if line["level"] in {"SEVERE", "WARNING"}]

    def close(self) -> None:
        """End the browser."""
        try:
            self._call("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.wait(SECONDS_MAX)
            self._driver.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
