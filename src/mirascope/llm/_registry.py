"""The models that are known by name: those of the price data, and those that are registered."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from ..core._providers import PROVIDERS, is_installed
from ..core.base._locks import lock_over_forks
from ._settings import active

if TYPE_CHECKING:
    from ..retries import RetryPolicy
    from .models import AsyncModel, Model

ENTRY_POINTS = "mirascope.models"
"""The group of entry points that register models: each names a function without parameters."""

_PRICE_IDS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "google",
    "xai": "x-ai",
    "mistral": "mistral",
    "cohere": "cohere",
    "groq": "groq",
    "bedrock": "aws",
}
"""Our provider names to those of the price data; the first that has a model is asked for it."""
_MAKERS = {"google": ("gemini", "gemma")}
"""Where a provider resells models that our adapter does not reach: how the others begin."""
_NO_CHAT = (
    *("embed", "tts", "whisper", "transcribe", "moderation", "image", "realtime", "ocr", "live"),
    *("voice", "orpheus", "guard", "ft:", "ada", "babbage", "curie", "davinci", ".ft-"),
)
"""What the names of models have in them that do not answer prompts with text."""


class UnknownModelError(KeyError):
    """There is no model of that name."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


@dataclass(slots=True)
class ModelWithAliases:
    """A model in its two forms, of which one may be missing, and its other names."""

    model: Model | None
    async_model: AsyncModel | None
    aliases: list[str] = field(default_factory=list[str])

    def matches(self, query: str) -> bool:
        """Whether one of its names has `query` in it."""
        models = [model for model in (self.model, self.async_model) if model]
        names = [*self.aliases, *(model.model_id for model in models)]
        return any(query.lower() in name.lower() for name in names)


_lock = lock_over_forks()
_registered: dict[str, ModelWithAliases] = {}
_aliases: dict[str, str] = {}
_default: list[str] = ["openai/gpt-4o-mini"]


# --- asking for models


def get_model(
    name: str | None = None,
    *,
    client: Any = None,
    key: str | None = None,
    retry: RetryPolicy | None = None,
) -> Model:
    """The model of that name, for sync code.

    The name is one that is known (`gpt-4o-mini`), an alias, or any model of a provider
    (`openai/gpt-4o-mini`, `groq:openai/gpt-oss-120b`). Without one it is the model of the
    `llm.context` around, or else the default model. `client`, `key` and `retry` are those
    of `Model`.

    Raises UnknownModelError.
    """
    model: Model = _found(name, is_async=False, client=client, key=key, retry=retry)
    return model


def get_async_model(
    name: str | None = None,
    *,
    client: Any = None,
    key: str | None = None,
    retry: RetryPolicy | None = None,
) -> AsyncModel:
    """The model of that name, for async code; see `get_model`."""
    model: AsyncModel = _found(name, is_async=True, client=client, key=key, retry=retry)
    return model


def get_models() -> list[Model]:
    """All models that are known, of the providers whose SDK is installed, for sync code."""
    return [known.model for known in get_models_with_aliases() if known.model]


def get_async_models() -> list[AsyncModel]:
    """All models that are known, of the providers whose SDK is installed, for async code."""
    return [known.async_model for known in get_models_with_aliases() if known.async_model]


def get_models_with_aliases() -> list[ModelWithAliases]:
    """All models that are known, with their other names."""
    from .models import AsyncModel, Model

    _load_entry_points()
    with _lock:
        listed = {name: _with_set_aliases(name, known) for name, known in _registered.items()}
    for provider in _PRICE_IDS:
        if not is_installed(PROVIDERS[provider].sdk):
            continue
        for name in _names_of(provider):
            model_id = f"{provider}/{name}"
            if model_id not in listed:
                aliases = [name] if _provider_of(name) == provider else []
                known = ModelWithAliases(Model(provider, name), AsyncModel(provider, name), aliases)
                listed[model_id] = _with_set_aliases(model_id, known)
    return list(listed.values())


def get_default_model() -> str:
    """The name of the model that `get_model()` gives."""
    return _default[0]


def set_default_model(name: str) -> None:
    """Have `get_model()` give this model. Raises UnknownModelError."""
    _resolved(name)
    _default[0] = name


# --- making models known


def register_model(
    model: Model | None = None,
    async_model: AsyncModel | None = None,
    *,
    name: str | None = None,
    aliases: Sequence[str] = (),
) -> None:
    """Make a model known by `name` (its `model_id` unless given) and by its aliases.

        llm.register_model(
            llm.Model("openai", "llama-3.1-8b", client=OpenAI(base_url=…)), name="my-llama"
        )

    Raises ValueError where neither form of it is given.
    """
    either = model or async_model
    if either is None:
        raise ValueError("Give a `Model`, an `AsyncModel`, or both.")
    with _lock:
        name = name or either.model_id
        known = ModelWithAliases(model, async_model, list(aliases))
        _registered[name] = known
        for alias in aliases:
            _aliases[alias] = name


