#!/usr/bin/env python3
"""bin/import as somebody uses it who comes from another system, against the local program.

    cargo build --workspace --bins
    python3 tests/import/run.py    # bin/test runs it so

The queries of docs/migrating.md run as they stand there: on SQLite, and where it is installed on PostgreSQL.
"""

import argparse
import collections
import contextlib
import datetime
import http.client
import http.server
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMPORT = ROOT / "bin/import"
DOCUMENT = ROOT / "docs/migrating.md"
DAY = datetime.datetime(2023, 10, 27, 10, 0, 0, 120_000)


class Parlour:
    """The local program, and who calls it."""

    def __init__(self, program):
        self.process = subprocess.Popen(
            [program, "--listen", "127.0.0.1:0", "--data", ":memory:"], stdout=subprocess.PIPE, text=True,
        )
        found = re.search(r"listening on (http://\S+)", self.process.stdout.readline())
        self.base = found.group(1)
        self.server = self.token(sub="server", roles=["service"])

    def call(self, method, path, body=None, token=None):
        """What the program answers, if it answers anything."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or "null")

    def token(self, **claims):
        return self.call("POST", "/dev/tokens", claims)["token"]

    def log(self, room):
        """All messages of a room, as they are now."""
        messages, after = [], 0
        while True:
            page = self.call("GET", f"/v1/import/rooms/{room}/messages?after={after}&limit=200", token=self.server)
            messages += [slot for slot in page["messages"] if "client_id" in slot]
            if not page["has_more"]:
                return messages
            after = page["messages"][-1]["seq"]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)
        self.process.stdout.close()


class Way:
    """Stands between bin/import and the program: sees each request, and does something to some of them."""

    def __init__(self, base):
        self.host = base.split("//")[1]
        self.requests, self.lock = collections.Counter(), threading.Lock()
        self.before = self.after = lambda what, number: None
        way = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                what = "messages" if self.path.endswith("/messages") and self.command == "POST" else self.command
                with way.lock:
                    way.requests[what] += 1
                    number = way.requests[what]
                status, says = way.before(what, number) or (None, None)
                if status:
                    headers = {"Retry-After": "0", "Content-Type": "application/json"}
                    return self.answer(status, json.dumps(says).encode(), headers)
                onward = http.client.HTTPConnection(way.host, timeout=30)
                onward.request(self.command, self.path, body, dict(self.headers))
                answer = onward.getresponse()
                status, told = answer.status, answer.read()
                onward.close()
                if way.after(what, number) == "lose":
                    self.close_connection = True
                    return None
                return self.answer(status, told, {"Content-Type": "application/json"})

            def answer(self, status, body, headers):
                # Whoever asked may have been killed.
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = pass_on

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                """Whoever was killed has closed its connection."""

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def forget(self):
        self.requests.clear()
        self.before = self.after = lambda what, number: None

    def stop(self):
        self.http.shutdown()
        self.http.server_close()


class World:
    """All that a check needs. Whatever bin/import says is kept, to look for the token in it."""

    def __init__(self, parlour, way, folder):
        self.parlour, self.way, self.folder, self.said = parlour, way, folder, []

    def export(self, name, lines):
        path = self.folder / f"{name}.jsonl"
        path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
        return path

    def start(self, *args, token=None):
        self.way.requests.clear()
        return subprocess.Popen(
            [sys.executable, IMPORT, *map(str, args)], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PARLOUR_TOKEN": token or self.parlour.server},
        )

    def ends(self, process, status):
        out, err = process.communicate(timeout=120)
        self.said += [out, err]
        assert process.returncode == status, (process.returncode, out, err)
        return out, err

    def brings(self, path, *args, status=0):
        return self.ends(self.start("--url", self.way.base, path, *args), status)

    def brings_until(self, when, call, path, *args):
        """It is killed before, or after, the call that brings so many messages."""
        started, process = threading.Event(), []

        def kill(what, number):
            if (what, number) == ("messages", call):
                started.wait()
                process[0].kill()

        setattr(self.way, when, kill)
        process.append(self.start("--url", self.way.base, path, *args))
        started.set()
        self.said += process[0].communicate(timeout=60)
        self.way.forget()
        assert process[0].returncode == -signal.SIGKILL, (when, call, process[0].returncode)

    def ids(self, path):
        """Which room, and which message, became which."""
        rooms, messages = {}, {}
        with open(f"{path}.ids.jsonl", encoding="utf-8") as file:
            for row in map(json.loads, file):
                if "message" in row:
                    messages[row["message"]] = row
                else:
                    rooms[row["room"]] = row["id"]
        return rooms, messages

    def room_of(self, kind, user, **more):
        opening = {"kind": kind, "users": [user], "created_at": "2023-01-01T00:00:00Z", **more}
        return self.parlour.call("POST", "/v1/import/rooms", opening, self.parlour.server)["id"]


def at(second, ending="Z"):
    """A time as databases write it."""
    return (DAY + datetime.timedelta(seconds=second)).isoformat(timespec="microseconds") + ending


def millis(second):
    """The same as Parlour writes it."""
    return (DAY + datetime.timedelta(seconds=second)).isoformat(timespec="milliseconds") + "Z"


def an_id(number):
    return str(uuid.UUID(int=number << 64 | 0x4000_8000_0000_0000_0000 | number))


def room(id, kind, users, **more):
    return {"room": {"id": id, "kind": kind, "users": users, "created_at": at(-60), **more}}


def message(id, room, sender, second, body, **more):
    return {"message": {"id": id, "room": room, "sender": sender, "body": body, "created_at": at(second), **more}}


def many(rooms, messages, kind="direct", first=1):
    """A large export: rooms of two with so many messages each, the lines of all rooms mixed."""
    lines = [room(number, kind, [f"a{number}", f"b{number}"]) for number in range(first, first + rooms)]
    for place in range(messages):
        for number in range(first, first + rooms):
            sender = f"{'ab'[place % 2]}{number}"
            lines.append(message(number * 10_000 + place, number, sender, place, f"{place} of {number}"))
    return lines


def expect_all(world, path, rooms, messages, first=1):
    """Each once, in order, with its time and sender; compared here, not by bin/import."""
    known, _ = world.ids(path)
    for number in range(first, first + rooms):
        log = world.parlour.log(known[str(number)])
        told = [(slot["body"], slot["created_at"], slot["sender_id"]) for slot in log]
        wanted = [
            (f"{place} of {number}", millis(place), f"{'ab'[place % 2]}{number}") for place in range(messages)
        ]
        assert told == wanted, f"room {number} has {len(told)} messages"


def told(log, *keys):
    return [tuple(slot[key] for key in keys) for slot in log]


def check_marketplace(world):
    """Numbers as ids; users and merchants of the same number; a listing that is told after its room."""
    path = world.export("marketplace", [
        message(1, 1, 7, 1, "Is it still there?"),
        room(1, "listing", [7], listing_id=3),
        message(2, 1, 7, 2, "It is.", sender_type="merchant", read=False),
        message(10, 1, 7, 2, "Come by!", sender_type="merchant", read=False),
        {"listing": {"id": 3, "title": "A red bike", "merchant_id": 7}},
    ])
    out, _ = world.brings(path, "--system", "marketplace")
    assert "1 room, 3 messages: all there" in out, out
    rooms, messages = world.ids(path)
    log = world.parlour.log(rooms["1"])
    assert told(log, "body", "sender_id", "sender_type", "created_at") == [
        ("Is it still there?", "7", "user", millis(1)),
        ("It is.", "merchant:7", "merchant", millis(2)),
        ("Come by!", "merchant:7", "merchant", millis(2)),
    ], log
    assert [messages[old]["seq"] for old in ("1", "2", "10")] == [1, 2, 3]
    assert [messages[old]["id"] for old in ("1", "2", "10")] == [slot["id"] for slot in log]
    user = world.parlour.token(sub="7", name="Una")
    seen = world.parlour.call("GET", f"/v1/rooms/{rooms['1']}", token=user)
    assert (seen["listing"]["title"], seen["you"]["unread"]) == ("A red bike", 2), seen
    print("ok  a marketplace: listings, numbers as ids, a merchant and a user of the same number")


def check_support(world):
    """UUIDs, times without a zone, agents, what nobody has read, and what was put away."""
    lines = [
        {"user": {"id": "uma", "name": "Uma", "email": "uma@mail.example"}},
        room(an_id(1), "support", ["uma"]),
        room(an_id(2), "support", ["otto"], archived_at=at(900, "+00:00")),
        room(an_id(3), "support", ["ida"], archived_at=None),
    ]
    for number, (chat, kind, second, body, read) in enumerate([
        (1, "user", 1, "Where is my parcel?", True),
        (1, "admin", 5, "On its way.", True),
        (1, "user", 9, "Since when?", False),
        (2, "user", 2, "Thanks!", True),
    ]):
        sender = None if kind == "admin" else {1: "uma", 2: "otto"}[chat]
        line = message(an_id(100 + number), an_id(chat), sender, second, body, sender_type=kind, read=read)
        line["message"]["created_at"] = at(second, "")
        lines.append(line)
    path = world.export("support", lines)
    world.brings(path, "--system", "support")
    rooms, _ = world.ids(path)
    log = world.parlour.log(rooms[an_id(1)])
    assert told(log, "body", "sender_type", "client_id", "created_at") == [
        ("Where is my parcel?", "user", an_id(100), millis(1)),
        ("On its way.", "admin", an_id(101), millis(5)),
        ("Since when?", "user", an_id(102), millis(9)),
    ], log
    agent = world.parlour.token(sub="agnes", roles=["admin"])
    active = world.parlour.call("GET", "/v1/desk/rooms", token=agent)["rooms"]
    away = world.parlour.call("GET", "/v1/desk/rooms?state=archived", token=agent)["rooms"]
    assert {one["id"]: one["unread"] for one in active}[rooms[an_id(1)]] == 1, active
    assert [(one["id"], one["archived_at"]) for one in away] == [(rooms[an_id(2)], millis(900))], away
    assert {one["user"].get("email") for one in active} >= {"uma@mail.example"}, active
    print("ok  a support desk: UUIDs, agents, unread chats, archived ones, empty ones")

    world.parlour.call("POST", f"/v1/rooms/{rooms[an_id(2)]}/unarchive", token=agent)
    world.brings(path, "--system", "support")
    away = world.parlour.call("GET", "/v1/desk/rooms?state=archived", token=agent)["rooms"]
    assert away == [], away
    print("ok  what an agent took back into the queue stays there when the import is repeated")


def check_direct(world):
    """UUIDs everywhere; the same two people in two rooms, which are one here."""
    una, otto = an_id(11), an_id(12)
    path = world.export("direct", [
        room(an_id(1001), "direct", [una, otto]),
        room(an_id(1002), "direct", [otto, una]),
        message(an_id(2001), an_id(1001), una, 1, "Hello"),
        message(an_id(2003), an_id(1001), una, 3, "Are you there? 🎁"),
        message(an_id(2002), an_id(1002), otto, 2, "Hello!"),
        message(an_id(2004), an_id(1002), otto, 4, "Yes", reply_to=an_id(2003)),
    ])
    out, _ = world.brings(path, "--dialect")
    assert "1 room too many: some are one room" in out, out
    rooms, messages = world.ids(path)
    assert rooms[an_id(1001)] == rooms[an_id(1002)]
    log = world.parlour.log(rooms[an_id(1001)])
    assert told(log, "body", "sender_id", "client_id", "created_at") == [
        ("Hello", una, an_id(2001), millis(1)),
        ("Hello!", otto, an_id(2002), millis(2)),
        ("Are you there? 🎁", una, an_id(2003), millis(3)),
        ("Yes", otto, an_id(2004), millis(4)),
    ], log
    assert log[3]["reply_to"] == messages[an_id(2003)]["seq"] == 3
    opened = world.parlour.call("POST", "/v1/rooms", {"kind": "direct", "with": otto}, world.parlour.token(sub=una))
    assert (opened["id"], opened["created_at"]) == (rooms[an_id(1001)], millis(-60)), opened
    print("ok  direct rooms: UUIDs stay, answers answer, two rooms of the same two become one")


def check_threads(world):
    """Numbers as ids, many threads of the same people, times without a zone and with a space."""
    lines = []
    for thread in (1, 2):
        lines.append(room(thread, "group", [1, 2], title=f"Thread {thread}"))
        for place in range(3):
            line = message(thread * 10 + place, thread, 1 + place % 2, place, f"{place} in {thread}", read=place < 2)
            line["message"]["created_at"] = at(place, "").replace("T", " ")
            lines.append(line)
    path = world.export("threads", lines)
    world.brings(path, "--system", "ribbit")
    rooms, messages = world.ids(path)
    assert rooms["1"] != rooms["2"]
    for thread in (1, 2):
        log = world.parlour.log(rooms[str(thread)])
        assert told(log, "body", "sender_id", "created_at") == [
            (f"{place} in {thread}", str(1 + place % 2), millis(place)) for place in range(3)
        ], log
    seen = world.parlour.call("GET", f"/v1/rooms/{rooms['2']}", token=world.parlour.token(sub="2"))
    assert (seen["title"], seen["you"]["unread"]) == ("Thread 2", 1), seen
    assert len({row["id"] for row in messages.values()}) == 6
    print("ok  threads: groups of the same people stay apart")


def check_exchange(world):
    """A room of a giver and whom the giver drew: the receiver learns no name from it."""
    path = world.export("exchange", [
        {"group": {"id": 5, "name": "Family", "reveal_at": "2031-12-24T18:00:00Z", "matches": {"1": 5, "5": 1}}},
        room(10, "match", [1], group_id=5),
        message(1, 10, 1, 1, "Do you like blue or red?"),
        message(2, 10, 5, 2, "I prefer blue!"),
        room(11, "match", [5], group_id=5),
        message(3, 11, 5, 3, "Tea or coffee?"),
    ])
    world.brings(path, "--system", "exchange", "--dialect")
    rooms, _ = world.ids(path)
    log = world.parlour.log(rooms["10"])
    assert told(log, "body", "created_at") == [
        ("Do you like blue or red?", millis(1)), ("I prefer blue!", millis(2)),
    ], log
    assert log[0]["sender_id"].startswith("alias:") and log[1]["sender_id"] == "5", log
    assert told(world.parlour.log(rooms["11"]), "body") == [("Tea or coffee?",)]
    print("ok  an exchange: the giver has an alias, the receiver its id")


# The other systems' tables, with some of what stands in them. Text that JSON, psql and a shell read in other ways is
# among it.
TABLES = {
    "A marketplace": """
        CREATE TABLE users (id bigint PRIMARY KEY, name text, email text);
        CREATE TABLE listings (id bigint PRIMARY KEY, title text, merchant_id bigint);
        CREATE TABLE chat_rooms (id bigint PRIMARY KEY, user_id bigint, listing_id bigint, created_at timestamp(6));
        CREATE TABLE chat_messages (id bigint PRIMARY KEY, chat_room_id bigint, sender_type text, sender_id bigint,
            receiver_type text, receiver_id bigint, content text, created_at timestamp(6));
        INSERT INTO users VALUES (71, 'Una', 'una@mail.example'), (72, NULL, NULL);
        INSERT INTO listings VALUES (31, 'A "red" bike', 71);
        INSERT INTO chat_rooms VALUES (1, 71, 31, '2023-10-27 09:59'), (2, 72, 31, '2023-10-27 09:59');
        INSERT INTO chat_messages VALUES
            (2, 1, 'Merchant', 71, 'User', 71, E'One\\\\two\\nthree', '2023-10-27 10:00:01.000002'),
            (1, 1, 'User', 71, 'Merchant', 71, 'It''s $5?', '2023-10-27 10:00:01.000001'),
            (3, 2, 'User', 72, 'Merchant', 71, 'Grüße 🎁', '2023-10-27 10:00:02');
    """,
    "A support desk": """
        CREATE TABLE users (id uuid PRIMARY KEY, email text);
        CREATE TABLE support_chats (id uuid PRIMARY KEY, user_id uuid UNIQUE, last_message_at timestamptz,
            admin_viewed_at timestamptz, archived_at timestamptz, created_at timestamptz, updated_at timestamptz);
        CREATE TABLE support_messages (id uuid PRIMARY KEY, chat_id uuid, content text, sender_type text,
            read_at timestamptz, created_at timestamptz, updated_at timestamptz);
        INSERT INTO users VALUES ('00000000-0000-4000-8000-0000000000a1', 'kim@mail.example'),
            ('00000000-0000-4000-8000-0000000000a2', 'lee@mail.example');
        INSERT INTO support_chats VALUES
            ('00000000-0000-4000-8000-0000000000b1', '00000000-0000-4000-8000-0000000000a1', NULL,
             '2023-10-27 10:00:05Z', NULL, '2023-10-27 10:00Z', NULL),
            ('00000000-0000-4000-8000-0000000000b2', '00000000-0000-4000-8000-0000000000a2', NULL,
             '2023-10-27 10:00:05Z', '2023-10-28 10:00Z', '2023-10-27 10:00Z', NULL);
        INSERT INTO support_messages VALUES
            ('00000000-0000-4000-8000-0000000000c1', '00000000-0000-4000-8000-0000000000b1', 'Where is it?', 'user',
             NULL, '2023-10-27 10:00:01Z', NULL),
            ('00000000-0000-4000-8000-0000000000c2', '00000000-0000-4000-8000-0000000000b1', 'Coming', 'admin',
             '2023-10-27 10:00:07Z', '2023-10-27 10:00:06Z', NULL),
            ('00000000-0000-4000-8000-0000000000c3', '00000000-0000-4000-8000-0000000000b1', 'When?', 'user',
             NULL, '2023-10-27 10:00:08Z', NULL),
            ('00000000-0000-4000-8000-0000000000c4', '00000000-0000-4000-8000-0000000000b2', 'Thanks', 'user',
             NULL, '2023-10-27 10:00:03Z', NULL);
    """,
    "Chats of two people": """
        CREATE TABLE rooms (id uuid PRIMARY KEY, participant1 uuid, participant2 uuid, created_at timestamptz,
            updated_at timestamptz, last_message_at timestamptz);
        CREATE TABLE messages (id uuid PRIMARY KEY, room_id uuid, sender_id uuid, body text, created_at timestamptz);
        INSERT INTO rooms VALUES ('00000000-0000-4000-8000-0000000000d1', '00000000-0000-4000-8000-0000000000e1',
            '00000000-0000-4000-8000-0000000000e2', '2023-10-27 09:00Z');
        INSERT INTO messages VALUES
            ('00000000-0000-4000-8000-0000000000f2', '00000000-0000-4000-8000-0000000000d1',
             '00000000-0000-4000-8000-0000000000e2', 'Hi', '2023-10-27 10:00:01Z'),
            ('00000000-0000-4000-8000-0000000000f1', '00000000-0000-4000-8000-0000000000d1',
             '00000000-0000-4000-8000-0000000000e1', 'Hello world!', '2023-10-27 12:00:00.5+02');
    """,
    "Threads": """
        CREATE TABLE users (id integer PRIMARY KEY, username text, email text);
        CREATE TABLE chat_threads (id integer PRIMARY KEY, created_at timestamp);
        CREATE TABLE user_chat_threads (user_id integer, chat_thread_id integer);
        CREATE TABLE chat_messages (id integer PRIMARY KEY, sender_id integer, receiver_id integer, content text,
            thread_id integer, read boolean NOT NULL, created_at timestamp);
        INSERT INTO users VALUES (81, 'sara', 'sara@mail.example'), (82, 'sam', NULL);
        INSERT INTO chat_threads VALUES (1, '2023-10-27 09:00:00'), (2, '2023-10-27 09:00:00');
        INSERT INTO user_chat_threads VALUES (81, 1), (82, 1), (82, 2), (81, 2);
        INSERT INTO chat_messages VALUES
            (1, 81, 82, 'one', 1, true, '2023-10-27 10:00:01'),
            (2, 82, 81, '[message deleted]', 1, true, '2023-10-27 10:00:02'),
            (3, 82, 81, 'three', 1, false, '2023-10-27 10:00:02'),
            (4, 81, 82, 'another thread', 2, true, '2023-10-27 10:00:03');
    """,
    "A gift exchange": """
        CREATE TABLE groups (id integer PRIMARY KEY, name text, date timestamptz);
        CREATE TABLE matches (group_id integer, giver_id integer, receiver_id integer);
        CREATE TABLE conversations (id integer PRIMARY KEY, group_id integer, participants integer[],
            created_at timestamptz);
        CREATE TABLE messages (id integer PRIMARY KEY, conversation_id integer, sender_id integer, content text,
            "timestamp" timestamptz);
        INSERT INTO groups VALUES (55, 'Family', '2031-12-24 18:00Z'), (56, 'Not drawn yet', '2031-12-24 18:00Z');
        INSERT INTO matches VALUES (55, 1, 5), (55, 5, 9), (55, 9, 1);
        INSERT INTO conversations VALUES (10, 55, '{1,5}', '2023-10-27 09:00Z');
        INSERT INTO messages VALUES (1, 10, 1, 'Do you like blue or red?', '2023-10-27 10:00:01Z'),
            (2, 10, 5, 'I prefer blue!', '2023-10-27 10:00:02Z');
    """,
}
# What comes of them: by room its messages, as (body, sender, second), and how many a member has not read.
EXPECTED = {
    "A marketplace": {
        "1": [("It's $5?", "71", 1.0), ("One\\two\nthree", "merchant:71", 1.0)], "2": [("Grüße 🎁", "72", 2.0)],
    },
    "A support desk": {
        "00000000-0000-4000-8000-0000000000b1": [
            ("Where is it?", "00000000-0000-4000-8000-0000000000a1", 1.0), ("Coming", "desk:support", 6.0),
            ("When?", "00000000-0000-4000-8000-0000000000a1", 8.0),
        ],
        "00000000-0000-4000-8000-0000000000b2": [("Thanks", "00000000-0000-4000-8000-0000000000a2", 3.0)],
    },
    "Chats of two people": {
        "00000000-0000-4000-8000-0000000000d1": [
            ("Hello world!", "00000000-0000-4000-8000-0000000000e1", 0.5),
            ("Hi", "00000000-0000-4000-8000-0000000000e2", 1.0),
        ],
    },
    "Threads": {
        "1": [("one", "81", 1.0), ("[message deleted]", "82", 2.0), ("three", "82", 2.0)],
        "2": [("another thread", "81", 3.0)],
    },
    "A gift exchange": {"10": [("Do you like blue or red?", "alias", 1.0), ("I prefer blue!", "5", 2.0)]},
}


def queries():
    """The queries of the document, by the heading above them: the first is PostgreSQL's."""
    found = {}
    for part in DOCUMENT.read_text(encoding="utf-8").split("\n### ")[1:]:
        blocks = re.findall(r"```sql\n(.*?)```", part, re.DOTALL)
        if blocks:
            found[part.splitlines()[0]] = blocks
    assert found.keys() == TABLES.keys(), found.keys()
    return found


