"""An engine that answers from a script, for tests of everything around engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flowquill.generation.engine import Hypothesis, Task
from flowquill.generation.request import Cancelled
from flowquill.grammar.parse import parse

APPROVAL = """flow new_flow {
  on schedule(frequency: "Week", interval: 1) as run
  answer = http(method: "GET", uri: "https://example.com/tickets")
  if answer.status_code == 200 {
    compose(value: answer.body)
  }
}"""


@dataclass
class FakeEngine:
    """Gives `script[task.text]`, or `default`: flow texts, best first, each with a lower score than the one before."""

    script: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default: tuple[str, ...] = (APPROVAL,)
    steps: int = 3
    name: str = "fake"
    model: str = "script"
    seen: list[Task] = field(default_factory=list)

    def decode(self, task: Task, *, width: int, cancelled: Callable[[], bool]) -> list[Hypothesis]:
        self.seen.append(task)
        for _ in range(self.steps):
            if cancelled():
                raise Cancelled
        texts = self.script.get(task.text, self.default)
        flows = [parse(text).file.flows[0] for text in texts]
        return [Hypothesis(flow, -0.1 * (place + 1)) for place, flow in enumerate(flows[:width])]
