#!/usr/bin/env python3
"""The functions as they are deployed, each a process of its own behind Lambda's runtime API.

cargo-lambda plays AWS: it serves the runtime API to the function binaries and one HTTP port to
callers, with the routes of Cargo.toml. The local program lends its store, its hub and its tokens.
What is checked here is what no other test sees: that each binary starts with its environment alone,
speaks Lambda's events, finds store and relay over the network, and is reached by its routes.

    cargo build --workspace --bins
    python3 tests/lambda/smoke.py            # bin/test runs it with its own cargo-lambda
"""

import argparse
import contextlib
import hmac
import http.client
import http.server
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
EVENTS = ROOT / "events"
FUNCTIONS = ("chat", "dialects", "dispatch", "realtime")

# The event of the function that a schedule calls. All others are requests.
SCHEDULED = "dispatch"

# The rooms that events/*.json name in place of those that exist, each with how Alice opens it.
NO_ROOM = "00000000-0000-8100-8000-000000000000"
NO_ROOMS = {
    NO_ROOM: {"kind": "direct", "with": "bob"},
    "00000000-0000-8200-8000-000000000000": {"kind": "support"},
    "00000000-0000-8500-8000-000000000000": {"kind": "group", "members": ["bob"]},
}

# And in place of the report that one of them makes.
NO_REPORT = "00000000-0000-8000-8000-000000000000"

# Each event, in an order that works: its function, and its status once it names a real room.
EXPECTED = {
    "healthz": ("chat", 200),
    "openapi": ("chat", 200),
    "asyncapi": ("realtime", 200),
    "open_room": ("chat", 200),
    "get_room": ("chat", 200),
    "create_message": ("chat", 201),
    "list_messages": ("chat", 200),
    "report_message": ("chat", 201),
    "list_reports": ("chat", 200),
    "resolve_report": ("chat", 200),
    "mark_read": ("chat", 200),
    "list_rooms": ("chat", 200),
    "get_me": ("chat", 200),
    "get_mail": ("chat", 200),
    "put_mail": ("chat", 200),
    # No mail was sent whose link this could be.
    "show_unsubscribe": ("chat", 404),
    "unsubscribe": ("chat", 404),
    "get_realtime": ("realtime", 200),
    "authorize_channel": ("realtime", 200),
    "sign_in": ("realtime", 200),
    "receive_webhook": ("realtime", 204),
    "list_users": ("chat", 200),
    "get_user": ("chat", 200),
    "put_user": ("chat", 200),
    "put_block": ("chat", 204),
    "list_blocks": ("chat", 200),
    "delete_block": ("chat", 204),
    "create_guest": ("chat", 201),
    "put_listing": ("chat", 200),
    "put_group": ("chat", 200),
    "import_room": ("chat", 200),
    "import_messages": ("chat", 200),
    "list_imported": ("chat", 200),
    "change_room": ("chat", 200),
    "archive_room": ("chat", 200),
    "unarchive_room": ("chat", 200),
    "list_desk_rooms": ("chat", 200),
    "add_members": ("chat", 200),
    "list_members": ("chat", 200),
    "remove_member": ("chat", 204),
    "sync": ("chat", 200),
    "merge_guest": ("chat", 200),
    "edit_message": ("chat", 200),
    "put_reaction": ("chat", 200),
    "delete_reaction": ("chat", 200),
    "list_changes": ("chat", 200),
    "delete_message": ("chat", 200),
    "export_user": ("chat", 200),
    "list_webhooks": ("chat", 200),
    "replay_webhook": ("chat", 404),
    "replay_webhooks": ("chat", 409),
    "delete_room": ("chat", 204),
    "erase_user": ("chat", 204),
}
# As they lie there, naming a room that does not exist.
AS_THEY_ARE = {"get_room": 404, "create_message": 404, "list_messages": 404, "mark_read": 404, "authorize_channel": 403}

# What a function may do and does not do here, each with where it does.
MAY_ALSO = {
    "dialects": {"ConditionCheckItem", "DeleteItem"},  # tests/tests/e2e/dialects/mirror.rs
    "dispatch": {"BatchGetItem", "DeleteItem", "PutItem", "UpdateItem"},  # tests/tests/dispatch/main.rs
    "realtime": {"PutItem"},  # the salt, where it is the first to meet an empty table
}