class Postgres:
    """A PostgreSQL of our own, behind a socket in a folder of its own."""

    def __init__(self):
        # It does not run as root, so there it runs as its own user, whom the packages make.
        self.user = {"user": "postgres"} if os.geteuid() == 0 else {}
        self.folder = tempfile.mkdtemp(prefix="pg", dir="/tmp")
        try:
            if self.user:
                shutil.chown(self.folder, "postgres", "postgres")
            self.run("initdb", "-D", f"{self.folder}/data", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C",
                     "--no-sync")
            self.process = subprocess.Popen(
                ["postgres", "-D", f"{self.folder}/data", "-k", self.folder, "-c", "listen_addresses=", "-F"],
                stderr=subprocess.PIPE, text=True, **self.user,
            )
            for line in self.process.stderr:
                if "ready to accept connections" in line:
                    break
            else:
                raise AssertionError("PostgreSQL did not start")
            threading.Thread(target=self.process.stderr.read, daemon=True).start()
        except BaseException:
            shutil.rmtree(self.folder)
            raise

    @staticmethod
    def is_there():
        if os.geteuid() == 0 and "postgres" not in (entry.pw_name for entry in pwd.getpwall()):
            return False
        return all(map(shutil.which, ("initdb", "postgres", "psql")))

    def run(self, *command, **more):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, **self.user, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def psql(self, database, script):
        """As the document says it."""
        command = ["psql", "-XAt", "-v", "FETCH_COUNT=1000", "-v", "ON_ERROR_STOP=1", "-q", "-f", "-"]
        url = f"postgresql://postgres@/{database}?host={self.folder}"
        return self.run(*command, url, input=script, cwd="/")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=20)
        self.process.stderr.close()
        shutil.rmtree(self.folder)


