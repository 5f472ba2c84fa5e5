"""Failures a client sees, in the form of OpenAI's API."""

from __future__ import annotations

import json


class GatewayError(Exception):
    """Ends a request. `status`: of HTTP; `kind`: OpenAI's error type; `retry_after`: seconds, where trying again may help."""

    def __init__(self, status: int, kind: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.retry_after = retry_after

    def body(self) -> bytes:
        """The answer's JSON."""
        return json.dumps(
            {"error": {"message": self.message, "type": self.kind, "param": None, "code": self.status}}
        ).encode()

    def headers(self) -> list[tuple[bytes, bytes]]:
        """The answer's headers."""
        headers = [(b"content-type", b"application/json")]
        if self.retry_after is not None:
            headers.append((b"retry-after", str(max(1, round(self.retry_after))).encode()))
        if self.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        return headers


def invalid(message: str) -> GatewayError:
    """A request that cannot be meant."""
    return GatewayError(400, "invalid_request_error", message)


def unavailable(message: str, retry_after: float = 2.0) -> GatewayError:
    """A service that cannot answer now."""
    return GatewayError(503, "service_unavailable_error", message, retry_after=retry_after)
