"""Hooks: the functions that a flow or a checkpoint names for an event are called, and alerts are posted.

Above the rooms that run flows and read executions: a hook gets the record of the execution or call.
"""