def expect_of_query(world, name, on, lines):
    path = world.export(re.sub(r"\W", "-", f"{name}-{on}"), [])
    path.write_text(lines, encoding="utf-8")
    out, _ = world.brings(path, "--system", name, "--dialect")
    rooms, _ = world.ids(path)
    for old, wanted in EXPECTED[name].items():
        log = [
            (slot["body"], slot["sender_id"].split(":")[0] if "alias:" in slot["sender_id"] else slot["sender_id"],
             slot["created_at"])
            for slot in world.parlour.log(rooms[old])
        ]
        start = DAY.replace(microsecond=0)
        times = [(start + datetime.timedelta(seconds=second)).isoformat(timespec="milliseconds") for *_, second in wanted]
        assert log == [(*one[:2], f"{then}Z") for one, then in zip(wanted, times)], (name, log)
    return rooms


def check_queries(world):
    found = queries()
    database = sqlite3.connect(":memory:")
    database.executescript(TABLES["Threads"])
    rows = [
        row[0] for statement in found["Threads"][1].split(";") if statement.strip()
        for row in database.execute(statement)
    ]
    rooms = expect_of_query(world, "Threads", "sqlite", "".join(f"{row}\n" for row in rows))
    unread = [
        world.parlour.call("GET", f"/v1/rooms/{rooms['1']}", token=world.parlour.token(sub=sub))["you"]["unread"]
        for sub in ("81", "82")
    ]
    assert unread == [1, 0], unread
    print("ok  the document's query for SQLite writes an export that is brought in")
    if not Postgres.is_there():
        print("--  the queries for PostgreSQL are not run: it is not installed")
        return
    postgres = Postgres()
    try:
        for number, (name, tables) in enumerate(TABLES.items()):
            postgres.psql("postgres", f"CREATE DATABASE d{number}")
            postgres.psql(f"d{number}", tables)
            rooms = expect_of_query(world, name, "postgres", postgres.psql(f"d{number}", found[name][0]))
            if name == "A support desk":
                agent = world.parlour.token(sub="agnes", roles=["admin"])
                desk = world.parlour.call("GET", "/v1/desk/rooms", token=agent)["rooms"]
                away = world.parlour.call("GET", "/v1/desk/rooms?state=archived", token=agent)["rooms"]
                waits, ended = rooms.values() if list(rooms)[0].endswith("b1") else reversed(rooms.values())
                assert {one["id"]: one["unread"] for one in desk}[waits] == 1, desk
                assert {one["id"]: one["archived_at"] for one in away}[ended] == "2023-10-28T10:00:00.000Z", away
    finally:
        postgres.stop()
    print("ok  the document's queries for PostgreSQL write exports that are brought in")


