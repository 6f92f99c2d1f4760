#!/usr/bin/env python3
"""What the OpenAPI document says against what the program answers, to requests nobody thought of.

schemathesis makes requests out of the document, good and bad ones, and checks each answer against
it: no 5xx, no status, content type or shape that the document does not name. hooks.py puts real
tokens, rooms, messages and reports into them, or every answer would be 401 or 404.

    cargo build --workspace --bins
    python3 tests/fuzz-api/fuzz.py --schemathesis .tools/fuzz/bin/schemathesis   # bin/test runs it

A run with the same --seed makes much the same requests; ids differ from store to store.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]
START_SECONDS = 60
# How often an operation must have been asked before it tells something that it was only ever refused.
ENOUGH = 100
# The fixed part, the coverage of each field's limits, takes about a third of this.
USUAL_SECONDS = 75

# Everybody who calls, by what the token says.
CALLERS = {
    "alice": {"sub": "alice", "name": "Alice", "email": "alice@mail.example"},
    "bob": {"sub": "bob", "name": "Bob"},
    "agnes": {"sub": "agnes", "name": "Agnes", "roles": ["admin"]},
    "wheels": {"sub": "wheels", "type": "merchant", "name": "Wheels"},
    "server": {"sub": "server", "roles": ["service"]},
    "visitor": {"sub": "visitor", "type": "guest"},
}


def call(base, method, path, token=None, body=None):
    """One request that must succeed; what it answered."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data=data, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def set_scene(base):
    """A room of each kind with messages in it, a report, and who can see them."""
    tokens = {name: call(base, "POST", "/dev/tokens", body=claims)["token"] for name, claims in CALLERS.items()}
    server, alice, bob = (tokens[name] for name in ("server", "alice", "bob"))
    call(base, "PUT", "/v1/listings/bike", server, {"title": "A bike", "merchant_id": "wheels"})
    drawn = {"name": "Family", "reveal_at": "2031-12-24T18:00:00Z", "matches": {"alice": "bob"}}
    call(base, "PUT", "/v1/groups/family", server, drawn)
    openings = [
        {"kind": "direct", "with": "bob"},
        {"kind": "support"},
        {"kind": "listing", "listing_id": "bike"},
        {"kind": "match", "group_id": "family"},
        {"kind": "group", "members": ["bob", "carol"], "title": "Trip"},
    ]
    rooms = [call(base, "POST", "/v1/rooms", alice, opening) for opening in openings]
    for room in rooms:
        for number in range(4):
            call(base, "POST", f"/v1/rooms/{room['id']}/messages", alice, {"body": f"message {number}"})
    reported = f"/v1/rooms/{rooms[0]['id']}/messages/1/report"
    report = call(base, "POST", reported, bob, {"reason": "Rude"})
    return {
        "base": base,
        "tokens": tokens,
        "rooms": [room["id"] for room in rooms],
        "group": rooms[-1]["id"],
        "desk_rooms": [room["id"] for room in rooms if room["kind"] in ("support", "listing")],
        "channels": [room["channel"] for room in rooms],
        "reports": [report["id"]],
        "names": ["alice", "bob", "bike", "family", "nobody"],
        "webhooks": [hook["id"] for hook in call(base, "GET", "/v1/webhooks?state=pending", server)["webhooks"]],
        "mail_link": mail_link(base, tokens["agnes"]),
    }


def mail_link(base, agent):
    """What the link of a mail carries: an agent has answered somebody who has not read it."""
    reader = call(base, "POST", "/dev/tokens", body={"sub": "reader", "email": "reader@mail.example"})["token"]
    room = call(base, "POST", "/v1/rooms", reader, {"kind": "support"})["id"]
    call(base, "POST", f"/v1/rooms/{room}/messages", agent, {"body": "It is on its way."})
    call(base, "PUT", "/dev/clock", body={"advance_ms": 360_000})
    call(base, "POST", "/dev/dispatch")
    text = call(base, "GET", "/dev/mail")[-1]["text"]
    return re.search(r"unsubscribe\?token=(\S+)", text).group(1)


