#!/usr/bin/env python3
"""The calls of docs/mobile.md, made one after the other to the local program, and its snippets held to them.

Each `http` block is sent as it stands there; the status and the keys below it must be in the answer. What the snippets
ask for must be in a block, what they read in a block's answer or in an event of docs/asyncapi.json. The snippets are
not compiled: no compiler for phones is needed here.

    cargo build --workspace --bins
    python3 tests/mobile/run.py              # bin/test runs it with its own folder
"""

import argparse
import json
import pathlib
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/mobile.md"
EVENTS = ROOT / "docs/asyncapi.json"
CALLS = ROOT / "docs/openapi.json"

LANGUAGES = ("swift", "kotlin", "dart")
# How each language reads a key of what it got: (variable, key).
READS = {
    "swift": r'(\w+)\??\["(\w+)"\]',
    "kotlin": r'(\w+)\.(?:get|opt|has)\w*\("(\w+)"',
    "dart": r"(\w+)\['([\w-]+)'\]",
}
# What a variable of the snippets holds: the answer to a call, one of a list in it, or an event.
HOLDS = {
    "opened": ["POST /v1/rooms"],
    "sent": ["POST /v1/rooms/{}/messages"],
    "relay": ["GET /v1/realtime"],
    "me": ["GET /v1/me"],
    "granted": ["POST /v1/realtime/auth"],
    "page": ["GET /v1/rooms/{}/messages", "GET /v1/rooms/{}/changes"],
    "message": ["GET /v1/rooms/{}/messages messages", "GET /v1/rooms/{}/changes messages"],
    "synced": ["POST /v1/sync"],
    "moved": ["POST /v1/sync rooms"],
    "data": ["event"],
}
HOLDS["last"] = HOLDS["held"] = HOLDS["message"]
HOLDS["one"] = HOLDS["moved"]
# What the snippets keep for themselves, and headers.
OWN = {"next", "outbox", "headers", "stored"}


