#!/usr/bin/env python3
"""Mails as a real mail server takes them, and as Python's own library reads them.

    cargo build --workspace --bins
    VENV/bin/python tests/mail/run.py    # with requirements.txt; bin/test runs it so
"""

import argparse
import email
import email.policy
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import warnings
import urllib.request

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

warnings.filterwarnings("ignore", module="aiosmtpd")
ROOT = pathlib.Path(__file__).resolve().parents[2]
USER, PASSWORD = "shop@mail.example", "p ss/w:rd?"
FROM = "Käse & Söhne <support@shop.example>"


class Server:
    """A mail server that wants a password, and answers recipients as it is told."""

    def __init__(self):
        self.mails, self.tries, self.refused = [], 0, 0
        self.refusal, self.password = None, PASSWORD
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.controller = Controller(
            self, hostname="127.0.0.1", port=self.port, authenticator=self.authenticate,
            auth_required=True, auth_require_tls=False,
        )
        self.controller.start()

    def authenticate(self, server, session, envelope, mechanism, data):
        self.tries += 1
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (
            USER.encode(), self.password.encode(),
        )
        return AuthResult(success=good, handled=False)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refusal:
            self.refused += 1
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"


class Parlour:
    """The local program, and who calls it."""

    def __init__(self, program, server):
        quote = urllib.request.quote
        url = f"smtp://{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}"
        settings = {"PARLOUR_SMTP_URL": url, "PARLOUR_MAIL_FROM": FROM}
        self.process = subprocess.Popen(
            [program, "--listen", "127.0.0.1:0", "--data", ":memory:"],
            env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True,
        )
        found = re.search(r"listening on (http://\S+)", self.process.stdout.readline())
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

    def answers(self, name, words):
        """An agent answers somebody, who does not read it."""
        user = self.token(sub=name, name=name.title(), email=f"{name}@mail.example")
        room = self.call("POST", "/v1/rooms", {"kind": "support"}, user)["id"]
        agent = self.token(sub="agent", roles=["admin"])
        self.call("POST", f"/v1/rooms/{room}/messages", {"body": words}, agent)

    def passes(self, minutes):
        """Time passes, and what is due then is done: by this call, unless the program's own was faster."""
        self.call("PUT", "/dev/clock", {"advance_ms": minutes * 60_000})
        self.call("POST", "/dev/dispatch", {})

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)
        self.process.stdout.close()


def check_content(content):
    """What a mail program sees of a mail."""
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert not mail.defects, mail.defects
    assert mail["From"].addresses[0].display_name == "Käse & Söhne", mail["From"]
    assert mail["From"].addresses[0].addr_spec == "support@shop.example"
    assert str(mail["To"]) == "Ann <ann@mail.example>", mail["To"]
    assert mail["Subject"] == "New reply from Käse & Söhne", mail["Subject"]
    assert re.fullmatch(r"<[0-9a-f-]{36}@shop\.example>", mail["Message-ID"]), mail["Message-ID"]
    assert mail["Auto-Submitted"] == "auto-generated"
    # RFC 8058, section 3.1.
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = re.fullmatch(r"<(https?://[^>]+/v1/mail/unsubscribe\?token=[\w.-]+)>", mail["List-Unsubscribe"])
    assert link, mail["List-Unsubscribe"]
    assert mail["Date"].datetime, "no date"
    assert mail.get_content_type() == "multipart/alternative"
    text, html = [part for part in mail.walk() if not part.is_multipart()]
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    for part in (text, html):
        shown = part.get_content()
        assert not part.defects, part.defects
        for words in ("Grüße 🎁", link.group(1)):
            assert words in shown, (words, shown)
    assert max(len(line) for line in content.split(b"\r\n")) <= 998, "a line too long (RFC 5322)"
    return link.group(1)


def one_click(link):
    """As a mail program does it."""
    request = urllib.request.Request(link, b"List-Unsubscribe=One-Click", method="POST")
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200


def until(holds, what):
    end = time.monotonic() + 15
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(what)
        time.sleep(0.02)


def check(parlour, server):
    # First of all: who has been let in once may keep the connection.
    server.password = "another one"
    parlour.answers("kim", "hello")
    parlour.passes(6)
    until(lambda: server.tries, "it was not tried")
    assert not server.mails
    server.password = PASSWORD
    parlour.passes(2)
    until(lambda: server.mails, "it was not sent later")
    server.mails.clear()
    print("ok  what the server did not let us send is sent once it does")

    parlour.answers("ann", "Grüße 🎁\n" + "und so weiter " * 9)
    parlour.passes(6)
    until(lambda: server.mails, "no mail")
    to, content = server.mails.pop()
    assert to == ["ann@mail.example"], to
    one_click(check_content(content))
    print("ok  a mail is whole, and its link ends the mails")

    server.refusal = "550 5.1.1 No such mailbox"
    parlour.answers("ben", "hello")
    parlour.passes(6)
    until(lambda: server.refused == 1, "it was not tried")
    server.refusal = None
    parlour.answers("ben", "hello again")
    for _ in range(30):
        parlour.passes(60)
    assert not server.mails, server.mails
    print("ok  a mailbox that is not there is not tried again")

    server.refusal = "451 4.7.1 Try again later"
    parlour.answers("eve", "hello")
    parlour.passes(6)
    until(lambda: server.refused == 2, "it was not tried")
    parlour.passes(0)
    assert server.refused == 2, "it was tried again at once"
    server.refusal = None
    parlour.passes(2)
    until(lambda: len(server.mails) == 1, "it was not tried again")
    print("ok  a server that is busy is asked again a minute later")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "target/debug")
    args = parser.parse_args()
    server = Server()
    parlour = Parlour(args.bin_dir.resolve() / "parlour", server)
    try:
        check(parlour, server)
    finally:
        parlour.stop()
        server.controller.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
