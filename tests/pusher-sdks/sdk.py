"""Pusher's Python SDK, for tests that are not written in Python.

A line of JSON on stdin is a call, `["trigger", arguments]`; a line on stdout is its answer: `{"answer": …}`, or
`{"error": …}` with the name of what was raised. The first line of stdin is how the client is made.
"""

import json
import sys

from pusher import Pusher


def client(settings):
    # The SDK takes only ids of digits. Pusher's are; other servers' need not be.
    made = Pusher(
        app_id="1",
        key=settings["key"],
        secret=settings["secret"],
        ssl=False,
        host=settings["host"],
        port=settings["port"],
        encryption_master_key_base64=settings["encryption_key"],
    )
    made._pusher_client._app_id = settings["app_id"]
    return made


def text(value):
    """What the SDK gives as bytes where its documentation shows a text."""
    return value.decode() if isinstance(value, bytes) else str(value)


def main():
    lines = iter(sys.stdin.readline, "")
    sdk = client(json.loads(next(lines)))
    for line in lines:
        name, arguments = json.loads(line)
        try:
            answer = {"answer": getattr(sdk, name)(**arguments)}
        except Exception as error:  # Whatever it is, the test wants to know.
            answer = {"error": type(error).__name__, "says": str(error)}
        print(json.dumps(answer, default=text), flush=True)


main()