class Parlour:
    """The local program, with its own settings for a laptop."""

    def __init__(self, binary):
        command = [str(binary), "--listen", "127.0.0.1:0", "--data", ":memory:"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        first = self.process.stdout.readline()
        found = re.search(r"listening on (http://\S+)", first)
        if not found:
            raise RuntimeError(f"the local program says {first!r}")
        self.base = found.group(1)

    def call(self, method, path, body=None, token=None):
        """(status, JSON)."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Block:
    """A call as the document has it: method, path, body; then the status and the keys of the answer."""

    def __init__(self, text):
        asked, answered = text.strip().split("\n\n")
        first, _, self.body = asked.partition("\n")
        self.method, self.path = first.split(" ")
        status, *keys = answered.split()
        self.status = int(status)
        self.optional = {key.rstrip("?") for key in keys if key.endswith("?")}
        self.keys = {key for key in keys if not key.endswith("?")}
        self.name = f"{self.method} {shape(self.path)}"

    def keys_below(self, parent=""):
        """The keys that stand right below one of the answer, or in it."""
        below = self.keys | self.optional
        if not parent:
            return {key.split(".")[0] for key in below}
        return {key[len(parent) + 1:] for key in below if key.startswith(f"{parent}.")}


def shape(path):
    """A path with `{}` in the place of what varies, without its question, in whichever language it stands."""
    return re.sub(r"\\\([^)]*\)|\$\{[^}]*\}|\$\w+|\{[^}]*\}", "{}", path).split("?")[0]


def at(answer, key):
    """Whether a key such as `messages.seq` is in an answer, in each entry of a list on the way; a list must not be empty."""
    name, _, rest = key.partition(".")
    if not isinstance(answer, dict) or name not in answer:
        return False
    if not rest:
        return True
    inner = answer[name] if isinstance(answer[name], list) else [answer[name]]
    return bool(inner) and all(at(entry, rest) for entry in inner)


def filled(text, values):
    return re.sub(r"\{(room|client_id|channel|cursor)\}", lambda found: values[found.group(1)], text)


def described(calls, block, key):
    """Whether a key that an answer need not have is described for it."""
    path = next(path for path in calls["paths"] if shape(path) == shape(block.path))
    answer = calls["paths"][path][block.method.lower()]["responses"][str(block.status)]
    schema, (name, *rest) = next(iter(answer["content"].values()))["schema"], key.split(".")
    found = properties(calls, schema).get(name)
    for name in rest:
        found = properties(calls, found.get("items", found)).get(name)
    return found is not None


def properties(document, schema):
    """All properties of a schema, whatever it is put together of."""
    if "$ref" in schema:
        found = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return properties(document, found)
    every = dict(schema.get("properties", {}))
    for part in [*schema.get("allOf", []), *schema.get("oneOf", []), *schema.get("anyOf", [])]:
        every |= properties(document, part)
    return every


def make_calls(parlour, blocks, calls):
    """Makes the calls in their order; yields (what, why it is wrong or None)."""
    values, token, posted = {"client_id": str(uuid.uuid4())}, None, []
    for block in blocks:
        path = filled(block.path, values)
        if block.path.endswith("/changes?after_rev=0"):  # somebody has edited since
            status, _ = parlour.call("PATCH", f"/v1/rooms/{values['room']}/messages/1", {"body": "Hello!"}, token)
            assert status == 200, f"the edit is answered with {status}"
        body = json.loads(filled(block.body, values)) if block.body else None
        status, answer = parlour.call(block.method, path, body, token)
        lacking = sorted(key for key in block.keys if not at(answer, key))
        undescribed = sorted(key for key in block.optional if not described(calls, block, key))
        wrong = None
        if status != block.status:
            wrong = f"answered with {status}: {answer}"
        elif lacking or undescribed:
            wrong = f"the answer has no {lacking}, or {undescribed} is not described"
        yield f"{block.method} {block.path} {block.status}", wrong
        if wrong:
            return
        token = answer.get("token", token)
        values |= {key: answer[key] for key in ("channel", "cursor") if key in answer}
        if block.name == "POST /v1/rooms":
            values["room"] = answer["id"]
        if block.name == "POST /v1/rooms/{}/messages":
            posted.append((answer["id"], answer["seq"]))
    _, log = parlour.call("GET", f"/v1/rooms/{values['room']}/messages?after=0", token=token)
    same = len(posted) == 2 and posted[0] == posted[1] and log["head"] == 1
    yield "a post and its repeat are one message in one place", None if same else f"{posted}, {log}"


def check_language(language, code, blocks, events):
    """Yields (what, why it is wrong or None) of a language's snippets."""
    for opening, closing in ("{}", "()", "[]"):
        if code.count(opening) != code.count(closing):
            yield f"{language}: brackets", f"{code.count(opening)} {opening} and {code.count(closing)} {closing}"

    paths = {shape(path) for path in re.findall(r"""["'](/v1/[^"']*)["']""", code)}
    unknown = paths - {shape(block.path) for block in blocks}
    missing = {shape(block.path) for block in blocks if block.path.startswith("/v1/")} - paths
    yield f"{language}: paths", f"{unknown} in no block, {missing} not called" if unknown or missing else None

    used = {name for name in re.findall(r"""["']((?:\w+_)+\w+)["']""", code) if name in events or is_event(name)}
    yield f"{language}: events", None if used and used <= set(events) else f"{used - set(events) or 'none'}"

    readable = {"event": {key for name in used if name in events for key in events[name]}}
    for block in blocks:
        for parent in {""} | {key.split(".")[0] for key in block.keys | block.optional if "." in key}:
            readable.setdefault(f"{block.name} {parent}".strip(), set()).update(block.keys_below(parent))
    wrong = []
    for variable, key in re.findall(READS[language], code):
        sources = HOLDS.get(variable)
        if variable in OWN:
            continue
        if sources is None or not any(key in readable[source] for source in sources):
            wrong.append(f"{variable} {key}")
    yield f"{language}: keys", ", ".join(wrong) or None


def is_event(name):
    """Whether a word of the snippets looks like an event's name."""
    return name.startswith(("new_", "message_", "reaction_", "messages_", "room_u", "chat_"))


def main():
    parser = argparse.ArgumentParser(description="Makes the calls of docs/mobile.md to the local program.")
    parser.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "target/debug", help="folder of the binaries")
    binary = parser.parse_args().bin_dir.resolve() / "parlour"
    if not binary.is_file():
        sys.exit(f"run.py: {binary} is missing; run `cargo build --workspace --bins`")

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through `finally`, which ends the program
    fences = re.findall(r"^```(\w+)\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    blocks = [Block(text) for language, text in fences if language == "http"]
    document = json.loads(EVENTS.read_text())
    events = {
        message["name"]: properties(document, message["payload"])
        for message in document["components"]["messages"].values()
    }
    results = []
    parlour = Parlour(binary)
    try:
        results += make_calls(parlour, blocks, json.loads(CALLS.read_text()))
    finally:
        parlour.stop()
    for language in LANGUAGES:
        code = "\n".join(text for name, text in fences if name == language)
        results += check_language(language, code, blocks, events)
    for what, wrong in results:
        print(f"FAIL  {what}: {wrong}" if wrong else f"ok    {what}")
    failed = sum(wrong is not None for _, wrong in results)
    print(f"\n{len(results) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
