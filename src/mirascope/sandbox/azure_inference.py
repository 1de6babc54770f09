"""Azure AI's chat completions: those of the model inference API, and of Azure OpenAI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mirascope.sandbox._json import Json
from mirascope.sandbox._protocol import Question, Reply, Stamp, sse
from mirascope.sandbox.chat_completions import ChatCompletions

ERRORS = {
    400: "invalid_payload",
    401: "401",
    403: "Forbidden",
    404: "unknown_model",
    422: "invalid_input",
    429: "RateLimitReached",
}
"""Status to the `code` of the error object; the rest are `InternalServerError`."""

SAFE: Json = {
    "hate": {"filtered": False, "severity": "safe"},
    "self_harm": {"filtered": False, "severity": "safe"},
    "sexual": {"filtered": False, "severity": "safe"},
    "violence": {"filtered": False, "severity": "safe"},
}


class AzureInference(ChatCompletions):
    """One resource, at each of the paths that its SDKs ask for."""

    endpoint = r"(?:/models|/openai/v1|(?:/openai)?/deployments/[^/]+)?/chat/completions"
    request_id_header = "apim-request-id"
    reply_headers: Mapping[str, str] = {
        "x-ratelimit-limit-requests": "100",
        "x-ratelimit-remaining-requests": "99",
        "x-ratelimit-limit-tokens": "100000",
        "x-ratelimit-remaining-tokens": "99000",
    }

    def write(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Json:
        body = super().write(question, replies, stamp)
        for choice in body["choices"]:
            choice["content_filter_results"] = SAFE
        return {**body, "prompt_filter_results": filtered_prompt()}

    def events(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Iterator[bytes]:
        blank: Json = {"id": "", "object": "", "created": 0, "model": "", "choices": []}
        yield sse({**blank, "prompt_filter_results": filtered_prompt()})
        yield from super().events(question, replies, stamp)

    def error(self, status: int, message: str, stamp: Stamp) -> Json:
        code = ERRORS.get(status, "InternalServerError")
        return {"error": {"code": code, "message": message, "details": message}}


def filtered_prompt() -> list[Json]:
    return [{"prompt_index": 0, "content_filter_results": SAFE}]
