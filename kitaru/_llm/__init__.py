"""Asking language models: through PydanticAI, which is loaded with the first question."""