def started(program, log):
    """The running program and its address. Nobody is there who would take its webhooks, so that some wait."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        nowhere = server.getsockname()[1]
    settings = {
        "PARLOUR_APP_WEBHOOK_URL": f"http://127.0.0.1:{nowhere}/hooks",
        "PARLOUR_APP_WEBHOOK_SECRET": "whsec_" + "A" * 32,
    }
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [program, "--listen", "127.0.0.1:0", "--data", ":memory:"],
            env={**os.environ, **settings}, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        found = re.search(r"listening on (http://127\.0\.0\.1:\d+)", log.read_text(errors="replace"))
        if found:
            return process, found.group(1)
        time.sleep(0.05)
    process.kill()
    sys.exit(f"fuzz.py: the program did not start: {log.read_text(errors='replace')}")


def never_answered_well(answers):
    """1 if some operation was asked often and only ever refused: then nothing is known of its answers."""
    print()
    for operation, statuses in sorted(answers.items()):
        print(f"{operation:<50}", "  ".join(f"{status}: {count}" for status, count in sorted(statuses.items())))
    refused = [
        name
        for name, statuses in answers.items()
        if sum(statuses.values()) >= ENOUGH and not any(int(status) < 300 for status in statuses)
    ]
    for name in refused:
        print(f"fuzz.py: {name} was only ever refused; hooks.py must help it")
    return 1 if refused else 0


def run(args, folder):
    """schemathesis's exit status: 0 when nothing was found."""
    log = folder / "parlour.log"
    program, base = started(args.bin_dir / "parlour", log)
    try:
        scene = folder / "scene.json"
        answers = folder / "answers.json"
        scene.write_text(json.dumps({**set_scene(base), "seed": args.seed, "answers": str(answers)}))
        print(f"seed {args.seed}, at most {args.seconds} s", flush=True)
        command = [args.schemathesis, "run", f"{base}/openapi.json", "--checks", ",".join(CHECKS)]
        command += ["--phases", "coverage,fuzzing", "--mode", "all", "--workers", "1"]
        command += ["--seed", args.seed, "--max-time", args.seconds, "--continue-on-failure"]
        command += ["--suppress-health-check", "all", "--warnings", "off", "--no-color", *args.more]
        environment = {
            **os.environ,
            "PYTHONPATH": str(HERE),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SCHEMATHESIS_HOOKS": "hooks",
            "PARLOUR_SCENE": str(scene),
        }
        done = subprocess.run([str(part) for part in command], cwd=folder, env=environment)
        if program.poll() is not None:
            print(f"fuzz.py: the program has ended, exit status {program.returncode}")
            return 1
        return done.returncode or never_answered_well(json.loads(answers.read_text()))
    finally:
        program.terminate()
        program.wait(timeout=10)
        errors = [line for line in log.read_text(errors="replace").splitlines() if "ERROR" in line or "panicked" in line]
        if errors:
            print("\n--- the program's log", *errors[-20:], sep="\n")


def main():
    parser = argparse.ArgumentParser(description="Fuzzes the running program with what its OpenAPI document says.")
    parser.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "target/debug", help="folder of the binaries")
    parser.add_argument("--schemathesis", type=pathlib.Path, default=ROOT / ".tools/fuzz/bin/schemathesis")
    parser.add_argument("--seed", type=int, default=20261120)
    parser.add_argument("--seconds", type=int, default=USUAL_SECONDS)
    parser.add_argument("more", nargs="*", help="options of schemathesis, after --")
    args = parser.parse_args()
    args.bin_dir, args.schemathesis = args.bin_dir.resolve(), args.schemathesis.absolute()
    for needed in (args.bin_dir / "parlour", args.schemathesis):
        if not needed.is_file():
            sys.exit(f"fuzz.py: {needed} is missing")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through `finally`, which ends the program
    with tempfile.TemporaryDirectory(prefix="parlour-fuzz-") as folder:
        sys.exit(run(args, pathlib.Path(folder)))


if __name__ == "__main__":
    main()
