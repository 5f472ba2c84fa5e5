"""The process of the users: reads a plan from its standard input, runs it with locust, writes a line of JSON for each request.

    python -m flowquill.loadtest.users < PLAN

A process of its own, since locust replaces the standard library's sockets and threads by gevent's at its import.
"""

# locust patches the standard library; it must do so before anything else is imported.
from locust import FastHttpUser, User, constant, task  # isort: skip
from locust.env import Environment  # isort: skip

import itertools
import json
import random
import sys
import time
from typing import Any

import gevent
from gevent.threadpool import ThreadPool

from flowquill.loadtest.plan import CHAT, EMBEDDED, FLOWS, Ask, Plan, Sample, Tenant, plan_of

STOP_S = 120
RETRY_S = 0.1


class Course:
    """What all users share: the plan, its clock, and who is next."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.began = time.perf_counter()
        # Each tenant gets its share of the users, whatever their number.
        self._mix = itertools.cycle([t for t in plan.tenants for _ in range(t.weight)])
        self._places = itertools.count()

    def tenant(self) -> Tenant:
        """The next user's."""
        return next(self._mix)

    def place(self) -> int:
        """The next user's number."""
        return next(self._places)

    @property
    def over(self) -> bool:
        """Whether no further request should begin."""
        return time.perf_counter() - self.began >= self.plan.duration_s

    def write(self, tenant: Tenant, beside: bool, begun: float, first: float, tokens: int, error: str) -> None:
        """One sample."""
        now = time.perf_counter()
        sample = Sample(tenant.name, beside, begun - self.began, now - begun, (first or now) - begun, tokens, error)
        # The fields in order, without their names: some hundred lines a second come.
        line = [
            sample.tenant,
            sample.beside,
            sample.begun_s,
            sample.seconds,
            sample.first_s,
            sample.tokens,
            sample.error,
        ]
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def users(course: Course) -> type[User]:
    """The class of the users of a plan."""
    plan = course.plan

    class Client(FastHttpUser):
        """Asks over HTTP, alternately at the two addresses where there are two."""

        host = plan.url
        wait_time = constant(plan.think_s)
        network_timeout = plan.timeout_s
        connection_timeout = 10.0
        max_retries = 0

        def on_start(self) -> None:
            self.tenant = course.tenant()
            # A sequence of its own for each user, the same in each run.
            self.draw = random.Random(course.place())
            self.beside = False
            self.turn = 0

        @task
        def ask(self) -> None:
            if course.over:
                gevent.sleep(0.05)
                return
            if not self.turn % 2 or not plan.beside:
                self.wanted = self.draw.choice(plan.asks)
            # The same request at both addresses, either first by turns: the second finds the prompt in vLLM's cache.
            self.beside = bool(plan.beside) and self.turn % 4 in (1, 2)
            self.turn += 1
            begun = time.perf_counter()
            first, tokens, error = _request(self, plan, self.tenant, self.wanted)
            course.write(self.tenant, self.beside, begun, first, tokens, error)
            if error:
                # As a client would; a server that refuses at once would be asked thousands of times a second otherwise.
                gevent.sleep(RETRY_S)

    class Own(User):
        """Asks the embedded engine, which runs one request at a time in this process."""

        wait_time = constant(plan.think_s)

        def on_start(self) -> None:
            self.tenant = course.tenant()
            self.draw = random.Random(course.place())

        @task
        def ask(self) -> None:
            if course.over:
                gevent.sleep(0.05)
                return
            ask = self.draw.choice(plan.asks)
            begun = time.perf_counter()
            error = ENGINE.apply(_generate, (ask.text,))
            course.write(self.tenant, False, begun, 0.0, 0, error)

    return Own if plan.url == EMBEDDED else Client


ENGINE = ThreadPool(1)
_OPENED: list[Any] = []


