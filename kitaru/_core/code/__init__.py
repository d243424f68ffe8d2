"""What a flow and a checkpoint are: signatures, modules, entry functions, and the scope that code runs in.

Pure: it knows nothing of ZenML. Any room may call it.
"""
