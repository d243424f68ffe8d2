"""Which call is which: lanes, digests of values, and the matching of calls with those of a record.

Pure: it knows nothing of ZenML. Any room may call it.
"""
