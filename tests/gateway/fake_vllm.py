"""An edge fake: vLLM's HTTP API without a model, as its own process so that it can be killed like the real one.

    python tests/gateway/fake_vllm.py PORT [TOKEN_MS]

It answers with as many words as `max_tokens` says, one every TOKEN_MS milliseconds; counts what runs; holds adapters by name; and
tells at GET /fake/seen what it was sent. POST /fake/mode changes how it misbehaves: "ok", "html", "garbage", "stall", "half", "500".
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

BASE = "flowquill"


class FakeVllm:
    def __init__(self, token_s: float) -> None:
        self.token_s = token_s
        self.running = 0
        self.most = 0
        self.adapters: dict[str, str] = {}
        self.seen: list[dict[str, Any]] = []
        self.posts: list[dict[str, Any]] = []
        self.mode = "ok"
        self.refuse_loads = False
        self.connections: set[Any] = set()

    async def health(self, _: Request) -> Response:
        return Response(status_code=200)

    async def models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": m, "object": "model"} for m in (BASE, *self.adapters)]})

    async def load(self, request: Request) -> Response:
        body = await request.json()
        self.posts.append({"load": body})
        if self.refuse_loads or not (Path(body["lora_path"]) / "adapter_config.json").is_file():
            return JSONResponse({"error": {"message": "no adapter found", "type": "BadRequestError", "code": 400}}, 400)
        if body["lora_name"] in self.adapters:
            return JSONResponse(
                {"error": {"message": f"The lora adapter '{body['lora_name']}' has already been loaded.", "code": 400}},
                400,
            )
        await asyncio.sleep(0.05)
        self.adapters[body["lora_name"]] = body["lora_path"]
        return PlainTextResponse("Success: LoRA adapter added successfully.")

    async def unload(self, request: Request) -> Response:
        body = await request.json()
        self.posts.append({"unload": body})
        if self.adapters.pop(body["lora_name"], None) is None:
            return JSONResponse({"error": {"message": "not found", "code": 404}}, 404)
        return PlainTextResponse("Success")

    async def complete(self, request: Request) -> Response:
        body = await request.json()
        self.seen.append(body)
        self.connections.add(request.client)
        model = body.get("model") or BASE
        if model != BASE and model not in self.adapters:
            return JSONResponse(
                {"error": {"message": f"The model `{model}` does not exist.", "type": "NotFoundError", "code": 404}},
                404,
            )
        if self.mode == "html":
            return Response("<html><body>Welcome</body></html>", media_type="text/html")
        if self.mode == "garbage":
            return Response(b"{not json", media_type="application/json")
        if self.mode == "500":
            return JSONResponse({"error": {"message": "EngineDeadError", "code": 500}}, 500)
        if self.mode == "stall":
            await asyncio.sleep(3600)
        number = int(body.get("max_tokens", 16))
        if body.get("stream"):
            return StreamingResponse(self.stream(model, number), media_type="text/event-stream")
        text = [piece async for piece in self.words(model, number, request)]
        choice = {
            "index": 0,
            "text": "".join(text),
            "message": {"role": "assistant", "content": "".join(text)},
            "finish_reason": "length",
        }
        return JSONResponse(
            {
                "id": "x",
                "object": "text_completion",
                "model": model,
                "choices": [choice],
                "usage": {"completion_tokens": number},
            }
        )

    async def words(self, model: str, number: int, request: Request | None = None) -> AsyncIterator[str]:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            for place in range(number):
                if self.token_s:
                    await asyncio.sleep(self.token_s)
                # vLLM aborts a request whose client closed the connection.
                if request is not None and place % 5 == 0 and await request.is_disconnected():
                    return
                yield f"{model}:{place} "
        finally:
            self.running -= 1

    async def stream(self, model: str, number: int) -> AsyncIterator[str]:
        place = 0
        async for word in self.words(model, number):
            place += 1
            yield (
                "data: "
                + json.dumps({"model": model, "choices": [{"index": 0, "text": word, "delta": {"content": word}}]})
                + "\n\n"
            )
            if self.mode == "half" and place * 2 >= number:
                raise ConnectionError("the half answer of the fake")
        yield "data: [DONE]\n\n"

    async def tell(self, _: Request) -> Response:
        return JSONResponse(
            {
                "seen": self.seen,
                "posts": self.posts,
                "running": self.running,
                "most": self.most,
                "adapters": self.adapters,
                "connections": len(self.connections),
            }
        )

    async def change(self, request: Request) -> Response:
        body = await request.json()
        self.mode = body.get("mode", self.mode)
        self.token_s = body.get("token_s", self.token_s)
        self.refuse_loads = body.get("refuse_loads", self.refuse_loads)
        if body.get("forget"):
            self.adapters.clear()
        return Response(status_code=200)


def application(fake: FakeVllm) -> Starlette:
    return Starlette(
        routes=[
            Route("/health", fake.health),
            Route("/v1/models", fake.models),
            Route("/v1/load_lora_adapter", fake.load, methods=["POST"]),
            Route("/v1/unload_lora_adapter", fake.unload, methods=["POST"]),
            Route("/v1/completions", fake.complete, methods=["POST"]),
            Route("/v1/chat/completions", fake.complete, methods=["POST"]),
            Route("/fake/seen", fake.tell),
            Route("/fake/mode", fake.change, methods=["POST"]),
        ]
    )


if __name__ == "__main__":
    token_s = float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.0
    uvicorn.run(
        application(FakeVllm(token_s)),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="critical",
        timeout_keep_alive=75,
    )