def check_repeat(world):
    path = world.export("repeated", many(3, 70, first=500) + [
        {"listing": {"id": "lamp", "title": "A lamp", "merchant_id": "light"}},
        {"user": {"id": "a500", "name": "Alma"}},
    ])
    world.brings(path)

    def state():
        rooms, messages = world.ids(path)
        return rooms, messages, {old: world.parlour.log(id) for old, id in rooms.items()}

    before = state()
    # The application knows better by now.
    world.parlour.call("PUT", "/v1/users/a500", {"name": "Alma B."}, world.parlour.server)
    out, err = world.brings(path)
    assert "3 rooms, 210 messages: all there" in out and "nothing new to send" in err, (out, err)
    assert set(world.way.requests) == {"GET"}, world.way.requests
    assert state() == before
    assert world.parlour.call("GET", "/v1/users/a500", token=world.parlour.server)["name"] == "Alma B."
    print("ok  a repeat reads and sends nothing")

    pathlib.Path(f"{path}.progress").unlink()
    world.brings(path)
    assert not world.way.requests["messages"], world.way.requests
    expect_all(world, path, 3, 70, first=500)
    print("ok  without the file of what was done, no message is sent twice either")

    with path.open("a") as file:
        file.write(json.dumps(message("later", 501, "b501", 5_000, "one more")) + "\n")
    world.brings(path)
    assert world.way.requests["messages"] == 1, world.way.requests
    log = world.parlour.log(world.ids(path)[0]["501"])
    assert len(log) == 71 and log[-1]["body"] == "one more"
    print("ok  of a newer export only what is new is sent")


