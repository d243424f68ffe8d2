"""Messages for people: what is wrong with a value, what may have been meant, what may be answered.

Pure: it knows nothing of ZenML. Any room may call it.
"""
