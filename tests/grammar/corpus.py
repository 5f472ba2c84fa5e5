"""Flows that every reader of flow.lark accepts, and texts that every one rejects."""

from __future__ import annotations

GOOD = {
    "manual": 'flow a {\n  on manual()\n  compose(value: 1)\n}\n',
    "inputs": 'flow a {\n  on manual(amount: number, note: text? = "none" "A note") as request\n  compose(value: request.amount)\n}\n',
    "event": 'flow a "Says hello" {\n  on slack.file_shared(channel: "general") as file\n  slack.post_message(channel: "general", message: file.name)\n}\n',
    "empty body": "flow a {\n  on manual()\n}\n",
    "if": 'flow a {\n  on manual(n: integer) as r\n  if r.n > 3 and not (r.n == 5 or r.n >= 9) {\n    compose(value: 1)\n  } else if r.n < 1 {\n    compose(value: 2)\n  } else {\n    compose(value: 3)\n  }\n}\n',
    "loop": 'flow a {\n  on manual()\n  found = slack.list_channels()\n  for channel in found.channels parallel 5 {\n    compose(value: channel.name)\n  }\n}\n',
    "switch": 'flow a {\n  on manual(s: text) as r\n  switch r.s {\n    case "x" {\n      compose(value: 1)\n    }\n    default {\n      compose(value: 2)\n    }\n  }\n}\n',
    "until": 'flow a {\n  on manual()\n  var done: boolean = false\n  do {\n    set done = true\n  } until done limit (count: 5)\n}\n',
    "scope and parallel": 'flow a {\n  on manual()\n  scope inner {\n    parallel {\n      branch {\n        compose(value: 1)\n      }\n      branch {\n        compose(value: 2)\n      }\n    }\n  }\n}\n',
    "try": 'flow a {\n  on manual()\n  try {\n    compose(value: 1)\n  } catch failed, timed_out {\n    compose(value: 2)\n  } finally {\n    compose(value: 3)\n  }\n}\n',
    "variables": 'flow a {\n  on manual()\n  var n: integer = 0\n  var found: list = []\n  increment n by 2\n  decrement n\n  append n to found\n}\n',
    "after": 'flow a {\n  on manual()\n  first: compose(value: 1)\n  after first failed, skipped: compose(value: 2)\n}\n',
    "template": 'flow a {\n  on manual(name: text) as r\n  compose(value: $"Dear {r.name}, {{welcome}}".x)\n}\n'.replace("{{", "\\{").replace("}}", "\\}").replace(".x", ""),
    "values": 'flow a {\n  on manual()\n  compose(value: {a: [1, -2.5, true, null], "b c": {d: ?}})\n}\n',
    "todo": 'flow a {\n  on manual()\n  todo "Call the customer"\n}\n',
    "refuse": 'flow a {\n  on manual()\n  refuse "This is not a task for a workflow; say what should happen, and when."\n}\n',
    "comment": "flow a { # behind\n  on manual()\n  # inside\n}\n",
    "two flows": "flow a {\n  on manual()\n}\nflow b {\n  on manual()\n}\n",
}
BAD = {
    "no name": "flow {\n  on manual()\n}\n",
    "open brace": "flow a {\n  on manual()\n",
    "no colon": "flow a {\n  on manual()\n  compose(value 1)\n}\n",
    "two values": "flow a {\n  on manual()\n  compose(value: 1 2)\n}\n",
    "open text": 'flow a {\n  on manual()\n  todo "open\n}\n',
    "chained comparison": "flow a {\n  on manual()\n  if 1 < 2 < 3 {\n  }\n}\n",
    "else alone": "flow a {\n  on manual()\n  else {\n  }\n}\n",
    "for without list": "flow a {\n  on manual()\n  for x {\n  }\n}\n",
    "statement outside": "compose(value: 1)\n",
    "bad escape": 'flow a {\n  on manual()\n  todo "\\q"\n}\n',
    "case with condition": 'flow a {\n  on manual(s: text) as r\n  switch r.s {\n    case r.s == "x" {\n  }\n}\n',
    "missing operator": "flow a {\n  on manual()\n  compose(value: 1 +)\n}\n",
}
