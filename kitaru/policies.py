"""Policies: when something that has failed is tried again."""

from kitaru._core.policies.retry import Retry

__all__ = ["Retry"]
