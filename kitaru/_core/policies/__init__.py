"""What steers flows and calls beyond their settings: amounts, retries and hooks.

Pure: it knows nothing of ZenML. Any room may call it.
"""