def set_alias(alias: str, name: str) -> None:
    """Make a model known by another name. Raises UnknownModelError."""
    _resolved(name)
    with _lock:
        _aliases[alias] = name


def remove_alias(alias: str) -> None:
    """Forget an alias. Raises KeyError where there is none."""
    with _lock:
        del _aliases[alias]


# --- how names are looked up


def model_object(model_id: str, is_async: bool) -> Any:
    """The model of that name, in one of its forms. Raises UnknownModelError."""
    return _found(model_id, is_async=is_async)


def _found(
    name: str | None,
    *,
    is_async: bool,
    client: Any = None,
    key: str | None = None,
    retry: RetryPolicy | None = None,
) -> Any:
    from .models import AsyncModel, Model

    if name is None:
        name = _name_in_force()
    known = _resolved(name, is_async)
    if isinstance(known, ModelWithAliases):
        model: Any = known.async_model if is_async else known.model
        if model is None:
            raise UnknownModelError(_only_other_form(name, is_async))
        client = model.client if client is None else client
        key = model.key if key is None else key
        return type(model)(
            model.provider,
            model.name,
            client=client,
            key=key,
            options=model.options,
            retry=model.retry if retry is None else retry,
        )
    provider, model_name = known
    made_by = AsyncModel if is_async else Model
    return made_by(provider, model_name, client=client, key=key, retry=retry)


def _name_in_force() -> str:
    settings = active.get()
    if settings is not None and settings.provider and settings.model:
        return f"{settings.provider}/{settings.model}"
    return _default[0]


def _only_other_form(name: str, is_async: bool) -> str:
    if is_async:
        return f"Unknown async model (sync model exists): {name}"
    return f"Unknown model (async model exists): {name}"


def _resolved(name: str, is_async: bool = False) -> ModelWithAliases | tuple[str, str]:
    """A registered model, or the provider and the name of one."""
    _load_entry_points()
    with _lock:
        seen = {name}
        found = name
        while found in _aliases and _aliases[found] not in seen:
            found = _aliases[found]
            seen.add(found)
        if found in _registered:
            return _registered[found]
    for separator in "/:":
        provider, _, rest = found.partition(separator)
        if provider in PROVIDERS and rest:
            return provider, rest
    if maker := _provider_of(found):
        return maker, found
    raise _unknown(name)


def _unknown(name: str) -> UnknownModelError:
    error = UnknownModelError(f"Unknown model: {name}")
    known = [model for provider in _PRICE_IDS for model in _names_of(provider)]
    close = difflib.get_close_matches(name, [*known, *_aliases, *_registered], 3)
    if close:
        error.add_note(f"Close to it: {', '.join(f'`{each}`' for each in close)}.")
    error.add_note("A model that is not known is found with its provider: `openai/<model>`.")
    return error


@cache
def _provider_of(name: str) -> str | None:
    """The provider whose model it is, by the price data."""
    for provider, data in _price_data().items():
        if name.startswith(_MAKERS.get(provider, "")) and data.find_model(name) is not None:
            return provider
    return None


@cache
def _names_of(provider: str) -> tuple[str, ...]:
    data = _price_data().get(provider)
    names = [model.id for model in data.models] if data else []
    return tuple(
        name
        for name in names
        if not any(word in name for word in _NO_CHAT) and name.startswith(_MAKERS.get(provider, ""))
    )


@cache
def _price_data() -> Mapping[str, Any]:
    from genai_prices.data_snapshot import get_snapshot

    by_id = {provider.id: provider for provider in get_snapshot().providers}
    return {name: by_id[price_id] for name, price_id in _PRICE_IDS.items() if price_id in by_id}


def _with_set_aliases(name: str, known: ModelWithAliases) -> ModelWithAliases:
    with _lock:
        aliases = [alias for alias, target in _aliases.items() if target == name]
    return ModelWithAliases(
        known.model, known.async_model, list(dict.fromkeys([*known.aliases, *aliases]))
    )


_loading: list[bool] = []


def _load_entry_points() -> None:
    """Run what other distributions have for us, once."""
    if _loading:
        return
    with _lock:
        if _loading:
            return
        _loading.append(True)
        from importlib.metadata import entry_points

        for entry in entry_points(group=ENTRY_POINTS):
            try:
                register: Callable[[], Any] = entry.load()
                register()
            except Exception as error:
                warnings.warn(
                    f"The models of `{entry.value}` could not be registered: {error!r}.",
                    stacklevel=2,
                )
