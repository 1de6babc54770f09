"""What calls cost."""

from ._prices import calculate_cost

__all__ = ["calculate_cost"]
