"""A response-model field that is filled from the call's own arguments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FromCallArgs:
    """Marks a field of a response model as taken from the argument of the same name.

    The model is not asked for the field:

        class Book(BaseModel):
            title: str
            genre: Annotated[str, FromCallArgs()]
    """
