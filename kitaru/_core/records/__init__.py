"""Frozen data that is shown to users: executions, stacks, images, servers, secrets, differences.

Pure: it knows nothing of ZenML. Any room may call it.
"""
