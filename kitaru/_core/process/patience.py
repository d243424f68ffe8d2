"""How long this process waits for a server that has gone.

Programs wait as long as ZenML does, about half a minute: it may be restarting. Where a person waits for an answer, as
for most commands, a few seconds must do.
"""

in_a_hurry = False
