"""Puts what is really there into the requests that schemathesis makes; see fuzz.py."""

import atexit
import collections
import hashlib
import hmac
import json
import os
import pathlib
import random
import urllib.request
import uuid

import schemathesis

SCENE = json.loads(pathlib.Path(os.environ["PARLOUR_SCENE"]).read_text())
CHANCE = random.Random(SCENE["seed"])

# How often each operation was answered with each status.
ANSWERS = collections.defaultdict(collections.Counter)

# How often a part of the path names something that is there, and how often a token is a good one.
REAL = 0.7
SIGNED_IN = 0.95
# How often it is that of somebody who may do what is asked, where few may.
ENTITLED = 0.5
FEW = {
    "/v1/listings/": ["server"],
    "/v1/groups/": ["server"],
    "/v1/import/": ["server"],
    "/v1/realtime/auth": ["alice"],
    "/v1/users/": ["server"],
    "/v1/reports": ["agnes"],
    "/v1/webhooks": ["server", "agnes"],
    "/v1/desk/": ["agnes", "wheels"],
    "/v1/rooms/{id}/archive": ["agnes", "wheels"],
    "/v1/rooms/{id}/unarchive": ["agnes", "wheels"],
    "/v1/rooms/{id}/members": ["alice", "bob"],
    "/v1/rooms/": ["alice", "bob", "agnes", "wheels", "server"],
}


def disposable_room():
    """A room that may be deleted: the others are needed until the end."""
    request = urllib.request.Request(
        SCENE["base"] + "/v1/rooms",
        data=json.dumps({"kind": "group", "members": ["bob"]}).encode(),
        headers={"Authorization": f"Bearer {SCENE['tokens']['alice']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())["id"]


def real(name, path, method):
    """Something that is there, for this parameter of this path."""
    if name == "seq":
        # Some messages stay, to be edited and reacted to.
        deletes = method == "DELETE" and path.endswith("{seq}")
        return str(CHANCE.randint(1, 2) if deletes else CHANCE.randint(1, 4))
    if name == "emoji":
        return CHANCE.choice(["\U0001f44d", "\u2764\ufe0f", "\U0001f381"])
    if name == "member_id":
        return CHANCE.choice(["carol", "bob"])
    if path.startswith("/v1/rooms/"):
        if method == "DELETE" and "/messages" not in path:
            return disposable_room()
        if "/members" in path and CHANCE.random() < ENTITLED:
            return SCENE["group"]
        return CHANCE.choice(SCENE["desk_rooms"] if path.endswith("archive") else SCENE["rooms"])
    if path == "/v1/users/{id}" and method == "DELETE":
        # The others are needed until the end.
        return f"passer-by-{CHANCE.randint(1, 5)}"
    if path.startswith("/v1/import/"):
        return CHANCE.choice(SCENE["rooms"])
    if path.startswith("/v1/reports/"):
        return CHANCE.choice(SCENE["reports"])
    if path.startswith("/v1/webhooks/"):
        return CHANCE.choice(SCENE["webhooks"])
    return CHANCE.choice(SCENE["names"])


def make_real(body):
    """Names in a body what is there, where it names something."""
    if isinstance(body.get("rooms"), dict):
        body["rooms"][CHANCE.choice(SCENE["rooms"])] = [0, 0]
    if "channel_name" in body:
        body["channel_name"] = CHANCE.choice(SCENE["channels"])
    if body.get("reply_to") is not None:
        body["reply_to"] = 1
    if body.get("members"):
        body["members"] = ["bob", CHANCE.choice(["carol", "dora", "emil"])]
    if "client_id" in body:
        body["client_id"] = str(uuid.UUID(int=CHANCE.getrandbits(128), version=4))


def caller(path):
    """Whose token to send."""
    few = [names for prefix, names in FEW.items() if path.startswith(prefix)]
    if few and CHANCE.random() < ENTITLED:
        return CHANCE.choice(few[0])
    return CHANCE.choice(list(SCENE["tokens"]))


def signed_by_relay(request):
    """The request as the local relay would have sent it: its body signed."""
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body
    request.headers["X-Pusher-Key"] = "parlour-key"
    request.headers["X-Pusher-Signature"] = hmac.new(b"parlour-secret", body, hashlib.sha256).hexdigest()
    return request


@schemathesis.hook
def before_call(context, case, kwargs):
    path, method = case.operation.path, case.method.upper()
    if path == "/v1/realtime/webhook" and CHANCE.random() < SIGNED_IN:
        kwargs["auth"] = signed_by_relay
    for name in case.path_parameters or {}:
        if CHANCE.random() < REAL:
            case.path_parameters[name] = real(name, path, method)
    if path == "/v1/mail/unsubscribe" and CHANCE.random() < REAL:
        case.query = {**(case.query or {}), "token": SCENE["mail_link"]}
    if isinstance(case.body, dict) and CHANCE.random() < REAL / 2:
        make_real(case.body)
    if CHANCE.random() < SIGNED_IN:
        token = SCENE["tokens"][caller(path)]
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}


@schemathesis.hook
def after_call(context, case, response):
    label = case.operation.label
    # A request with another method than the document's is not about the operation.
    if case.method.upper() == label.split()[0]:
        ANSWERS[label][response.status_code] += 1


@atexit.register
def tell_answers():
    pathlib.Path(SCENE["answers"]).write_text(json.dumps(ANSWERS))
