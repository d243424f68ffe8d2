"""What is different between two executions or values, as text and as a page.

Pure: it knows nothing of ZenML. Any room may call it.
"""