def check_killed(world):
    """Killed before a call, and after a call whose answer it never heard, several times."""
    rooms, messages = 5, 170
    path = world.export("killed", many(rooms, messages, first=600))
    moments = [("before", 1), ("after", 1), ("after", 3), ("before", 4), ("after", 2), ("before", 2), ("after", 5)]
    for when, call in moments:
        world.brings_until(when, call, path, "--parallel", "3")
    out, _ = world.brings(path)
    assert f"{rooms} rooms, {messages * rooms} messages: all there" in out, out
    expect_all(world, path, rooms, messages, first=600)
    print(f"ok  killed {len(moments)} times in the middle, everything is there once")

    path = world.export("killed-early", many(4, 2_500, first=650))
    process = world.start("--url", world.way.base, path)
    until(pathlib.Path(f"{path}.progress").exists, "no index")
    process.kill()
    process.communicate(timeout=60)
    out, _ = world.brings(path)
    assert "4 rooms, 10,000 messages: all there" in out, out
    print("ok  killed while it read the export, it begins anew")

    # What comes after the messages in the same call.
    lines = [
        room("last", "support", ["late"], archived_at=at(500)),
        message("last-1", "last", "late", 1, "Bye"),
    ]
    path = world.export("archived", lines)
    world.brings_until("before", 1, path)
    world.brings(path)
    agent = world.parlour.token(sub="agnes", roles=["admin"])
    away = world.parlour.call("GET", "/v1/desk/rooms?state=archived", token=agent)["rooms"]
    assert world.ids(path)[0]["last"] in [one["id"] for one in away], away
    print("ok  killed with the last message on its way, the room is put away all the same")


