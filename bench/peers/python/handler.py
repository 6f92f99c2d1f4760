"""`create_message` as an event of API Gateway (v2), in Python: the same as ../node/handler.mjs."""

import json
import os
import random
import re
import time
import uuid
from datetime import datetime, timezone

import boto3
import jwt
import pusher
from boto3.dynamodb.conditions import Key

TABLE = os.environ["TEXTBOOK_TABLE"]
ATTEMPTS = 30

resource = boto3.resource("dynamodb")
table = resource.Table(TABLE)
client = resource.meta.client
relay = pusher.Pusher(
    app_id="1",
    key=os.environ["PUSHER_KEY"],
    secret=os.environ["PUSHER_SECRET"],
    host=os.environ["PUSHER_HOST"],
    port=int(os.environ["PUSHER_PORT"]),
    ssl=False,
)
# Pusher's ids are numbers, and its library insists; the local hub's is a name.
relay._pusher_client._app_id = os.environ["PUSHER_APP_ID"]


def handler(event, _context):
    """Checks the token and the membership, stores, triggers the event, answers 201."""
    claims = caller(event["headers"].get("authorization", ""))
    if claims is None:
        return answer(401, {"error": "no valid token"})
    path = re.fullmatch(r"/v1/rooms/([\w-]+)/messages", event["rawPath"])
    if path is None or event["requestContext"]["http"]["method"] != "POST":
        return answer(404, {"error": "not found"})
    asked = json.loads(event["body"])
    body = asked.get("body")
    if not isinstance(body, str) or not 0 < len(body) <= 10_000:
        return answer(400, {"error": "bad body"})

    message = store(path[1], claims["sub"], body, asked.get("client_id"))
    if isinstance(message, int):
        return answer(message, {"error": "not found" if message == 404 else "busy"})
    relay.trigger(f"private-room-{path[1]}", "new_message", message)
    return answer(201, message)


def caller(header):
    """The claims of a token that is good."""
    try:
        return jwt.decode(
            header.removeprefix("Bearer "),
            os.environ["JWT_SECRET"],
            algorithms=["HS256"],
            issuer=os.environ["JWT_ISSUER"],
            audience=os.environ["JWT_AUDIENCE"],
        )
    except jwt.InvalidTokenError:
        return None


def store(room, sender, body, client_id):
    """The message as stored, or the status of a refusal."""
    for attempt in range(ATTEMPTS):
        found = table.query(
            ConsistentRead=True,
            KeyConditionExpression=Key("pk").eq(f"ROOM#{room}") & Key("sk").begins_with("META#"),
        )["Items"]
        head = next((item for item in found if item["sk"] == "META#ROOM"), None)
        members = [item["user_id"] for item in found if "user_id" in item]
        if head is None or sender not in members:
            return 404
        message = {
            "id": str(uuid.uuid4()),
            "room_id": room,
            "seq": int(head["seq"]) + 1,
            "client_id": client_id,
            "sender_id": sender,
            "body": body,
            "created_at": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        }
        try:
            client.transact_write_items(TransactItems=writes(message, head, members))
            return message
        except client.exceptions.TransactionCanceledException:
            time.sleep(random.random() * min(1.0, 0.01 * 2**attempt))
    return 503


def writes(message, head, members):
    """Message, room and members."""
    key = f"ROOM#{message['room_id']}"
    preview, at = message["body"][:100], message["created_at"]
    row = {"pk": key, "sk": f"MSG#{message['seq']:012}", **message}
    put = {"TableName": TABLE, "Item": row, "ConditionExpression": "attribute_not_exists(pk)"}
    head_update = {
        "TableName": TABLE,
        "Key": {"pk": key, "sk": "META#ROOM"},
        "UpdateExpression": "SET seq = :seq, preview = :preview, last_message_at = :at",
        "ConditionExpression": "seq = :before",
        "ExpressionAttributeValues": {
            ":seq": message["seq"],
            ":before": head["seq"],
            ":preview": preview,
            ":at": at,
        },
    }
    of_members = [
        {
            "TableName": TABLE,
            "Key": {"pk": key, "sk": f"META#MEMBER#{member}"},
            "UpdateExpression": "SET preview = :preview, inbox_sk = :order ADD unread :unread",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": {
                ":preview": preview,
                ":order": f"{at}#{message['room_id']}",
                ":unread": 0 if member == message["sender_id"] else 1,
            },
        }
        for member in members
    ]
    return [{"Put": put}, *({"Update": update} for update in [head_update, *of_members])]


def answer(status, body):
    """An answer for API Gateway."""
    headers = {"content-type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}
