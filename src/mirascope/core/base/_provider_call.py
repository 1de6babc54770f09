"""The call decorator of one provider, made from its adapter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._provider import Provider
    from .stream_config import StreamConfig


def provider_call(provider: Provider) -> Any:
    """The `call` decorator of a provider's module; its types are those of `ProviderCall`."""

    def call(
        model: str,
        *,
        stream: bool | StreamConfig = False,
        tools: list[Any] | None = None,
        response_model: Any = None,
        output_parser: Callable[..., Any] | None = None,
        json_mode: bool = False,
        validation_retries: int = 0,
        client: Any = None,
        call_params: Mapping[str, Any] | None = None,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        from ._call import CallOptions, decorated

        options = CallOptions(
            provider=provider,
            model=model,
            stream=stream,
            tools=tools,
            response_model=response_model,
            output_parser=output_parser,
            json_mode=json_mode,
            validation_retries=validation_retries,
            client=client,
            call_params=call_params,
        )
        options.check()
        return lambda fn: decorated(options, fn)

    call.__doc__ = f"""Turn a prompt function into a call of a model of {provider.title}.

    - `model`: the name of the model.
    - `stream`: yield the reply as it arrives; `{{"partial_tools": True}}` also yields tools while
      their arguments arrive.
    - `tools`: what the model may call: `BaseTool` classes and functions.
    - `response_model`: have the reply extracted as an instance of this type.
    - `output_parser`: what to make of the response (or of the response model's instance).
    - `json_mode`: ask for JSON; with a `response_model`, in place of a tool call.
    - `validation_retries`: how often the model is told what was wrong with an answer that does not
      fit the response model, and asked again.
    - `client`: the SDK client to use; an async function needs an async one.
    - `call_params`: further parameters, by their common names or by the provider's.

    Raises ValueError for options that do not go together and for a response model of a type that
    cannot be asked for, TypeError for a tool that is none and for a client of the wrong kind.
    """
    return call
