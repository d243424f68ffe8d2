"""Give a stack the webhook's alerter."""

from __future__ import annotations

import sys

from zenml.client import Client
from zenml.enums import StackComponentType

if __name__ == "__main__":
    stack, url = sys.argv[1:]
    client = Client()
    client.create_flavor("webhook_alerter.WebhookFlavor", StackComponentType.ALERTER)
    alerter = client.create_stack_component("hook", "webhook", StackComponentType.ALERTER, {"url": url})
    parts = {kind: found[0].id for kind, found in client.get_stack(stack).components.items()}
    client.create_stack("alerting", {**parts, StackComponentType.ALERTER: alerter.id})
