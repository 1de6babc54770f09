"""Not here: importing a provider's private helpers says what to use instead."""

from mirascope._commands._v1_names import refusal_of_private

raise refusal_of_private(__name__)
