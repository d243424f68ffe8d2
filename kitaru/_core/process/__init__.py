"""Files, processes and signals of runners, with nothing but the standard library where the supervisor loads it.

Pure: it knows nothing of ZenML. Any room may call it.
"""
