"""The detached local runner: a supervisor of the standard library, and the worker it supervises."""
