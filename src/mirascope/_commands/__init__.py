"""The commands of `python -m mirascope`."""
