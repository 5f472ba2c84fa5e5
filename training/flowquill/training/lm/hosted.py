"""Fine-tuning of hosted models through the `openai` client: file up, job created, watched to its end. OpenAI's own service and Azure's.

Nothing is sent without a key in the environment. What is sent are training pairs of this project or of the files named, literals masked
where the configuration says so.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowquill.training.lm import fine_tuning_file
from flowquill.training.lm.config import ConfigError, PairSettings
from flowquill.training.lm.fine_tuning_file import Counted
from flowquill.training.lm.publish import write_json

MODEL = "gpt-4o-mini-2024-07-18"
_ENDED = ("succeeded", "failed", "cancelled")
_AZURE_VERSION = "2024-10-21"


class HostedError(Exception):
    """A service that did not do what was asked. The message is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Job:
    """A fine-tuning job. `model` is the name of the result, "" before the end."""

    identity: str
    status: str
    model: str = ""
    error: str = ""


def client(environment: Mapping[str, str] = os.environ, *, azure: bool = False) -> Any:
    """The service's client. Raises ConfigError where the package or the key is missing: then nothing is sent."""
    try:
        import openai
    except ImportError:
        raise ConfigError("Hosted fine-tuning needs the package openai; run: pip install 'flowquill[hosted]'") from None
    if azure:
        key, endpoint = environment.get("AZURE_OPENAI_API_KEY"), environment.get("AZURE_OPENAI_ENDPOINT")
        if not key or not endpoint:
            raise ConfigError("There is no key, so nothing is sent; set AZURE_OPENAI_API_KEY and AZURE_OPENAI_ENDPOINT.")
        version = environment.get("OPENAI_API_VERSION", _AZURE_VERSION)
        return openai.AzureOpenAI(api_key=key, azure_endpoint=endpoint, api_version=version, max_retries=3, timeout=60.0)
    key = environment.get("OPENAI_API_KEY")
    if not key:
        raise ConfigError("There is no key, so nothing is sent; set OPENAI_API_KEY (or use --azure with its own).")
    return openai.OpenAI(api_key=key, base_url=environment.get("OPENAI_BASE_URL"), max_retries=3, timeout=60.0)


def prepare(settings: PairSettings, file: Path) -> Counted:
    """Writes the fine-tuning file of the settings' pairs. Raises ConfigError, PublishError."""
    from flowquill.training.lm.data import exchanges, pairs_of, prompter_of

    prompter = prompter_of(settings)
    return fine_tuning_file.write(exchanges(pairs_of(settings, prompter.catalog), prompter, Counter()), file)


def start(service: Any, file: Path, record: Path, *, model: str = MODEL, suffix: str = "flowquill", seed: int = 1) -> Job:
    """Sends the file and creates a job. `record` keeps its name, so that a second call goes on watching it. Raises HostedError."""
    with _told("The file was not taken"), file.open("rb") as stream:
        sent = service.files.create(file=stream, purpose="fine-tune")
    with _told("The job was not created"):
        job = service.fine_tuning.jobs.create(training_file=sent.id, model=model, suffix=suffix, seed=seed)
    found = _job(job)
    write_json(record, {"job": found.identity, "file": sent.id, "model": model})
    return found


def watch(service: Any, identity: str, tell: Callable[[Job], None], *, pause: float = 20.0, sleep: Callable[[float], None] = time.sleep) -> Job:
    """Asks until the job has ended; `tell` hears of every change. Raises HostedError where it failed; an interrupt leaves the job running."""
    last = ""
    while True:
        with _told("The job's state cannot be read"):
            job = _job(service.fine_tuning.jobs.retrieve(identity))
        if job.status != last:
            tell(job)
            last = job.status
        if job.status in _ENDED:
            break
        sleep(pause)
    if job.status != "succeeded":
        raise HostedError(f"The job {identity} ended as {job.status}{f' ({job.error})' if job.error else ''}; mend what it says and start again.")
    return job


def _job(found: Any) -> Job:
    error = getattr(found, "error", None)
    return Job(str(found.id), str(found.status), str(found.fine_tuned_model or ""), str(getattr(error, "message", None) or ""))


class _told:
    """Turns what the client raises into one sentence."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        import openai

        match error:
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                advice = "the key is not accepted; check it and what it may do"
            case openai.RateLimitError():
                advice = "the service has no room or no budget left; try again later or check the account"
            case openai.APITimeoutError() | openai.APIConnectionError():
                advice = "the service cannot be reached; check the network and the address"
            case openai.APIStatusError():
                advice = f"the service says {error.status_code}: {' '.join(str(error.message).split())[:200]}"
            case openai.OpenAIError():
                advice = " ".join(str(error).split())[:200]
            case _:
                return
        raise HostedError(f"{self._what}: {advice}.") from None


__all__ = ["MODEL", "HostedError", "Job", "client", "prepare", "start", "watch"]
