"""Requests for workflows written by a configured language model, any endpoint that speaks OpenAI's chat protocol. No value of a workflow leaves."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from flowquill.generation.mask import mask_flow, unmask_text
from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.format import render
from flowquill.training.tenant.errors import TenantError

_ASK = (
    "The following workflow is written in a small language. Write the one or two sentences with which a colleague without technical knowledge would have asked "
    "for it. Say every placeholder such as TEXT_1 as it stands, name no operation, answer with the sentences only.\n\n"
)


class Writer:
    """Asks `url` (as http://host/v1) for a request. Raises TenantError where it does not answer."""

    def __init__(self, url: str, model: str, key: str = "", seconds: float = 60.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise TenantError(f"{url} is no address of a language model; give one like http://localhost:8000/v1.")
        self.url = url.rstrip("/") + "/chat/completions"
        self.model = model
        self.key = key
        self.seconds = seconds

    def __call__(self, flow: tree.Flow, catalog: Catalog) -> str:
        """The request for a flow, with its values back in place."""
        masked = mask_flow(render(flow))
        body = {"model": self.model, "temperature": 0.7, "messages": [{"role": "user", "content": _ASK + masked.text}]}
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        asked = urllib.request.Request(self.url, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(asked, timeout=self.seconds) as answer:
                said = json.loads(answer.read())["choices"][0]["message"]["content"]
        except (OSError, urllib.error.URLError) as error:
            raise TenantError(f"The language model at {self.url} does not answer ({getattr(error, 'reason', None) or error}); check the address and the key.") from None
        except (ValueError, KeyError, IndexError, TypeError):
            raise TenantError(f"The language model at {self.url} answers in another form than OpenAI's chat protocol; give another endpoint.") from None
        return " ".join(unmask_text(str(said), masked.values).split())
