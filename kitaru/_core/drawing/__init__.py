"""Trees, timelines and graphs of an execution as text and SVG; drawn from records, with nothing read.

Pure: it knows nothing of ZenML. Any room may call it.
"""
