"""A path of Mirascope v1: the names of the provider's module."""

from mirascope.core._v1_paths import names_of_provider

__getattr__ = names_of_provider(__name__)
