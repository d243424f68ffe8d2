"""What a container image is made of: settings, Dockerfile, build context, Kitaru's own wheel.

Pure: it knows nothing of ZenML. Any room may call it.
"""