def _open(catalogs: tuple[str, ...]) -> None:
    from pathlib import Path

    from flowquill.generation.pipeline import open_generator
    from flowquill.grammar.catalog import load_catalog

    _OPENED.append(open_generator(load_catalog([Path(c) for c in catalogs])))


def _generate(text: str) -> str:
    from flowquill.generation.request import GenerationError, Request

    try:
        _OPENED[0].generate(Request(text))
    except GenerationError as error:
        return str(error)
    return ""


def _request(user: FastHttpUser, plan: Plan, tenant: Tenant, ask: Ask) -> tuple[float, int, str]:
    """Sends one request; when its first byte came, its tokens, and what went wrong."""
    beside = bool(getattr(user, "beside", False))
    body = _body(plan, ask, tenant.direct if beside else tenant.model)
    headers = {"content-type": "application/json"}
    if tenant.key and not beside:
        headers["authorization"] = f"Bearer {tenant.key}"
    with user.client.request(
        "POST",
        (plan.beside if beside else plan.url) + plan.path,
        data=json.dumps(body),
        headers=headers,
        stream=True,
        catch_response=True,
    ) as answer:
        answer.success()
        if answer.status_code == 0:
            return 0.0, 0, type(getattr(answer, "error", None)).__name__
        if answer.status_code != 200:
            # The client has read the body by itself then.
            return 0.0, 0, f"HTTP {answer.status_code}: {_message(answer.content or b'')}"
        try:
            start = answer.stream.read(1)
            first = time.perf_counter()
            data = start + answer.stream.read()
        except Exception as error:
            return 0.0, 0, type(error).__name__
        return (first, *_read(plan, data))


def _body(plan: Plan, ask: Ask, model: str) -> dict[str, Any]:
    if plan.path == FLOWS:
        return {"text": ask.text}
    body: dict[str, Any] = {"max_tokens": plan.max_tokens, "temperature": 0, "stream": plan.stream}
    if model:
        body["model"] = model
    if plan.path == CHAT:
        body["messages"] = [{"role": "user", "content": ask.prompt}]
    else:
        body["prompt"] = ask.prompt
    if plan.stream:
        body["stream_options"] = {"include_usage": True}
    if ask.grammar is not None:
        body["structured_outputs"] = {"grammar": ask.grammar}
    return body


def _read(plan: Plan, data: bytes) -> tuple[int, str]:
    """Tokens and error of an answer with the status 200."""
    try:
        if plan.path == FLOWS:
            return 0, "" if "flow" in json.loads(data) else "no flow in the answer"
        if not plan.stream:
            return int(json.loads(data)["usage"]["completion_tokens"]), ""
    except (ValueError, KeyError, TypeError):
        return 0, "an answer that is no JSON of the API"
    if b'"error"' in data and b'data: {"error"' in data:
        return 0, f"in the stream: {_message(data.rsplit(b'data: ', 1)[-1])}"
    if b"data: [DONE]" not in data:
        return 0, "broken off"
    tokens = 0
    for event in data.split(b"data: ")[:-1][-3:]:
        if b'"completion_tokens"' in event:
            tokens = int(event.split(b'"completion_tokens":', 1)[1].lstrip().split(b",")[0].split(b"}")[0])
    return tokens, ""


def _message(data: bytes) -> str:
    try:
        return str(json.loads(data)["error"]["message"])[:200]
    except (ValueError, KeyError, TypeError):
        return "an answer that is no error of the API"


def main() -> None:
    """Runs the plan."""
    plan = plan_of(json.loads(sys.stdin.read()))
    if plan.url == EMBEDDED:
        ENGINE.apply(_open, (plan.catalogs,))
    course = Course(plan)
    environment = Environment(user_classes=[users(course)], stop_timeout=STOP_S)
    runner = environment.create_local_runner()
    # All at once: a slow start would be measured as a smaller number of users.
    runner.start(plan.users, spawn_rate=plan.users)
    gevent.sleep(max(0.0, plan.duration_s - (time.perf_counter() - course.began)))
    runner.stop()


if __name__ == "__main__":
    main()
