#!/usr/bin/env python3
"""The receivers of docs/webhooks.md as they stand there, told by the local program.

They verify with the published libraries of Standard Webhooks: with the secret, with either of the two while
one is being replaced, and not with another one.

    cargo build --workspace --bins
    npm ci --prefix tests/webhooks
    python3 tests/webhooks/run.py --python VENV/bin/python    # with requirements.txt; bin/test runs it so
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(__file__).resolve().parent
DOCUMENT = ROOT / "docs/webhooks.md"

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
OTHER_SECRET = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

START_SECONDS = 20

# What the receivers call to send a notification: here it writes down to whom, and what.
PUSH = {
    "js": """import { appendFileSync } from 'node:fs'
export async function push(to, text, room) {
  appendFileSync(process.env.PUSHED, `${JSON.stringify([to.type, to.id, text, room])}\\n`)
}
""",
    "python": """import json, os
def push(to, text, room):
    with open(os.environ["PUSHED"], "a") as pushed:
        pushed.write(json.dumps([to["type"], to["id"], text, room]) + "\\n")
""",
}
FILES = {"js": ("push.mjs", "receiver.mjs"), "python": ("push.py", "receiver.py")}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextlib.contextmanager
def running(command, env):
    """A program, ended in the end."""
    process = subprocess.Popen(
        [str(part) for part in command], env={**os.environ, **env}, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def wait_for(port, process):
    """Until somebody listens there."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the receiver does not listen") from None
            time.sleep(0.05)


class Parlour:
    """The local program at an address, and who calls it."""

    def __init__(self, process):
        found = re.search(r"listening on (http://\S+)", process.stdout.readline())
        if not found:
            raise RuntimeError("the local program does not say where it listens")
        self.base = found.group(1)

    def call(self, method, path, body=None, token=None):
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def token(self, **claims):
        return self.call("POST", "/dev/tokens", claims)["token"]


def told(parlour, pushed):
    """What a post makes the receiver push, and what has failed then, by status."""
    alice, server = parlour.token(sub="alice"), parlour.token(sub="server", roles=["service"])
    room = parlour.call("POST", "/v1/rooms", {"kind": "direct", "with": "bob"}, alice)["id"]
    parlour.call("POST", f"/v1/rooms/{room}/messages", {"body": "Hello, Bob 🎁"}, alice)
    lines = pushed.read_text().splitlines() if pushed.exists() else []
    waiting = parlour.call("GET", "/v1/webhooks?state=pending", token=server)["webhooks"]
    return room, [json.loads(line) for line in lines], sorted({hook["last_status"] for hook in waiting})


def check(language, text, args, signing, verifying, arrives):
    """Why a receiver with one secret does not do as it should, told by a program with these; else None."""
    with tempfile.TemporaryDirectory(prefix="parlour-webhooks-") as folder:
        folder = pathlib.Path(folder)
        for name, content in zip(FILES[language], (PUSH[language], text)):
            (folder / name).write_text(content)
        (folder / "node_modules").symlink_to(FOLDER / "node_modules")
        port, pushed = free_port(), folder / "pushed"
        program = {"js": shutil.which("node"), "python": args.python}[language]
        settings = {"WEBHOOK_SECRET": verifying, "PORT": str(port), "PUSHED": str(pushed)}
        own = {
            "PARLOUR_APP_WEBHOOK_URL": f"http://127.0.0.1:{port}/hooks",
            "PARLOUR_APP_WEBHOOK_SECRET": signing[0],
            "PARLOUR_APP_WEBHOOK_SECRET_PREVIOUS": signing[1],
        }
        binary = [args.bin_dir.resolve() / "parlour", "--listen", "127.0.0.1:0", "--data", ":memory:"]
        with running([program, folder / FILES[language][1]], settings) as receiver:
            wait_for(port, receiver)
            with running(binary, own) as process:
                room, lines, failed = told(Parlour(process), pushed)
    expected = ([["user", "bob", "Hello, Bob 🎁", room]], []) if arrives else ([], [401])
    return None if (lines, failed) == expected else f"it pushed {lines}, and {failed} failed"


CASES = (
    ("verifies with the secret", (SECRET, ""), SECRET, True),
    ("verifies with the new secret while one is replaced", (NEW_SECRET, SECRET), NEW_SECRET, True),
    ("verifies with the old secret while one is replaced", (NEW_SECRET, SECRET), SECRET, True),
    ("refuses what another secret signed", (SECRET, ""), OTHER_SECRET, False),
)


def main():
    parser = argparse.ArgumentParser(description="Runs the receivers of docs/webhooks.md against the local program.")
    parser.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "target/debug", help="folder of the binaries")
    parser.add_argument("--python", default=sys.executable, help="a Python that has requirements.txt")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through `finally`, which ends the programs
    programs = dict(re.findall(r"^```(js|python)\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL))
    if set(programs) != set(FILES):
        sys.exit(f"run.py: docs/webhooks.md has programs in {sorted(programs)}")
    failed = 0
    for language, text in programs.items():
        for name, signing, verifying, arrives in CASES:
            try:
                wrong = check(language, text, args, signing, verifying, arrives)
            except (RuntimeError, OSError) as error:
                wrong = str(error)
            failed += wrong is not None
            print(f"FAIL  {language} {name}: {wrong}" if wrong else f"ok    {language} {name}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