START_SECONDS = 60
ANSWER_SECONDS = 20


class Checks:
    """Counts, and says each result as it comes."""

    def __init__(self):
        self.passed = self.failed = 0

    def that(self, name, holds, seen=""):
        if holds:
            self.passed += 1
            print(f"ok    {name}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL  {name}: {str(seen)[:600]}", flush=True)
        return holds


class Processes:
    """What this test started, and nothing else is ever ended by it."""

    def __init__(self, logs):
        self.logs = logs
        self.running = {}

    def start(self, name, argv, env=None):
        with open(self.log(name), "wb") as log:
            self.running[name] = subprocess.Popen(
                [str(part) for part in argv], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def log(self, name):
        return self.logs / f"{name}.log"

    def wait_for(self, what, ready):
        """Polls `ready` until it answers something; a process that has ended will not get there."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            self.check_alive()
            if answer := ready():
                return answer
            time.sleep(0.05)
        raise RuntimeError(f"{what}: not within {START_SECONDS} s")

    def check_alive(self):
        for name, process in self.running.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} has ended, exit status {process.returncode}")

    def stop(self):
        for process in reversed(self.running.values()):
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def print_logs(self):
        for name in self.running:
            lines = self.log(name).read_text(errors="replace").splitlines()[-20:]
            print(f"\n--- the last of {name}'s output", *lines, sep="\n")


def free_ports(count):
    """Ports nobody listens on, taken together so that no two are the same."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def call(base, method, path, token=None, body=None, headers=None):
    """One HTTP request: (status, headers, JSON or None)."""
    headers = dict(headers or {})
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if body is not None:
        body = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(base + path, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            status, head, text = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        status, head, text = error.code, error.headers, error.read()
    try:
        return status, head, json.loads(text)
    except ValueError:
        return status, head, None


def demo_environment(**changed):
    """infra/local.env, with this run's ports in it."""
    env = {}
    for line in (ROOT / "infra/local.env").read_text().splitlines():
        if line and not line.startswith("#"):
            name, value = line.split("=", 1)
            env[name] = value
    unknown = changed.keys() - env.keys()
    if unknown:
        raise RuntimeError(f"infra/local.env no longer sets {sorted(unknown)}")
    return env | changed


class Asked(http.server.BaseHTTPRequestHandler):
    """Passes a function's calls on to the store, and notes what they ask."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer in one piece

    def setup(self):
        super().setup()
        self.store = http.client.HTTPConnection("127.0.0.1", self.server.store, timeout=ANSWER_SECONDS)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].split(".")[-1]
        self.server.asked.append((operation, json.loads(body)))
        self.store.request("POST", self.path, body, {**self.headers, "Host": f"127.0.0.1:{self.server.store}"})
        answer = self.store.getresponse()
        text = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def handle(self):
        with contextlib.suppress(OSError):  # a store that is gone: so is this connection
            super().handle()

    def finish(self):
        with contextlib.suppress(OSError):
            super().finish()
        self.store.close()

    def log_message(self, *_):
        pass


class Watched:
    """Of each function, what it asks of the store; and what it tells X-Ray."""

    def __init__(self, store):
        self.functions = {}
        for function in FUNCTIONS:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Asked)
            server.daemon_threads, server.store, server.asked = True, store, []
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.functions[function] = server
        self.xray = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.xray.bind(("127.0.0.1", 0))
        self.xray.settimeout(ANSWER_SECONDS)

    def endpoint(self, function):
        return f"http://127.0.0.1:{self.functions[function].server_port}"

    def actions(self, function):
        """By IAM's names: a transaction needs the rights of its parts, and an index is a right of its own."""
        for operation, request in self.functions[function].asked:
            if operation.startswith("Transact"):
                for part in request["TransactItems"]:
                    for kind, one in part.items():
                        yield {"ConditionCheck": "ConditionCheckItem"}.get(kind, f"{kind}Item"), one
            else:
                yield operation, request


class Lambda:
    """`cargo lambda invoke`."""

    def __init__(self, program, port, folder):
        self.program, self.port, self.folder = program, port, folder

    def invoke(self, function, event):
        file = self.folder / "event.json"
        file.write_text(json.dumps(event))
        command = [self.program, "lambda", "invoke", function, "--data-file", file]
        command += ["--invoke-address", "127.0.0.1", "--invoke-port", self.port]
        done = subprocess.run(
            [str(part) for part in command], cwd=ROOT, capture_output=True, text=True, timeout=ANSWER_SECONDS
        )
        # Its exit status tells a function that broke, not one that answered 4xx.
        if done.returncode != 0:
            return {"statusCode": None, "body": done.stderr or done.stdout}
        return json.loads(done.stdout)


def check_events(checks, aws):
    """Every file of events/, as it is and then about a room that exists."""
    files = {file.stem: json.loads(file.read_text()) for file in sorted(EVENTS.glob("*.json"))}
    summary = aws.invoke("dispatch", files.pop(SCHEDULED))
    checks.that(f"{SCHEDULED}.json: nothing is due", summary.get("due") == 0, summary)
    checks.that("each event has an expectation here", files.keys() == EXPECTED.keys(), files.keys() ^ EXPECTED.keys())

    for name, status in AS_THEY_ARE.items():
        answer = aws.invoke(EXPECTED[name][0], files[name])
        checks.that(f"{name}.json about no room: {status}", answer["statusCode"] == status, answer)

    rooms = {}
    for place, body in NO_ROOMS.items():
        answer = aws.invoke("chat", {**files["open_room"], "body": json.dumps(body)})
        if not checks.that(f"open_room.json for {body['kind']}: 201", answer["statusCode"] == 201, answer):
            return
        rooms[place] = json.loads(answer["body"])
    for name, (function, status) in EXPECTED.items():
        answer = aws.invoke(function, about(files[name], rooms))
        checks.that(f"{name}.json: {status}", answer["statusCode"] == status, answer)
        if name == "create_message":
            answer = aws.invoke(function, about(files[name], rooms))
            checks.that("create_message.json once more, same client_id: 200", answer["statusCode"] == 200, answer)
        if name == "report_message" and answer["statusCode"] == 201:
            report = json.loads(answer["body"])["id"]
            files["resolve_report"] = json.loads(json.dumps(files["resolve_report"]).replace(NO_REPORT, report))


def about(event, rooms):
    """The event with real rooms in the place of those that do not exist."""
    text = json.dumps(event)
    for place, room in rooms.items():
        text = text.replace(f"private-room-{place}", urllib.parse.quote(room["channel"], safe=""))
        text = text.replace(place, room["id"])
    return json.loads(text)


def check_http(checks, base, tokens):
    """The main job over the one port, as a client sees it."""
    alice, carol, mallory = (tokens(name) for name in ("alice", "carol", "mallory"))

    status, _, room = call(base, "POST", "/v1/rooms", alice, {"kind": "direct", "with": "carol"})
    if not checks.that("alice opens a room with carol: 201", status == 201, (status, room)):
        return
    path = f"/v1/rooms/{room['id']}"
    status, _, again = call(base, "POST", "/v1/rooms", carol, {"kind": "direct", "with": "alice"})
    checks.that("carol opens the same one: 200", status == 200 and again["id"] == room["id"], (status, again))

    status, head, message = call(base, "POST", f"{path}/messages", alice, {"body": "Hello from a function"})
    timing = head.get("Server-Timing", "")
    checks.that("the answer tells what it took", re.fullmatch(r'store;desc="2 calls";dur=[\d.]+, relay;dur=[\d.]+, total;dur=[\d.]+', timing), timing)
    checks.that("alice posts: 201", status == 201 and message["seq"] == 1, (status, message))
    checks.that("and the relay took the event", status == 201 and message["delivered"] is True, message)

    status, _, page = call(base, "GET", f"{path}/messages", carol)
    bodies = [m["body"] for m in page["messages"]] if status == 200 else page
    checks.that("carol reads it", bodies == ["Hello from a function"], (status, bodies))
    status, _, page = call(base, "GET", f"{path}/messages?after=1&limit=5", carol)
    checks.that("and nothing after it", status == 200 and page["messages"] == [], (status, page))

    status, head, problem = call(base, "GET", f"{path}/messages", mallory)
    checks.that("mallory does not: 404", status == 404, (status, problem))
    checks.that("and is not told what it took", "Server-Timing" not in head, dict(head))
    status, head, problem = call(base, "GET", "/v1/rooms")
    challenge = head.get("WWW-Authenticate", "")
    checks.that("nobody does without a token: 401", status == 401 and challenge.startswith("Bearer"), (status, problem))

    status, _, settings = call(base, "GET", "/v1/realtime", alice)
    endpoint = f"{base}/v1/realtime/auth"
    seen = settings and settings.get("auth_url")
    checks.that("the settings name the auth endpoint", status == 200 and seen == endpoint, (status, settings))
    ask = {"socket_id": "123.456", "channel_name": room["channel"]}
    status, _, grant = call(base, "POST", "/v1/realtime/auth", alice, ask)
    signed = status == 200 and grant["auth"].startswith("parlour-key:")
    checks.that("alice may listen to the room's channel", signed, (status, grant))
    status, _, grant = call(base, "POST", "/v1/realtime/auth", mallory, ask)
    checks.that("mallory may not: 403", status == 403 and "auth" not in (grant or {}), (status, grant))

    channel = call(base, "GET", "/v1/me", alice)[2]["channel"]
    body = {"time_ms": int(time.time() * 1000), "events": [{"name": "channel_occupied", "channel": channel}]}
    secret = demo_environment()["PARLOUR_RELAY_SECRET"].encode()
    signature = hmac.new(secret, json.dumps(body).encode(), "sha256").hexdigest()
    signed = {"X-Pusher-Key": demo_environment()["PARLOUR_RELAY_KEY"], "X-Pusher-Signature": signature}
    status, _, _ = call(base, "POST", "/v1/realtime/webhook", body=body, headers=signed)
    checks.that("the relay says that alice listens: 204", status == 204, status)
    status, _, seen = call(base, "GET", "/v1/users/alice", carol)
    checks.that("and carol sees her online", status == 200 and seen.get("online") is True, (status, seen))

    ask = {"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}
    for path in ("/v1/rooms", "/v1/realtime/auth"):
        status, head, _ = call(base, "OPTIONS", path, headers=ask)
        allowed = head.get("Access-Control-Allow-Origin")
        checks.that(f"the function answers a preflight of {path}", status < 300 and allowed, (status, dict(head)))


def check_dialects(checks, base, tokens):
    """Each dialect is reached by its routes, and shares its rooms with the canonical API."""
    uma, ada = tokens("aaaaaaaa-1111-4111-8111-111111111111"), "bbbbbbbb-2222-4222-8222-222222222222"
    status, _, chat = call(base, "GET", "/support_chat", uma)
    checks.that("a user has a support chat: 200", status == 200 and chat["messages"] == [], (status, chat))
    status, _, room = call(base, "GET", f"/v1/rooms/{(chat or {}).get('id')}", uma)
    checks.that("it is a canonical room", status == 200 and room["kind"] == "support", (status, room))
    join = {"payload": {"userId": "aaaaaaaa-1111-4111-8111-111111111111", "targetUserId": ada}}
    for method, path, body, expected in [
        ("POST", "/socket/direct/join_chat", join, 200),
        ("GET", "/chat_threads", None, 200),
        ("GET", "/chat_threads/7", None, 200),
        ("POST", "/chat_rooms", {}, 400),
        ("POST", "/chat_rooms/7/chat_messages", {}, 404),
        ("POST", "/groups/5/conversation", {}, 404),
        ("GET", "/conversations/7/messages", None, 404),
        ("GET", "/admin/chats", None, 403),
        ("GET", "/admin/chats/7", None, 403),
        ("PATCH", "/support_chat/mark_read", {}, 200),
    ]:
        status, _, answer = call(base, method, path, uma, body)
        its_own = isinstance(answer, dict) and "code" not in answer
        checks.that(f"{method} {path}: {expected}", status == expected and its_own, (status, answer))


def run(checks, processes, bins, cargo_lambda, folder):
    """Starts everything, in the order in which each needs the one before, then checks."""
    store, port = free_ports(2)
    processes.start(
        "parlour",
        [bins / "parlour", "--listen", "127.0.0.1:0", "--data", ":memory:", "--dynamodb", f"127.0.0.1:{store}"],
    )
    listening = re.compile(r"listening on (http://127\.0\.0\.1:(\d+))")
    announced = processes.wait_for(
        "the local program's address", lambda: listening.search(processes.log("parlour").read_text(errors="replace"))
    )
    local, hub = announced.groups()
    processes.wait_for("the store's port", lambda: listens(store))

    # Its own CORS is off: it would answer preflights in the functions' place. The functions end at
    # once if the runtime API is not there yet, so it goes first.
    watch = [cargo_lambda, "lambda", "watch", "--only-lambda-apis", "--disable-cors", "-A", "127.0.0.1", "-P", port]
    processes.start("cargo-lambda", watch)
    processes.wait_for("the runtime API", lambda: listens(port))

    base = f"http://127.0.0.1:{port}"
    watched = Watched(store)
    settings = demo_environment(
        AWS_ENDPOINT_URL_DYNAMODB="",
        PARLOUR_METRICS_NAMESPACE="Parlour/smoke",
        PARLOUR_TRACING="on",
        PARLOUR_RELAY_HOST="127.0.0.1",
        PARLOUR_RELAY_PORT=hub,
        PARLOUR_PUBLIC_URL=base,
    )
    for function in FUNCTIONS:
        given = {
            "AWS_LAMBDA_RUNTIME_API": f"{base}/.rt/{function}",
            "AWS_LAMBDA_FUNCTION_NAME": function,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_ENDPOINT_URL_DYNAMODB": watched.endpoint(function),
            "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:{}".format(watched.xray.getsockname()[1]),
            # All that they would ever log, for check_logs.
            "AWS_LAMBDA_LOG_LEVEL": "TRACE",
        }
        # Nothing of this shell's environment: what it needs must be in infra/local.env.
        processes.start(function, [bins / function], env=settings | given)

    # A request to a function that is not there hangs, so a function that ends at once is found out first.
    time.sleep(0.5)
    processes.check_alive()

    check_events(checks, Lambda(cargo_lambda, port, folder))
    tokens = lambda sub: call(local, "POST", "/dev/tokens", body={"sub": sub})[2]["token"]
    check_http(checks, base, tokens)
    check_dialects(checks, base, tokens)
    processes.check_alive()
    check_logs(checks, processes, settings)
    check_lines(checks, processes)
    check_traces(checks, watched)
    check_rights(checks, watched)
    check_complaint(checks, processes, base, tokens)


# Invariant I11.
def check_logs(checks, processes, settings):
    """No secret, no token and nothing that anybody wrote is in a log, at any level."""
    secrets = [value for name, value in settings.items() if name.endswith("SECRET") and value]
    files = [file for file in EVENTS.glob("*.json") if file.stem != SCHEDULED]
    events = [json.loads(file.read_text()) for file in files]
    tokens = [event["headers"].get("authorization", "").removeprefix("Bearer ") for event in events]
    written = json.loads(json.loads((EVENTS / "create_message.json").read_text())["body"])["body"]
    private = [*secrets, *filter(None, tokens), written, "Hello from a function", "bob@mail.example"]
    for function in FUNCTIONS:
        log = processes.log(function).read_text(errors="replace")
        leaked = [text[:20] for text in set(private) if text in log]
        checks.that(f"{function} logs no secret and no body", not leaked, leaked)


def check_lines(checks, processes):
    """Each request is a line of JSON, from which CloudWatch takes its figures."""
    lines = []
    for line in processes.log("chat").read_text(errors="replace").splitlines():
        with contextlib.suppress(ValueError):
            lines.append(json.loads(line))
    posts = [line for line in lines if line.get("route") == "/v1/rooms/{id}/messages" and line.get("status") == 201]
    one = posts[0] if posts else {}
    named = one.get("function") == "chat" and one.get("request_id") and re.fullmatch(r"[0-9a-f-]{36}", one.get("room", ""))
    checks.that("a post is a line with its request and its room", named, one)
    took = one.get("StoreCalls", 0) >= 2 and one.get("Latency", 0) >= one.get("RelayLatency", 0) > 0
    checks.that("it tells what it took", took, one)
    figures = [
        (directive["Namespace"], metric["Name"])
        for directive in one.get("_aws", {}).get("CloudWatchMetrics", []) for metric in directive["Metrics"]
    ]
    expected = [("Parlour/smoke", name) for name in ("Latency", "StoreLatency", "RelayLatency")]
    checks.that("CloudWatch finds its figures there", figures == expected, figures)
    first = [line for line in lines if line.get("first")]
    checks.that("one is the first of its process", len(first) == 1, first)
    unknown = [line for line in lines if "route" in line and line["route"] != "none" and not line["route"].startswith("/")]
    checks.that("paths are told as the URL table has them", not unknown, unknown)


def check_traces(checks, watched):
    """X-Ray's daemon hears of each request, with the calls that it made."""
    header, document = watched.xray.recv(65536).decode().split("\n", 1)
    checks.that("X-Ray's daemon is told what it can read", json.loads(header) == {"format": "json", "version": 1}, header)
    segment = json.loads(document)
    ids = re.fullmatch(r"1-[0-9a-f]{8}-[0-9a-f]{24}", segment["trace_id"]) and re.fullmatch(r"[0-9a-f]{16}", segment["parent_id"])
    checks.that("of a request in its trace", ids and segment["type"] == "subsegment", segment)


def check_rights(checks, watched):
    """What each function may do with the table stands in the stack: all that it does."""
    stack = (ROOT / "infra/template.yaml").read_text()
    for function in FUNCTIONS:
        role = stack.split(f"\n  {function.title()}Role:\n")[1].split("\n\n")[0]
        granted = set(re.findall(r"dynamodb:(\w+)(?=[\s,\]])", role))
        used = list(watched.actions(function))
        asked = {action for action, _ in used}
        checks.that(f"{function} asks the store for something", len(used) > 0)
        checks.that(f"{function} may do all that it does: {', '.join(sorted(asked))}", asked <= granted, asked - granted)
        idle = granted - asked - MAY_ALSO.get(function, set())
        checks.that(f"{function} may do nothing that it does not", not idle, idle)
        by_index = any("IndexName" in request for _, request in used)
        checks.that(f"{function} may ask an index only if it does", by_index == ("/index/*" in role), role)
    for action, request in watched.actions("realtime"):
        written = request.get("Item") or request.get("Key")
        place = (written or {}).get("pk", {}).get("S", "")
        if action == "PutItem":
            checks.that("realtime puts nothing but the salt", place == "SALT", request)
        elif action == "UpdateItem":
            names = set(request.get("ExpressionAttributeNames", {}).values())
            checks.that("realtime notes nothing but who is online", place.startswith("U#") and names <= {"on", "at", "ttl", "pk", "sk"}, request)


def check_complaint(checks, processes, base, tokens):
    """Whatever goes wrong is logged with the request and the room in which it did."""
    alice = tokens("alice")
    room = call(base, "POST", "/v1/rooms", alice, {"kind": "direct", "with": "carol"})[2]["id"]
    store = processes.running.pop("parlour")
    store.kill()
    store.wait()
    status, head, _ = call(base, "POST", f"/v1/rooms/{room}/messages", alice, {"body": "hello"})
    checks.that("without a store a post is answered 503", status == 503 and head.get("Retry-After"), status)
    complaints = [line for line in processes.log("chat").read_text(errors="replace").splitlines() if "a store call failed" in line]
    named = complaints and re.search(rf'request{{id="[0-9a-f-]+" room="{room}"}}', complaints[-1])
    checks.that("and the log says of which request and room", named, complaints)


def main():
    parser = argparse.ArgumentParser(description="Runs the functions under cargo-lambda and checks the main job.")
    parser.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "target/debug", help="folder of the binaries")
    parser.add_argument("--cargo-lambda", default=None, help="the cargo-lambda program (default: .tools, then PATH)")
    args = parser.parse_args()

    bins = args.bin_dir.resolve()
    for name in ("parlour", *FUNCTIONS):
        if not (bins / name).is_file():
            sys.exit(f"smoke.py: {bins / name} is missing; run `cargo build --workspace --bins`")
    own = ROOT / ".tools/venv/bin/cargo-lambda"
    cargo_lambda = shutil.which(args.cargo_lambda or (own if own.exists() else "cargo-lambda"))
    if not cargo_lambda:
        sys.exit("smoke.py: no cargo-lambda; bin/test installs one into .tools, or see https://www.cargo-lambda.info")

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through `finally`, which ends the processes
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="parlour-lambda-") as folder:
        folder = pathlib.Path(folder)
        processes = Processes(folder)
        try:
            run(checks, processes, bins, pathlib.Path(cargo_lambda).resolve(), folder)
        except Exception as error:  # whatever it was: say so, end the processes, show their output
            checks.that("the run comes to its end", False, f"{type(error).__name__}: {error}")
            traceback.print_exc()
        finally:
            processes.stop()
        if checks.failed:
            processes.print_logs()
    print(f"\n{checks.passed} passed, {checks.failed} failed")
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
