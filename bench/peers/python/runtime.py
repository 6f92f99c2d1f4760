"""What Lambda's image for Python does around a handler: loads it, asks the runtime API for the next event,
answers it."""

import http.client
import json
import os

from handler import handler

connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def call(method, path, body=None):
    """One call of the runtime API."""
    headers = {"content-type": "application/json"} if body else {}
    connection.request(method, f"/2018-06-01/runtime/{path}", body, headers)
    response = connection.getresponse()
    return response.headers, response.read()


while True:
    told, event = call("GET", "invocation/next")
    number = told["lambda-runtime-aws-request-id"]
    try:
        call("POST", f"invocation/{number}/response", json.dumps(handler(json.loads(event), None)))
    except Exception as error:  # Lambda's does the same
        failure = {"errorType": type(error).__name__, "errorMessage": str(error)}
        call("POST", f"invocation/{number}/error", json.dumps(failure))
