"""The host: a resident process that has loaded ZenML, of which the supervisors of local runners are forks.

``address`` says which host may serve a process, ``client`` asks it and starts it, ``server`` is the host, and ``fork``
makes a fork of it what a program that begins would be.
"""
