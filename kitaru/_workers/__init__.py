"""Processes in which checkpoints run that ask for one of their own.

The step of such a checkpoint stays in the runner; its function runs here. A first process, which runs no code but the
import of the flow's module and has no threads, is forked for each worker: the runner has threads, so that a fork of it
might wait forever for a lock that one of them holds.
"""