def until(holds, what):
    end = time.monotonic() + 15
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(what)
        time.sleep(0.002)


def check_trouble(world):
    path = world.export("trouble", many(4, 60, first=700))
    world.way.before = lambda what, number: (503, {}) if what == "messages" and number <= 6 else None
    lost = iter([True] * 3)
    world.way.after = lambda what, number: "lose" if what == "messages" and next(lost, False) else None
    out, err = world.brings(path)
    world.way.forget()
    assert "4 rooms, 240 messages: all there" in out, out
    assert "answers 503; trying again" in err, err
    expect_all(world, path, 4, 60, first=700)
    print("ok  503 for a while, and answers that are lost: it tries again, and nothing is doubled")

    path = world.export("down", many(2, 3, first=710))
    world.way.before = lambda what, number: (503, {})
    out, err = world.brings(path, "--give-up-after", "1", status=1)
    world.way.forget()
    assert "answers 503, for" in err and "Run it again to go on" in err, err
    world.brings(path)
    expect_all(world, path, 2, 3, first=710)
    print("ok  a server that stays down: it gives up and says so, and goes on when it is run again")

    # One room that the server does not take stops no other.
    lines = many(3, 5, first=720) + [room("lost", "listing", ["una"], listing_id="nowhere")]
    path = world.export("one-fails", lines)
    out, err = world.brings(path, status=1)
    assert "room lost: the server refuses it (404 not_found)" in err, err
    assert "0 messages missing" in out, out
    expect_all(world, path, 3, 5, first=720)
    print("ok  a room that fails is named, and the others are there")


