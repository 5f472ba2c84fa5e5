"""What the bench measures with: a long flow file, and everyday requests where no file of them is given."""

from __future__ import annotations

from itertools import count

REQUESTS: tuple[str, ...] = (
    "when a file is added to the Contracts library, start an approval and post the outcome in the Legal channel",
    "every Monday at 9 email me the open tickets",
    "when a vacation form is submitted, ask the manager; if approved add a row to the Leave table, else email the requester",
    "when a new lead is created, send a welcome message and create a task for the account owner",
    "save attachments of incoming mails to the Invoices folder",
    "for each overdue task send a reminder to its owner",
    "when an issue is opened, post it in the engineering channel and add a card to the triage board",
    "each hour read the queue and insert every message into the orders table",
    "when someone mentions us, translate the text and mail it to the press team",
    "copy new rows of the Budget sheet to the SharePoint list Finance",
    "when a payment fails, notify the sales channel, wait two days and mail the customer",
    "if the weather forecast says rain, text me at 7 in the morning",
)


def long_flow(lines: int = 1_000) -> str:
    """A file of at least `lines` lines with calls, conditions, loops, switches, variables and templates. It has no errors."""
    parts: list[str] = []
    written = 0
    for number in count():
        if written >= lines:
            return "\n".join(parts)
        part = _flow(number)
        parts.append(part)
        written += part.count("\n") + 1
    raise AssertionError


def one_flow(lines: int = 1_000) -> str:
    """The same as a single flow."""
    head = _flow(0)
    start = head.index("  # Step 0")
    body = "\n".join(_steps(0, place) for place in range(lines // 10))
    return head[:start] + body + "\n}\n"


def _flow(number: int) -> str:
    body = "\n".join(_steps(number, place) for place in range(10))
    return f"""flow measured_{number} "Flow {number} of the long file" {{
  on schedule(frequency: "Day", interval: 1) as run
  var total: integer = 0
  var names: list = []
{body}
}}
"""


def _steps(flow: int, place: int) -> str:
    return f"""  # Step {place} of flow {flow}
  answer_{place} = http(method: "GET", uri: $"https://example.com/items/{{total}}/{place}")
  if answer_{place}.status_code == 200 and not empty(names) {{
    increment total by {place + 1}
  }} else {{
    append "item {place}" to names
  }}
  for entry_{place} in names parallel 5 {{
    compose(value: $"{{entry_{place}}} of {{total}}")
  }}"""
