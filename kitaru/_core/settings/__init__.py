"""What users set: options, layers of settings, environment variables, ``pyproject.toml``, definitions of stacks.

Pure: it knows nothing of ZenML. Any room may call it.
"""
