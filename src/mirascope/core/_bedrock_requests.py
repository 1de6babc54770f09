"""What botocore makes anew for each request and what is mostly the same, kept for the next one.

Before each request botocore checks all its parameters, the schemas of tools among them, against
the description of the service, and writes them as JSON; and it puts the header `User-Agent`
together, twice. Here it does that once for each set of parameters. Everything else is botocore's:
its events, the endpoint, credentials and signatures, retries and the connection.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import FunctionType
from typing import Any, cast

from ._kept_requests import KeptRequests, key_of
from ._own_methods import twin_of
from .base._narrow import is_list, is_object

Json = dict[str, Any]

_MODULES = frozenset(
    {"botocore.client", "botocore.context", "aiobotocore.client", "aiobotocore.context"}
)
_BASES = frozenset({"BaseClient", "AioBaseClient"})
_PARTS = {"url_path", "query_string", "method", "headers", "body"}
_ROLES = {"user", "assistant"}
_MESSAGE = {"role", "content"}
_TEXT = {"text"}
_MARKED = [{"role": "user", "content": [{"text": "The messages stand here."}]}]
_MARK = json.dumps(_MARKED).encode()
_MOST_AGENTS = 64


def quick(client: Any) -> Any:
    """A client of botocore or aiobotocore that shares everything with `client` but what writes
    its parameters as JSON; any other client as it is."""
    if not _is_plain(client):
        return client
    return twin_of(client, _serializer=_Serializer(client._serializer))


def _is_plain(client: Any) -> bool:
    """Whether the class of a client is one that the SDK made, and nothing of it is replaced,
    wrapped or instrumented."""
    made_by = cast(Any, type(client))
    base = made_by.__base__
    if base.__name__ not in _BASES or base.__module__ not in _MODULES:
        return False
    calling, own = made_by._make_api_call, cast(Json, vars(client))
    return (
        isinstance(calling, FunctionType)
        and calling.__globals__.get("__name__") in _MODULES
        and "converse" not in own
        and "converse_stream" not in own
        and "_make_api_call" not in own
    )


@dataclass(frozen=True, slots=True, repr=False)
class _Made:
    """A request as botocore makes it of parameters, but for the messages in its body."""

    request: Json
    before: bytes
    behind: bytes

    def with_messages(self, messages: Any) -> Json:
        """The request; botocore writes into it."""
        request = self.request
        return {
            **request,
            "query_string": {**request["query_string"]},
            "headers": {**request["headers"]},
            "body": b"".join((self.before, json.dumps(messages).encode(), self.behind)),
        }


_kept = KeptRequests[_Made]()


class _Serializer:
    """In the place of botocore's serializer, which is asked for what is not known yet."""

    def __init__(self, serializer: Any) -> None:
        self._serializer = serializer

    def serialize_to_request(self, parameters: Json, operation_model: Any) -> Any:
        messages = parameters.get("messages")
        if _are_texts(messages):
            settings = {**parameters}
            del settings["messages"]
            key = key_of((operation_model.name, settings))
            if key is not None and (made := self._made(key, settings, operation_model)):
                return made.with_messages(messages)
        return self._serializer.serialize_to_request(parameters, operation_model)

    def _made(self, key: bytes, settings: Json, operation_model: Any) -> _Made | None:
        known = _kept.get(self._serializer, key)
        if known is None:
            # Other parameters are checked by it, too.
            request = self._serializer.serialize_to_request(
                {**settings, "messages": _MARKED}, operation_model
            )
            body = request.get("body")
            if request.keys() != _PARTS or type(body) is not bytes or body.count(_MARK) != 1:
                return None
            before, _, behind = body.partition(_MARK)
            known = _Made(request, before, behind)
            _kept.keep(self._serializer, key, known)
        return known

    def __getattr__(self, name: str) -> Any:
        return getattr(self._serializer, name)


def _are_texts(messages: Any) -> bool:
    """Whether messages are nothing but texts, which botocore finds right and writes as they are."""
    if not is_list(messages):
        return False
    for message in messages:
        if not is_object(message) or message.keys() != _MESSAGE or message["role"] not in _ROLES:
            return False
        content = message["content"]
        if not is_list(content) or not content:
            return False
        for block in content:
            if not is_object(block) or block.keys() != _TEXT:
                return False
            if type(block["text"]) is not str or not block["text"]:
                return False
    return bool(messages)


def remember_user_agents(client: Any) -> None:
    """Have the header `User-Agent` of a client put together once for each set of features of
    botocore that a request uses."""
    try:
        creator = client._user_agent_creator
        creator._client_features  # noqa: B018
        features_now = import_module("botocore.context").get_context
    except (ImportError, AttributeError):
        # Another version of the SDK, which has no such features.
        return
    creator.to_string = _remembered(creator, features_now)


def _remembered(creator: Any, features_now: Callable[[], Any]) -> Callable[[], str]:
    build: Callable[[], str] = creator.to_string
    kept: dict[frozenset[str], str] = {}

    def to_string() -> str:
        context = features_now()
        features = frozenset(creator._client_features or ())
        if context is not None:
            features |= context.features
        made = kept.get(features)
        if made is None:
            if len(kept) >= _MOST_AGENTS:
                kept.clear()
            made = kept[features] = build()
        return made

    return to_string