def check_meanwhile(world):
    """Somebody writes into a room before all of it has come."""
    path = world.export("meanwhile", many(3, 120, first=800))
    ann = world.parlour.token(sub="a801")
    opened = world.parlour.call("POST", "/v1/rooms", {"kind": "direct", "with": "b801"}, ann)["id"]
    world.parlour.call("POST", f"/v1/rooms/{opened}/messages", {"body": "first!"}, ann)
    posted = []

    def post(what, number):
        """Before the last call of all: by then one other room waits for its last messages."""
        if what == "messages" and number == 5 and not posted:
            user = world.parlour.token(sub="a802")
            other = world.parlour.call("POST", "/v1/rooms", {"kind": "direct", "with": "b802"}, user)["id"]
            posted.append(other)
            world.parlour.call("POST", f"/v1/rooms/{other}/messages", {"body": "meanwhile"}, user)

    world.way.before = post
    out, err = world.brings(path, "--parallel", "1", status=1)
    world.way.forget()
    assert "room 801: somebody has written there meanwhile" in err, err
    assert "120 messages are left out, from message 8010000 on" in err, err
    assert "room 802: somebody has written there meanwhile" in err, err
    assert "20 messages are left out, from message 8020100 on" in err, err
    assert "140 messages missing" in out, out
    assert told(world.parlour.log(opened), "body") == [("first!",)]
    expect_all(world, path, 1, 120, first=800)
    bodies = [slot["body"] for slot in world.parlour.log(posted[0])]
    assert bodies == [f"{n} of 802" for n in range(50)] + ["meanwhile"] + [f"{n} of 802" for n in range(50, 100)], bodies
    print("ok  where somebody has written meanwhile the rest is left out, and the run says so")

    path = world.export("afterwards", many(1, 10, first=810))
    world.brings(path)
    world.parlour.call("POST", f"/v1/rooms/{world.ids(path)[0]['810']}/messages", {"body": "new"},
                       world.parlour.token(sub="a810"))
    out, _ = world.brings(path)
    assert "1 room, 10 messages: all there" in out, out
    print("ok  what is written after the import does not disturb it")


def check_verification(world):
    path = world.export("edited", many(1, 10, first=850))
    world.brings(path)
    id, user = world.ids(path)[0]["850"], world.parlour.token(sub="a850")
    world.parlour.call("PATCH", f"/v1/rooms/{id}/messages/1", {"body": "not so"}, user)
    world.parlour.call("DELETE", f"/v1/rooms/{id}/messages/3", token=user)
    out, _ = world.brings(path)
    assert "1 room, 10 messages: all there" in out, out
    print("ok  what people have edited and deleted since is no mistake")

    world.parlour.call("DELETE", f"/v1/rooms/{id}", token=world.parlour.server)
    out, err = world.brings(path, status=1)
    assert "10 messages missing" in out and "room 850" in err, (out, err)
    print("ok  a room that is gone is missed")

    path = world.export("lost", many(3, 20, first=860))
    world.way.before = lambda what, number: (200, {"head": 20}) if (what, number) == ("messages", 2) else None
    out, err = world.brings(path, "--parallel", "1", status=1)
    world.way.forget()
    assert "room 861: 20 messages are missing" in err and "20 messages missing, " in out, (out, err)
    world.brings(path)
    expect_all(world, path, 3, 20, first=860)
    print("ok  messages that were taken and not stored are missed, and come when it is run again")

    other = [line for line in map(json.loads, path.read_text().splitlines())]
    for line in other:
        if line.get("message", {}).get("id") == 8_600_005:
            line["message"]["body"] = "something else"
        if line.get("message", {}).get("id") == 8_600_007:
            line["message"]["created_at"] = at(7.5)
    path.write_text("".join(json.dumps(line) + "\n" for line in other))
    _, err = world.brings(path, status=1)
    assert "room 860: message 8600005: its body differs from the export" in err, err
    assert "room 860: message 8600007: its time differs from the export" in err, err
    print("ok  messages that are not as the export has them are named")


