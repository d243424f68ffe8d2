"""The host: a resident process that has loaded ZenML, of which local runners and commands that read are forks.

``address`` says which host may serve a process, ``client`` asks it and starts it, ``server`` is the host, ``fork``
makes a fork of it what a program that begins would be, and ``command`` is both ends of a command that runs in one.
"""
