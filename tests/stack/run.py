#!/usr/bin/env python3
"""The stack as AWS's own tools read it, what it promises, and how bin/deploy makes it. Without an account.

    cargo build --workspace --bins
    VENV/bin/python tests/stack/run.py    # with requirements.txt; bin/test runs it so
"""

import argparse
import http.server
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
import tomllib
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "infra/template.yaml"
TOOLS = pathlib.Path(sys.executable).parent

# What builds a function for Lambda's processors, from PyPI: 100 MB, and only where Rust can.
CARGO_LAMBDA = ("cargo-lambda==1.9.2", "ziglang==0.17.1")

# Read by config.rs and deliberately not set by the stack, each with its reason.
ABSENT: dict[str, str] = {}


def ok(words):
    print(f"ok  {words}", flush=True)


# ── The template, read ────────────────────────────────────────────────────────────────────────────
class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags, in their long form."""


def tagged(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", tagged)


def parts(tree):
    """Every mapping in a tree."""
    if isinstance(tree, dict):
        yield tree
    for part in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from parts(part)


def listed(value):
    return value if isinstance(value, list) else [value]


class Stack:
    def __init__(self):
        self.text = TEMPLATE.read_text()
        self.tree = yaml.load(self.text, Loader)
        self.resources = self.tree["Resources"]

    def of(self, kind):
        return {name: it for name, it in self.resources.items() if it["Type"] == kind}

    @property
    def functions(self):
        return self.of("AWS::Serverless::Function")

    @property
    def alarms(self):
        return self.of("AWS::CloudWatch::Alarm")


# ── AWS's own tools, and checkov ──────────────────────────────────────────────────────────────────
def run_tool(*command, home, path=None, cwd=None):
    environment = {
        "PATH": f"{path or TOOLS}:{TOOLS}:{os.environ['PATH']}", "HOME": str(home), "SAM_CLI_TELEMETRY": "0",
        # sam wants to know them, and asks nobody.
        "AWS_DEFAULT_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return subprocess.run(
        [TOOLS / command[0], *map(str, command[1:])], env=environment, capture_output=True, text=True, timeout=100,
        cwd=cwd, stdin=subprocess.DEVNULL,
    )


def check_with_tools(stack, home):
    done = run_tool("cfn-lint", TEMPLATE, home=home)
    assert done.returncode == 0, done.stdout + done.stderr
    ok("cfn-lint finds nothing")

    done = run_tool("sam", "validate", "--lint", "--template", TEMPLATE, home=home)
    assert done.returncode == 0, done.stdout + done.stderr
    ok("sam takes the template")

    check_build(home)
    check_build_for_arm(home)

    # checkov 3 breaks on variables that all functions share, which the checks below look at. And it leaves out what a
    # condition leaves out by default: here everything is there.
    shared = stack.text.index("    Environment:\n      Variables: # an empty one"), stack.text.index("\nResources:")
    text = stack.text[: shared[0]] + stack.text[shared[1] :]
    text = re.sub(r"^    Condition: \w+\n", "", text, flags=re.MULTILINE)
    copy = home / "template.yaml"
    copy.write_text(text)
    done = run_tool(
        "checkov", "--file", copy, "--framework", "cloudformation", "--skip-download", "--output", "json", home=home,
    )
    found = json.loads(done.stdout)
    results = (found if isinstance(found, dict) else found[0])["results"]
    failed = [(check["check_id"], check["check_name"], check["resource"]) for check in results["failed_checks"]]
    assert not failed, failed
    assert not results["parsing_errors"], results["parsing_errors"]
    for check in results["skipped_checks"]:
        assert len(check["check_result"].get("suppress_comment", "").split()) > 4, f"no reason to skip {check}"
    checked = {check["resource"] for check in results["passed_checks"]}
    for name in stack.functions:
        assert f"AWS::Serverless::Function.{name}" in checked, f"checkov did not see {name}"
    ok(f"checkov: {len(results['passed_checks'])} checks passed, {len(results['skipped_checks'])} skipped with a reason")


def check_build(home):
    """The real sam, with a stand-in for cargo: what it finds of what was built, and that it asks nothing."""
    project, programs = home / "build", home / "programs"
    programs.mkdir()
    shutil.copytree(ROOT / "infra", project / "infra", ignore=shutil.ignore_patterns(".aws-sam"))
    crates = [path.parent.name for path in (ROOT / "functions").glob("*/Cargo.toml")]
    for crate in crates:
        (project / "functions" / crate).mkdir(parents=True)
        shutil.copy(ROOT / "functions" / crate / "Cargo.toml", project / "functions" / crate)
    for name in ("cargo", "cargo-lambda"):
        (programs / name).write_text(
            '#!/bin/sh\nfolder=$CARGO_TARGET_DIR/lambda/$(basename "$PWD")\n'
            '[ "$*" = "lambda build --release --arm64" ] && mkdir -p "$folder" && basename "$PWD" >"$folder/bootstrap"\n'
        )
        (programs / name).chmod(0o755)
    words = re.search(r"\bsam (build[^)]*)\)", (ROOT / "bin/deploy").read_text()).group(1).split()
    done = run_tool("sam", *words, home=home, path=programs, cwd=project / "infra")
    assert done.returncode == 0, done.stdout + done.stderr
    built = {path.parent.name: path.read_text().strip() for path in project.glob("infra/.aws-sam/build/*/bootstrap")}
    assert built == {crate.title(): crate for crate in crates}, built
    ok("sam builds each function from its own crate, and asks nothing")


def check_build_for_arm(home):
    """One function, by all the real tools, for the processors that it runs on; where Rust can build for them."""
    try:
        sysroot = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True, cwd=ROOT)
    except (OSError, subprocess.CalledProcessError):
        sysroot = None
    target = sysroot and pathlib.Path(sysroot.stdout.strip()) / "lib/rustlib/aarch64-unknown-linux-gnu/lib"
    if not target or not target.is_dir():
        print("-   sam builds a function for arm64: skipped (rustup target add aarch64-unknown-linux-gnu)")
        return
    if not (TOOLS / "cargo-lambda").exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *CARGO_LAMBDA]
        subprocess.run(pip, check=True)
    environment = {
        **os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}", "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_EC2_METADATA_DISABLED": "true",
    }
    built = home / "arm"
    command = [TOOLS / "sam", "build", "Realtime", "--template", TEMPLATE, "--build-dir", built, "--beta-features"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT / "infra", timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    program = (built / "Realtime/bootstrap").read_bytes()
    # e_machine of an ELF header: 183 is AArch64.
    assert program[:4] == b"\x7fELF" and int.from_bytes(program[18:20], "little") == 183, program[:20]
    ok(f"sam builds a function for arm64: {len(program) / 1e6:.1f} MB")


# ── What the stack promises ───────────────────────────────────────────────────────────────────────
def check_rights(stack):
    owners = [function["Properties"]["Role"]["Fn::GetAtt"] for function in stack.functions.values()]
    assert len(set(owners)) == len(owners), f"a role is shared: {owners}"
    for (name, role), function in zip(((n, stack.resources[f"{n}Role"]) for n in stack.functions), owners):
        assert function == f"{name}Role.Arn", function
        allowed = set()
        for policy in role["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = listed(statement["Action"])
                allowed.update(actions)
                for resource in listed(statement["Resource"]):
                    assert resource != "*", (name, statement)
                    if any(action.startswith("logs:") for action in actions):
                        assert resource == {"Fn::GetAtt": f"{name}Log.Arn"}, (name, resource)
        for action in allowed:
            service, _, verb = action.partition(":")
            assert service in ("dynamodb", "logs") and "*" not in verb, f"{name} may {action}"
            assert verb != "Scan" and "Table" not in verb and "Stream" not in verb.replace("LogStream", ""), f"{name} may {action}"
    # X-Ray has no resources to name. Who may tell it is who does.
    tracing = stack.resources["TracingRights"]["Properties"]
    assert tracing["PolicyDocument"]["Statement"][0]["Action"] == ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    assert {part["Ref"] for part in parts(tracing["Roles"]) if "Ref" in part} - {"AWS::NoValue"} == {
        f"{name}Role" for name, function in stack.functions.items() if "Tracing" not in function["Properties"]
    }, tracing["Roles"]
    roles = {f"{name}Role" for name in stack.functions}
    assert set(stack.of("AWS::IAM::Role")) == roles, "a role that is nobody's"
    ok("each function has a role of its own, and none may scan, alter the table, or do everything")


def check_variables(stack):
    sources = [ROOT / "shared/src/config.rs", ROOT / "shared/src/config/told.rs", *sorted((ROOT / "functions/dispatch/src").rglob("*.rs"))]
    read = {name for source in sources for name in re.findall(r'"(PARLOUR_[A-Z_]+)"', source.read_text())}
    of = lambda tree: tree.get("Environment", {}).get("Variables", {})  # noqa: E731
    shared = of(stack.tree["Globals"]["Function"])
    given = set(shared).union(*(of(function["Properties"]) for function in stack.functions.values()))
    assert len(read) > 30, read
    assert read - given == set(ABSENT), f"read and not set: {read - given}"
    assert not given - read, f"set and not read: {given - read}"
    # What is secret comes from Secrets Manager, or is nothing.
    for name, value in shared.items():
        if re.search("SECRET|ENCRYPTION_KEY|SMTP", name):
            words = json.dumps(value)
            assert "resolve:secretsmanager" in words, (name, value)
    for parameter in stack.tree["Parameters"]:
        used = any(part.get("Ref") == parameter for part in parts(stack.tree)) or f"${{{parameter}}}" in stack.text
        assert used, f"the parameter {parameter} does nothing"
    ok(f"the stack sets all {len(read)} variables that functions read, and no others")


def check_routes(stack):
    crates = {path.parent.name for path in (ROOT / "functions").glob("*/Cargo.toml")}
    uris = {function["Properties"]["CodeUri"] for function in stack.functions.values()}
    assert uris == {f"../functions/{crate}" for crate in crates}, (uris, crates)
    routed = set()
    for function in stack.functions.values():
        crate = function["Properties"]["CodeUri"].split("/")[-1]
        for event in function["Properties"].get("Events", {}).values():
            if event["Type"] == "HttpApi":
                assert event["Properties"]["ApiId"] == {"Ref": "Api"}, event
                assert event["Properties"].get("Method", "ANY") == "ANY", event
                routed.add((event["Properties"].get("Path"), crate))
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    router = manifest["workspace"]["metadata"]["lambda"]["watch"]["router"]
    # What no other route takes is one route there and two here.
    everything = lambda path: None if path in ("/", "/{*rest}") else path.replace("{*rest}", "{proxy+}")  # noqa: E731
    here = {(everything(path), crate) for path, crate in router.items()}
    assert routed == here, routed ^ here
    ok(f"all {len(crates)} functions are in the stack, with the routes that cargo-lambda has")


def check_figures(stack):
    """Figures are counted by words of the log, so those words must be the ones that are logged."""
    logged = "\n".join(
        source.read_text() for folder in ("shared/src", "functions") for source in (ROOT / folder).rglob("*.rs")
    )
    run = (ROOT / "functions/dispatch/src/run.rs").read_text()
    fields = re.findall(r"pub (\w+):", re.search(r"pub struct Summary \{(.*?)\n\}", run, re.DOTALL).group(1))
    empty = {"due": 3, "pushes": {}, "mails": {}, "webhooks": {}, "left": 0, "failed": 0}
    assert fields == list(empty), f"the summary's fields, or their order: {fields}"
    shown = lambda **other: json.dumps({**empty, **other}, separators=(",", ":"))  # noqa: E731
    cases = {
        "RunsThatLeft": ([shown(left=1), shown(left=20)], [shown(), shown(failed=2)]),
        "WebhooksGivenUp": (
            [shown(webhooks={"done": 1, "given_up": 1})], [shown(mails={"given_up": 1}), shown(pushes={"given_up": 1})],
        ),
    }
    figures = set()
    for name, filter_ in stack.of("AWS::Logs::MetricFilter").items():
        properties = filter_["Properties"]
        pattern, metric = properties["FilterPattern"], properties["MetricTransformations"][0]["MetricName"]
        figures.add(metric)
        assert filter_.get("Condition") == stack.resources[properties["LogGroupName"]["Ref"]].get("Condition"), name
        if words := re.fullmatch(r'\{ \$\.fields\.message = "([^"]+)" \}', pattern):
            assert f'"{words.group(1)}"' in logged, f"{name}: nobody logs {words.group(1)!r}"
        else:
            # Of regular expressions CloudWatch knows little more than this.
            regex = re.fullmatch(r"\{ \$\.fields\.summary = %([\w.*\[\]-]+)% \}", pattern).group(1)
            yes, no = cases.pop(metric)
            assert all(re.search(regex, text) for text in yes), (regex, yes)
            assert not any(re.search(regex, text) for text in no), (regex, no)
    assert not cases, cases
    used = {alarm["Properties"].get("MetricName") for alarm in stack.alarms.values()}
    assert figures <= used, f"nobody watches {figures - used}"
    # What the functions themselves make of their log has the same namespace as all other figures.
    given = stack.tree["Globals"]["Function"]["Environment"]["Variables"]["PARLOUR_METRICS_NAMESPACE"]["Fn::If"]
    own = {"Fn::Sub": "Parlour/${AWS::StackName}"}
    assert given == ["HasMetrics", own, ""], given
    assert all(
        filter_["Properties"]["MetricTransformations"][0]["MetricNamespace"] == own
        for filter_ in stack.of("AWS::Logs::MetricFilter").values()
    )
    for name, function in stack.functions.items():
        settings = function["Properties"]["LoggingConfig"]
        assert settings == {"LogGroup": {"Ref": f"{name}Log"}, "LogFormat": "JSON"}, (name, settings)
    ok(f"{len(figures)} figures are read from words that are logged, and are watched")


class Invocation(http.server.BaseHTTPRequestHandler):
    """The interface by which Lambda calls a function: once, and then never again."""

    def do_GET(self):
        if self.server.called.is_set():
            self.server.ended.wait(30)
            return
        self.server.called.set()
        self.send_response(200)
        for name, value in {
            "Lambda-Runtime-Aws-Request-Id": "1", "Lambda-Runtime-Invoked-Function-Arn": "arn", "Content-Length": "2",
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 60_000),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.answered.set()

    def log_message(self, *_):
        pass


def counts(pattern, line):
    """Whether CloudWatch would count a line, of the patterns that the stack has."""
    field, quoted, regex = re.fullmatch(r'\{ \$\.fields\.(\w+) = (?:"(.+)"|%(.+)%) \}', pattern).groups()
    value = line["fields"].get(field)
    return value is not None and (value == quoted if quoted else bool(re.search(regex, value)))


def check_logs(stack, bins):
    """What dispatch really logs, as JSON, when a relay is down: the figures must find it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        store = f"127.0.0.1:{free.getsockname()[1]}"
    lines = (line.split("=", 1) for line in (ROOT / "infra/local.env").read_text().splitlines() if line[:1] not in ("", "#"))
    settings = {**dict(lines), "PARLOUR_RELAY_PORT": "1"}  # where nobody listens
    relay = {name: value for name, value in settings.items() if name.startswith("PARLOUR_RELAY_")}
    program = subprocess.Popen(
        [bins / "parlour", "--listen", "127.0.0.1:0", "--data", ":memory:", "--dynamodb", store],
        env={**os.environ, **relay}, stdout=subprocess.PIPE, text=True,
    )
    lambda_ = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Invocation)
    lambda_.daemon_threads = True
    lambda_.called, lambda_.answered, lambda_.ended = threading.Event(), threading.Event(), threading.Event()
    threading.Thread(target=lambda_.serve_forever, daemon=True).start()
    try:
        base = re.search(r"listening on (http://\S+)", program.stdout.readline()).group(1)

        def call(path, body, token=""):
            headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
            with urllib.request.urlopen(urllib.request.Request(base + path, json.dumps(body).encode(), headers), timeout=20) as answer:
                return json.load(answer)

        token = call("/dev/tokens", {"sub": "alice"})["token"]
        room = call("/v1/rooms", {"kind": "direct", "with": "bob"}, token)["id"]
        assert call(f"/v1/rooms/{room}/messages", {"body": "hello"}, token)["delivered"] is False
        # At once: the program would do it itself in a few seconds.
        function = subprocess.Popen(
            [bins / "dispatch"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={
                **settings, "AWS_ENDPOINT_URL_DYNAMODB": f"http://{store}", "AWS_LAMBDA_LOG_FORMAT": "JSON",
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{lambda_.server_port}", "AWS_LAMBDA_FUNCTION_NAME": "dispatch",
                "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
                "AWS_LAMBDA_LOG_GROUP_NAME": "group", "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
            },
        )
        try:
            assert lambda_.answered.wait(30), "the function did not answer"
        finally:
            function.terminate()
            logged = [json.loads(line) for line in function.communicate(timeout=10)[0].splitlines() if line.strip()]
    finally:
        lambda_.ended.set()
        lambda_.shutdown()
        program.terminate()
        program.communicate(timeout=10)
    figures = {}
    for filter_ in stack.of("AWS::Logs::MetricFilter").values():
        properties = filter_["Properties"]
        if properties["LogGroupName"] == {"Ref": "DispatchLog"}:
            found = sum(counts(properties["FilterPattern"], line) for line in logged)
            figures[properties["MetricTransformations"][0]["MetricName"]] = found
    assert figures.pop("EventsWaited") == 1, logged
    waited = stack.resources["EventsWaitedFigure"]["Properties"]["MetricTransformations"][0]["MetricValue"]
    field = waited.removeprefix("$.fields.")
    assert [type(line["fields"][field]) for line in logged if field in line["fields"]] == [int], (waited, logged)
    assert not any(figures.values()), figures
    assert any('"put_off":1' in line["fields"].get("summary", "") for line in logged), logged
    ok("what dispatch really logs is counted, once, and as nothing else")


def check_alarms(stack):
    tell = [{"Fn::If": ["HasAlarmTopic", {"Ref": "AlarmTopic"}, {"Ref": "AlarmsTopic"}]}]
    for name, alarm in stack.alarms.items():
        properties = alarm["Properties"]
        assert properties["AlarmActions"] == tell == properties["OKActions"], f"{name} tells nobody"
        assert properties["AlarmName"] == {"Fn::Sub": f"${{AWS::StackName}}-{name}"}, name
        assert alarm["Condition"] in ("HasAlarms", "HasDialectsAlarms"), name
    for name in stack.functions:
        assert {f"{name}Errors", f"{name}Throttles"} <= set(stack.alarms), f"nobody watches {name}"
    text = (ROOT / "docs/operations.md").read_text()
    sections = set(re.findall(r"^### (\w+)$", text, re.MULTILINE))
    for heading in re.findall(r"^### (.+)$", text, re.MULTILINE):
        sections.update(re.findall(r"\w+", heading) if "," in heading else ())
    assert sections == set(stack.alarms), f"docs/operations.md and the alarms: {sections ^ set(stack.alarms)}"
    table = text.split("\n| alarm |")[1].split("\n\n")[0]
    table = set(re.findall(r"^\| `([A-Z]\w+)`", table, re.MULTILINE))
    assert table == set(stack.alarms), f"its table and the alarms: {table ^ set(stack.alarms)}"
    watched = sum(
        sum("MetricStat" in metric for metric in alarm["Properties"].get("Metrics", [])) or 1
        for alarm in stack.alarms.values() if alarm["Condition"] == "HasAlarms"
    )
    assert f"each of {watched} figures" in (ROOT / "docs/deploy.md").read_text(), f"AWS bills {watched} figures"
    ok(f"docs/operations.md tells what to do about each of the {len(stack.alarms)} alarms")

    body = stack.resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    more = body[1]["DialectsErrors"]["Fn::If"]
    for extra in (more[1]["Fn::Sub"], more[2]):
        board = json.loads(body[0].replace("${DialectsErrors}", extra))
        for name in re.findall(r"\$\{(\w+)\}", json.dumps(board)):
            assert name in stack.resources, name
        assert all("title" in widget["properties"] for widget in board["widgets"])
    ok("the dashboard is JSON, and shows what is there")


def check_pages(stack):
    # The pages send cookies to their own origin alone.
    assert "fetch(url, { credentials: 'same-origin'" in (ROOT / "web/ui/src/session.ts").read_text()
    policy = stack.resources["PagesHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    csp = policy["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"][0]
    web = (ROOT / "docs/web.md").read_text()
    told = re.search(r"^Content-Security-Policy: (.+)$", web, re.MULTILINE).group(1)
    here = csp.replace("${Api_}", "https://chat.example.com").replace("${Relay}:*", "relay.example.com")
    assert here == told, (here, told)
    assert "unsafe" not in csp
    assert policy["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer" and "ContentTypeOptions" in policy
    assert policy["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31536000
    for name, resource in stack.resources.items():
        if re.match(r"AWS::(S3|CloudFront)::", resource["Type"]):
            assert resource.get("Condition") == "HasPages", f"{name} is there without the pages"
    # The longest name that bin/deploy takes, in the region with the longest one; CloudFront takes 64 letters.
    longest = int(re.search(r"ask StackName .*\{0,(\d+)\}", (ROOT / "bin/deploy").read_text()).group(1)) + 1
    assert longest + len("-ap-southeast-1-widget") <= 64, longest
    ok("the pages come with the headers of docs/web.md")

    node = shutil.which("node")
    if not node:
        print("-   the pages' paths: skipped, no node")
        return
    code = stack.resources["PagesPaths"]["Properties"]["FunctionCode"]
    cases = {
        "/inbox": "/inbox/index.html", "/inbox/": "/inbox/index.html", "/inbox/a-room": "/inbox/index.html",
        "/desk": "/desk/index.html", "/desk/reports": "/desk/index.html", "/inboxes": "/inboxes",
        "/config.json": "/config.json", "/desk.js": "/desk.js", "/assets/inbox/x.js": "/assets/inbox/x.js", "/": 302,
    }
    program = code + f"""
        const got = {json.dumps(list(cases))}.map(uri => handler({{ request: {{ uri }} }}))
        console.log(JSON.stringify(got.map(it => it.statusCode ?? it.uri)))"""
    done = subprocess.run([node, "-e", program], capture_output=True, text=True, check=True, timeout=20)
    assert json.loads(done.stdout) == list(cases.values()), done.stdout
    ok("each address of a page leads to its one file, and a file that is missing stays missing")


# ── bin/deploy, with stand-ins for what it calls ──────────────────────────────────────────────────
STAND_IN = '''#!{python}
"""Writes down how it was called, and answers as the real one would."""
import json, os, pathlib, sys
state = pathlib.Path(os.environ["STAND_IN"])
name, words = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
call = {{"program": name, "words": words, "environment": list(os.environ.values()), "files": {{}}}}
for word in words:
    path = pathlib.Path(word.removeprefix("file://"))
    if path.suffix == ".json" and path.is_file():
        call["files"][word] = [oct(path.stat().st_mode & 0o777), path.read_text()]
with (state / "calls").open("a") as calls:
    calls.write(json.dumps(call) + "\\n")
is_it = lambda *those: name == "aws" and words[: len(those)] == list(those)
secret = state / "secret"
if is_it("sts"):
    if (state / "signed-out").exists():
        sys.exit("Unable to locate credentials")
    print("123456789012")
elif is_it("configure"):
    print("eu-central-1")
elif is_it("secretsmanager", "get-secret-value"):
    if not secret.exists():
        sys.stderr.write("\\nAn error occurred (ResourceNotFoundException) when calling GetSecretValue\\n")
        sys.exit(254)
    print(json.dumps(["0" * 36, secret.read_text()]))
elif is_it("secretsmanager"):
    given = words[words.index("--secret-string") + 1]
    secret.write_text(pathlib.Path(given.removeprefix("file://")).read_text())
    print("1" * 36)
elif is_it("cloudformation"):
    print("Url\\thttps://api.example\\nWebhookUrl\\thttps://api.example/v1/realtime/webhook")
    print("PagesUrl\\thttps://d1.cloudfront.example\\nPagesBucketName\\tthe-bucket\\nDashboardUrl\\thttps://console.example")
elif name == "sam" and words[0] == "deploy" and (state / "broken").exists():
    sys.exit("Error: no changeset")
elif name == "rustup":
    print("aarch64-unknown-linux-gnu")
elif name in ("cargo", "node", "python3"):
    if name == "python3":
        os.execv({python!r}, ["python3", *words])
    print("v22.0.0" if name == "node" else "cargo 1.95.0")
'''

JWT, RELAY, GUEST = "j" * 20 + "\"$x\\ é" + "j" * 20, "the relay's own secret", "g" * 40
ANSWERS = {
    "StackName": "", "Region": "", "SecretName": "", "Relay": "pusher", "RelayCluster": "eu", "RelayAppId": "123456",
    "RelayKey": "abcdef", "JwksUrl": "", "JwtIssuer": "shop", "JwtAudience": "", "CorsOrigins": "https://shop.example",
    "Guests": "", "Pages": "", "TokenPath": "", "TokenHost": "www.shop.example", "MailFrom": "", "AppWebhookUrl": "",
    "AlarmMail": "",
}


class Place:
    """A project with bin/deploy in it, and a machine with nothing but stand-ins."""

    PROGRAMS = ("aws", "sam", "cargo", "cargo-lambda", "rustup", "node", "npm", "python3")

    def __init__(self, folder, without=()):
        self.project, self.state, self.programs = folder / "project", folder / "state", folder / "programs"
        self.scratch = folder / "scratch"
        for made in (self.project / "bin", self.project / "infra", self.state, self.programs, self.scratch):
            made.mkdir(parents=True)
        for file in ("bin/deploy", "bin/lib.sh", "infra/template.yaml", "infra/local.env"):
            shutil.copy(ROOT / file, self.project / file)
        for file in ("assets/a.js", "favicon.svg", "inbox/index.html", "desk/index.html", "widget/widget.js"):
            path = self.project / "web/dist" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file)
        for name in set(self.PROGRAMS) - set(without):
            (self.programs / name).write_text(STAND_IN.format(python=sys.executable))
            (self.programs / name).chmod(0o755)
        for name in ("bash", "sed", "grep", "find", "mktemp", "rm", "mv", "chmod", "cat", "tail", "head", "tr", "sort",
                     "dirname", "basename", "env", "stty"):
            (self.programs / name).symlink_to(shutil.which(name))

    @property
    def environment(self):
        return {
            "PATH": str(self.programs), "HOME": str(self.state), "TMPDIR": str(self.scratch), "STAND_IN": str(self.state),
            "CARGO_TARGET_DIR": "/elsewhere",
        }

    @property
    def answers(self):
        return self.project / "infra/deploy.env"

    def deploy(self, *words, said=(), status=0):
        """Its output; what it was told is on its standard input."""
        done = subprocess.run(
            [self.project / "bin/deploy", *words], input="".join(f"{line}\n" for line in said), text=True,
            capture_output=True, timeout=60, cwd=self.project,
            env=self.environment,
        )
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        assert not list(self.scratch.iterdir()), f"left behind: {list(self.scratch.rglob('*'))}"
        return done.stdout + done.stderr

    def calls(self):
        """What was called since this was asked last: each as one line."""
        path = self.state / "calls"
        calls = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        path.unlink(missing_ok=True)
        return calls

    def files(self):
        return {str(path.relative_to(self.project)): path.read_bytes() for path in self.project.rglob("*") if path.is_file()}


def verbs(calls):
    """The calls that matter, shortly."""
    short = []
    for call in calls:
        if call["program"] == "sam":
            short.append(f"sam {call['words'][0]}")
        elif call["program"] == "aws":
            short.append(" ".join(call["words"][:2]))
    return short


CHANGES = ("create-secret", "put-secret-value", "sam", "s3 ")


def parameters(call):
    """As sam itself reads them."""
    from samcli.cli.types import CfnParameterOverridesType

    words = call["words"]
    return CfnParameterOverridesType().convert(tuple(words[words.index("--parameter-overrides") + 1 :]), None, None)


def check_deploy(stack, folder):
    place = Place(folder / "first")
    before = place.files()
    said = place.deploy("--check", said=ANSWERS.values())
    assert "In account 123456789012, region eu-central-1" in said and "asks for: jwt_secret relay_secret" in said, said
    assert not [verb for verb in verbs(place.calls()) if any(change in verb for change in CHANGES)]
    assert place.files() == before
    ok("bin/deploy --check shows the plan and changes nothing")

    said = place.deploy(said=[*ANSWERS.values(), "no"], status=1)
    assert "nothing was made" in said and place.files() == before
    assert not [verb for verb in verbs(place.calls()) if any(change in verb for change in CHANGES)]
    ok("without a yes it makes nothing")

    said = place.deploy(said=[*ANSWERS.values(), "yes", JWT, RELAY])
    calls = place.calls()
    assert verbs(calls) == [
        "sts get-caller-identity", "configure get", "secretsmanager get-secret-value", "sam build",
        "secretsmanager create-secret", "sam deploy", "cloudformation describe-stacks", "sam deploy",
        "s3 sync", "s3 sync", "s3 cp", "s3 cp", "s3 cp", "s3 cp", "s3 cp",
    ], verbs(calls)
    first, second = [parameters(call) for call in calls if call["words"][:1] == ["deploy"]]
    assert first["CorsOrigins"] == "https://shop.example", first
    assert second["CorsOrigins"] == "https://shop.example,https://d1.cloudfront.example", second
    assert second["SecretVersion"] == "1" * 36 and second["RelayCluster"] == "eu" and second["MailFrom"] == "", second
    assert not {"StackName", "Region", "Relay"} & set(second)
    assert second["TokenHost"] == "www.shop.example"
    assert set(second) <= set(stack.tree["Parameters"])
    kept = {}
    for call in calls:
        if "--cache-control" in call["words"]:
            words = call["words"]
            target = next(word for word in words[2:] if word.startswith("s3://")).removeprefix("s3://the-bucket/")
            kept.setdefault(words[words.index("--cache-control") + 1], set()).add(target)
    assert kept == {
        "public, max-age=31536000, immutable": {"assets", "widget"},
        "no-cache": {"config.json", "favicon.svg", "inbox/index.html", "desk/index.html", "widget/widget.js"},
    }, kept
    assert not any("/elsewhere" in call["environment"] for call in calls if call["words"][:1] == ["build"])
    uploaded = next(text for call in calls for word, (_, text) in call["files"].items() if word.endswith("config.json"))
    assert json.loads(uploaded) == {"api": "https://api.example", "token_url": "/token"}, uploaded
    for shown in ("https://api.example/v1/realtime/webhook", "https://d1.cloudfront.example/inbox", "curl -i https://api.example/v1/me"):
        assert shown in said, said
    ok("with a yes it builds, makes the secret, the stack and the pages, in this order, and tells where they are")

    handed = [file for call in calls for word, file in call["files"].items() if word.startswith("file://")]
    assert [(mode, json.loads(text)) for mode, text in handed] == [("0o600", {"jwt_secret": JWT, "relay_secret": RELAY})], handed
    for secret in (JWT, RELAY):
        for call in calls:
            assert not any(secret in word for word in call["words"] + call["environment"]), call["program"]
        assert secret not in said
        assert not any(secret.encode() in content for content in place.files().values())
    assert "TokenHost=www.shop.example" in place.answers.read_text()
    ok("a secret is in no command line, no variable and no file but the one that is handed over and removed")

    place.deploy("--yes")
    calls = place.calls()
    assert "sam deploy" in verbs(calls) and not any("create-secret" in verb or "put-secret" in verb for verb in verbs(calls))
    assert parameters(next(call for call in calls if call["words"][:1] == ["deploy"]))["SecretVersion"] == "0" * 36
    assert verbs(calls).count("sam deploy") == 1
    ok("run again, it asks for nothing and leaves the secret as it is")

    place.deploy("--yes", "--new-secret", said=["", "another relay secret"])
    assert json.loads((place.state / "secret").read_text()) == {"jwt_secret": JWT, "relay_secret": "another relay secret"}
    assert "secretsmanager put-secret-value" in verbs(place.calls())
    ok("a secret is replaced alone, the others stay")

    (place.state / "broken").touch()
    place.deploy("--yes", status=1)
    assert not [verb for verb in verbs(place.calls()) if verb.startswith("s3 ")]
    ok("where the stack fails, no page is uploaded")

    place.answers.write_text(place.answers.read_text().replace("MailFrom=", 'MailFrom=Käse "&" Söhne <a@b.example>\nMailRoomUrl=https://x.example/inbox/{room}\nAlarms=off'))
    (place.state / "broken").unlink()
    (place.project / "infra/pages.json").write_text('{"title": "Grüße", "api": "nowhere"}')
    said = place.deploy("--yes", "--new-secret", said=["", "", "smtps://u:p@mail.example"])
    calls = place.calls()
    uploaded = next(text for call in calls for word, (_, text) in call["files"].items() if word.endswith("config.json"))
    assert json.loads(uploaded) == {"title": "Grüße", "api": "https://api.example", "token_url": "/token"}
    given = parameters(next(call for call in calls if call["words"][:1] == ["deploy"]))
    assert given["MailFrom"] == 'Käse "&" Söhne <a@b.example>' and given["MailRoomUrl"].endswith("{room}"), given
    assert given["Alarms"] == "off" and "alarms    off" in said

    other = {**ANSWERS, "Relay": "other", "RelayCluster": "relay.example\n6001\nfalse\nws.example", "MailFrom": "none"}
    place.deploy("--yes", "--ask", said=other.values())
    given = parameters(next(call for call in place.calls() if call["words"][:1] == ["deploy"]))
    assert (given["RelayHost"], given["RelayPort"], given["RelayTls"], given["RelayCluster"]) == ("relay.example", "6001", "false", ""), given
    assert given["RelaySocketHost"] == "ws.example" and given["MailFrom"] == "", given
    # What had an answer keeps it.
    assert given["JwtAudience"] == "parlour" and given["RelayAppId"] == "123456", given
    ok("any parameter may stand among the answers, and reaches sam as it was written; another relay leaves nothing of the first")


def check_typing(folder):
    """At a terminal: what is typed as a secret is not shown, and Ctrl-C leaves nothing."""
    place = Place(folder / "typing")
    place.answers.write_text("".join(f"{name}={answer}\n" for name, answer in {
        **ANSWERS, "StackName": "parlour", "Region": "eu-central-1", "SecretName": "parlour", "JwtAudience": "parlour",
        "Guests": "off", "Pages": "off",
    }.items()))
    pid, terminal = pty.fork()
    shows = lambda: bool(termios.tcgetattr(terminal)[3] & termios.ECHO)  # noqa: E731
    if pid == 0:
        # Whatever started this may have been started in the background, where shells ignore Ctrl-C.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.chdir(place.project)
        os.execve(place.project / "bin/deploy", ["bin/deploy", "--yes"], place.environment)
    shown = b""

    def until(words):
        nonlocal shown
        while words not in shown:
            assert select.select([terminal], [], [], 20)[0], f"no {words} in {shown}"
            shown += os.read(terminal, 4096)

    until(b"jwt_secret, ")
    until(b"48): ")
    assert not shows()
    os.write(terminal, b"t0ps3cret" * 5 + b"\n")
    until(b"relay_secret, ")
    until(b"at the relay: ")
    os.write(terminal, b"t0ps3cret\x03")
    try:
        while select.select([terminal], [], [], 20)[0] and (more := os.read(terminal, 4096)):
            shown += more
    except OSError:  # so Linux says that the other end is closed
        pass
    _, status = os.waitpid(pid, 0)
    assert shows(), "the terminal stays mute"
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) not in (0, 1), status
    assert b"t0ps3cret" not in shown, shown
    assert not list(place.scratch.iterdir()), list(place.scratch.rglob("*"))
    assert "secretsmanager create-secret" not in verbs(place.calls())
    ok("at a terminal a secret is not shown while it is typed, and Ctrl-C leaves nothing of it, and the terminal as it was")


def check_refusals(folder):
    place = Place(folder / "refusals")
    demo = dict(re.findall(r"^PARLOUR_(\w+)=(.+)$", (ROOT / "infra/local.env").read_text(), re.MULTILINE))
    local = (ROOT / "local/src/program.rs").read_text()
    constants = set(re.findall(r'const DEMO_\w*SECRET: &str = "([^"]+)"', local))
    assert constants and constants <= {demo["JWT_SECRET"], demo["RELAY_SECRET"]}, constants

    before = place.files()
    for jwt, relay, word in (
        (demo["JWT_SECRET"], RELAY, "jwt_secret is the secret of the demo"),
        (JWT, demo["RELAY_SECRET"], "relay_secret is the secret of the demo"),
        ("short", RELAY, "jwt_secret is shorter than 32 bytes"),
        (JWT, "", "relay_secret is missing"),
    ):
        said = place.deploy(said=[*ANSWERS.values(), "yes", jwt, relay], status=1)
        assert word in said and "nothing was made" in said, said
        assert "secretsmanager create-secret" not in verbs(place.calls())
        place.answers.unlink()
        handed = place.state / "mine.json"
        handed.write_text(json.dumps({"jwt_secret": jwt, "relay_secret": relay}))
        handed.chmod(0o600)
        assert word in place.deploy("--secret-file", handed, said=ANSWERS.values(), status=1)
        assert "sam build" not in verbs(place.calls())
    (place.state / "secret").write_text(json.dumps({"jwt_secret": JWT, "relay_secret": demo["RELAY_SECRET"]}))
    assert "relay_secret is the secret of the demo" in place.deploy("--check", said=ANSWERS.values(), status=1)
    (place.state / "secret").unlink()
    said = place.deploy("--check", said=[demo["RELAY_KEY"] if name == "RelayKey" else it for name, it in ANSWERS.items()], status=1)
    assert "a value of the demo" in said
    assert place.files() == before
    ok("the demo's secrets and ones that are too short are refused, typed, in a file or in Secrets Manager")

    handed.write_text(json.dumps({"jwt_secret": JWT, "relay_secret": RELAY}))
    handed.chmod(0o644)
    assert "others can read" in place.deploy("--secret-file", handed, said=ANSWERS.values(), status=1)
    handed.chmod(0o600)
    place.calls()
    place.deploy("--yes", "--secret-file", handed, said=ANSWERS.values())
    assert any(f"file://{handed}" in call["words"] for call in place.calls()) and handed.exists()
    ok("secrets are taken from a file that nobody else can read")

    wrong = {**ANSWERS, "Relay": "mine\npusher", "CorsOrigins": "shop.example\nhttps://shop.example", "Guests": "yes\nno\noff"}
    place = Place(folder / "wrong")
    assert place.deploy("--check", said=wrong.values()).count("That does not fit.") == 4
    assert "no answer for RelayCluster" in place.deploy("--check", said=["", "", "", "pusher"], status=1)
    place.answers.write_text("Relay=carrier pigeon\n")
    assert "Relay cannot be 'carrier pigeon'" in place.deploy("--check", said=ANSWERS.values(), status=1)
    place.answers.write_text("what\n")
    assert "line 1: not Name=value" in place.deploy("--check", status=1)
    place.deploy("--frobnicate", status=2)
    place.deploy("--secret-file", status=2)
    assert "usage: bin/deploy" in place.deploy("--help")
    ok("a wrong answer is asked for again, and a missing one named")

    bare = Place(folder / "bare", without=("aws", "sam", "cargo-lambda", "cargo"))
    said = bare.deploy("--check", status=1)
    for tool in ("the AWS CLI", "the SAM CLI", "cargo-lambda", "cargo:"):
        assert f"  - {tool}" in said, said
    (place.state / "signed-out").touch()
    place.calls()
    assert "let into no account: Unable to locate credentials" in place.deploy("--check", status=1)
    assert verbs(place.calls()) == ["sts get-caller-identity"]
    ok("tools and credentials that are missing are named, all at once")


def check_questions(stack):
    script = (ROOT / "bin/deploy").read_text()
    asked = set(re.findall(r"^ +ask (\w+) ", script, re.MULTILINE))
    own = {"StackName", "Region", "Relay"}
    known = stack.tree["Parameters"]
    assert asked - own <= set(known), asked - own - set(known)
    wanted = {name for name, it in known.items() if "Default" not in it} - {"SecretVersion"}
    assert wanted <= asked, f"never asked for: {wanted - asked}"
    keys = set(re.findall(r"SecretString:(\w+)::", stack.text))
    told = set(re.findall(r"printf '(\w+)\\n'", script[script.index("secret_keys() {") : script.index("secret_question() {")]))
    assert keys == told, keys ^ told
    ok("bin/deploy asks for all that the stack cannot guess, and knows each key of the secret")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "target/debug")
    bins = parser.parse_args().bin_dir.resolve()
    stack = Stack()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        check_rights(stack)
        check_variables(stack)
        check_routes(stack)
        check_figures(stack)
        check_logs(stack, bins)
        check_alarms(stack)
        check_pages(stack)
        check_questions(stack)
        check_deploy(stack, folder)
        check_typing(folder)
        check_refusals(folder)
        (folder / "tools").mkdir()
        check_with_tools(stack, folder / "tools")
    return 0


if __name__ == "__main__":
    sys.exit(main())
