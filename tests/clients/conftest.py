"""A running demo of the real binary, and bob, who answers its pages by plain HTTP."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests

# The library insists on https, and the demo is on loopback.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

BINARY = os.environ.get("GRANTRY_BIN", Path(__file__).parents[2] / "target/debug/grantry")
READY_WITHIN_SECONDS = 30
MOST_STEPS = 10


class Demo:
    """`grantry demo`, its workspace and its app, which may use every grant."""

    client_id = "x-pm-local-client"
    client_secret = "179ad45c6ce2cb97cf1029e212046e81"
    username, password = "bob", "secret"

    def __init__(self, address, data_dir):
        self.data_dir = data_dir
        self.url = f"http://{address}"
        self.workspace = f"{self.url}/workflow"
        self.redirect_uri = f"{self.workspace}/oauth2/grant"

    def endpoint(self, name):
        return f"{self.workspace}/oauth2/{name}"

    def register_app(self, *options):
        """Registers an app by `grantry app create` beside the running server; returns what it prints."""
        words = ["app", "create", "--workspace", "workflow", "--redirect-uri", self.redirect_uri, *options]
        return json.loads(subprocess.check_output([BINARY, *words, "--json", "--data-dir", self.data_dir]))

    def update_app(self, *options):
        """Changes the demo's own app."""
        self._grantry("update", *options)

    def set_secret(self):
        """Gives the demo's own app its secret again, which rests otherwise when it signs."""
        self._grantry("rotate-secret", "--secret-stdin", "--keep-old", "0", secret=self.client_secret)

    def _grantry(self, verb, *options, secret=""):
        words = ["app", verb, "--workspace", "workflow", self.client_id, *options, "--data-dir", self.data_dir]
        subprocess.run([BINARY, *words], check=True, input=secret, text=True, stdout=subprocess.DEVNULL)

    def sign_in(self, url, decision="allow"):
        """What bob's browser does with an authorization request; returns where it comes back to the app."""
        return Browser(self).visit(url, self.redirect_uri, decision)


class Browser(requests.Session):
    """A browser with its cookies, and bob in front of it."""

    def __init__(self, demo):
        super().__init__()
        self.demo = demo

    def visit(self, url, app_uri, decision="allow"):
        """Goes to a URL, signs in and decides; returns the URL at which it comes to the app."""
        request = requests.Request("GET", url)
        for _ in range(MOST_STEPS):
            answer = self.send(self.prepare_request(request), allow_redirects=False)
            if answer.is_redirect:
                location = urljoin(answer.url, answer.headers["location"])
                if location.startswith(app_uri):
                    return location
                request = requests.Request("GET", location)
            else:
                form = Form.of_page(answer.text)
                fields = form.filled_in(self.demo.username, self.demo.password, decision)
                request = requests.Request("POST", urljoin(answer.url, form.action), data=fields)
        raise AssertionError(f"not back at the app after {MOST_STEPS} steps, but at {answer.url}")


class Form(HTMLParser):
    """The login or consent form of a page."""

    action = None
    _inside = False

    @classmethod
    def of_page(cls, page):
        form = cls()
        form.fields, form.names = [], set()
        form.feed(page)
        assert form.action, f"no login or consent form on this page:\n{page}"
        return form

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form":
            self._inside = attributes.get("action", "").endswith(("/login", "/consent"))
            self.action = attributes["action"] if self._inside else self.action
        elif tag == "input" and self._inside:
            self.names.add(attributes.get("name"))
            if attributes.get("type") == "hidden" or "checked" in attributes:
                self.fields.append((attributes["name"], attributes.get("value", "")))

    def handle_endtag(self, tag):
        self._inside = self._inside and tag != "form"

    def filled_in(self, username, password, decision):
        if "password" in self.names:
            return [*self.fields, ("username", username), ("password", password)]
        return [*self.fields, ("decision", decision)]


@pytest.fixture
def browser(demo):
    return Browser(demo)


@pytest.fixture(scope="session")
def demo():
    """One demo for all tests, on a free port, with a data directory of its own."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    home = Path(tempfile.mkdtemp(prefix="grantry-demo-"))
    with open(home / "log", "w") as log:
        command = [BINARY, "demo", "--listen", address, "--data-dir", home / "data"]
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        demo = Demo(address, home / "data")
        wait_until_ready(demo, server, home / "log")
        yield demo
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(home)


def wait_until_ready(demo, server, log):
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if requests.get(f"{demo.url}/readyz", timeout=1).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"the demo did not get ready:\n{log.read_text()}")