def check_bad(world):
    good = message("fine", 1, 7, 1, "fine")
    lines = [
        room(1, "direct", [7, 8]),
        good,
        "{oops",
        '{"letter": {}}',
        message("blank", 1, 7, 2, " \n\u3000"),
        message("long", 1, 7, 3, "x" * 10_001),
        message("nul", 1, 7, 4, "a\0b"),
        message("when", 1, 7, 5, "x"),
        message("stranger", 1, 9, 6, "hello"),
        message("nowhere", 99, 7, 7, "hello"),
        message("orphan", 1, 7, 8, "yes", reply_to="gone"),
        message("fine", 1, 7, 9, "again"),
        room(2, "direct", [7]),
        room(3, "castle", [7]),
        room(4, "match", [7], group_id=1),
        {"group": {"id": 1, "name": "Us", "reveal_at": "2031-12-24T18:00:00Z", "matches": {"8": 7}}},
        room(5, "match", [8], group_id=1),
        message("wordy", 5, 8, 1, "x" * 501),
        room(6, "group", [7]),
        '{"message": {"id": "half", "room": 1, "sender": 7, "body": "\\ud83c", "created_at": "2024-06-10T08:00:00Z"}}',
    ]
    lines[7]["message"]["created_at"] = "yesterday"
    path = world.export("bad", lines)
    wanted = {
        3: "is not JSON", 4: "must be an object with one of", 5: '"body" is blank',
        6: '"body" has 10,001 characters, 10,000 are the limit', 7: '"body" holds a NUL character',
        8: '"created_at" must be a time', 9: '"sender": the user 9 is not in the room 1',
        10: "the room 99 is not in the export", 11: "answers (\"reply_to\") no earlier message of its room",
        12: "the message fine was told before, in line 2", 13: '"users" of a direct room must be both: 2, not 1',
        14: '"kind" must be one of', 15: "nobody is drawn for 7 in the group 1",
        18: '"body" has 501 characters, 500 are the limit in match rooms',
        19: '"users" of a group room must be 2 to 1000, not 1', 20: "holds half of a character",
    }
    for args in (["--check"], ["--url", world.way.base], ["--url", world.way.base, "--skip-bad"]):
        _, err = world.ends(world.start(*args, path), 2)
        fatal = wanted if "--skip-bad" not in args else {line: wanted[line] for line in (3, 4, 12, 13, 14, 15, 19)}
        named = re.findall(r"^bad\.jsonl:(\d+): (.*)$", err, re.MULTILINE)
        assert [int(line) for line, _ in named] == sorted(fatal), err
        for line, says in named:
            assert fatal[int(line)] in says, (line, says)
        assert not world.way.requests, world.way.requests
    print("ok  a bad export is refused with the numbers of its lines, and nothing is sent")

    keep = [line for number, line in enumerate(lines, 1) if number not in (3, 4, 12, 13, 14, 15, 19)]
    path = world.export("skipped", keep)
    out, _ = world.brings(path, "--skip-bad")
    assert "8 messages are left out" in out and "2 rooms, 2 messages: all there" in out, out
    skipped = [json.loads(line) for line in pathlib.Path(f"{path}.skipped.jsonl").read_text().splitlines()]
    assert {row["message"] for row in skipped if "message" in row} == {
        "blank", "long", "nul", "when", "stranger", "nowhere", "wordy", "half",
    }, skipped
    log = world.parlour.log(world.ids(path)[0]["1"])
    assert told(log, "body") == [("fine",), ("yes",)] and "reply_to" not in log[1], log
    print("ok  --skip-bad leaves the bad messages out and says which")

    for args, says in (
        ([path], "--url is needed"),
        (["--url", "chat.example.com", path], "--url must be an address"),
        (["--check", world.folder / "nothing.jsonl"], "No such file"),
        (["--url", world.way.base, "--token-file", world.folder / "nothing", path], "--token-file"),
    ):
        _, err = world.ends(world.start(*args), 2)
        assert says in err, err
    print("ok  a wrong command line says what is wrong")


def check_token(world):
    path = world.export("token", many(1, 3, first=900))
    user = world.parlour.token(sub="mallory")
    for token, says in ((user, "must have"), ("not-a-token", "does not accept the token (401)")):
        _, err = world.ends(world.start("--url", world.way.base, path, token=token), 1)
        assert says in err, err
        assert not any(token in text for text in world.said), "a refused token was printed"
    # One that has expired is read anew: here the file is given a good one once the other was refused.
    file = world.folder / "token.txt"
    file.write_text("not-a-token\n")

    def renew(what, number):
        file.write_text(world.parlour.server + "\n")

    world.way.before = renew
    world.brings(path, "--token-file", file)
    world.way.forget()
    for text in world.said:
        assert world.parlour.server not in text, "the token was printed"
    for file in world.folder.iterdir():
        assert file.name == "token.txt" or world.parlour.server.encode() not in file.read_bytes(), file
    print("ok  the token is read again when it has expired, and never printed nor kept")


def check_large(world):
    rooms, messages = 50, 100
    path = world.export("large", many(rooms, messages, first=1_000))
    process = world.start("--url", world.parlour.base, path)
    out, err = world.ends(process, 0)
    assert f"{rooms} rooms, {rooms * messages:,} messages: all there" in out, out
    rate = re.search(r"sent [\d,]+ messages in \S+, ([\d,]+) a second", err).group(1)
    expect_all(world, path, rooms, messages, first=1_000)
    print(f"ok  {rooms} rooms with {rooms * messages:,} messages ({rate} a second)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "target/debug")
    args = parser.parse_args()
    parlour = Parlour(args.bin_dir.resolve() / "parlour")
    way = Way(parlour.base)
    try:
        with tempfile.TemporaryDirectory() as folder:
            world = World(parlour, way, pathlib.Path(folder))
            for check in (
                check_marketplace, check_support, check_direct, check_threads, check_exchange, check_queries,
                check_repeat, check_killed, check_trouble, check_meanwhile,
                check_verification, check_bad, check_token, check_large,
            ):
                check(world)
    finally:
        way.stop()
        parlour.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
