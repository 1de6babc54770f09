"""The `model_config` of a response model, with the one option that providers act on."""

from __future__ import annotations

from pydantic import ConfigDict


class ResponseModelConfigDict(ConfigDict, total=False):
    """pydantic's `ConfigDict` for response models.

    `strict=True` together with `json_mode=True` asks the provider itself to enforce the model's
    schema, where it can:

        class Book(BaseModel):
            model_config = ResponseModelConfigDict(strict=True)
    """

    strict: bool
