"""An alerter flavor of a user's: it posts to a webhook."""

from __future__ import annotations

import urllib.request
from typing import Any

from zenml.alerter.base_alerter import BaseAlerter, BaseAlerterConfig, BaseAlerterFlavor


class WebhookConfig(BaseAlerterConfig):
    url: str


class WebhookAlerter(BaseAlerter):
    def post(self, message: str, params: Any = None) -> bool:
        url = self.config.url  # type: ignore[attr-defined]
        with urllib.request.urlopen(urllib.request.Request(url, data=message.encode(), method="POST")) as answer:
            return bool(answer.status == 200 and params is None)


class WebhookFlavor(BaseAlerterFlavor):
    @property
    def name(self) -> str:
        return "webhook"

    @property
    def config_class(self) -> type[BaseAlerterConfig]:
        return WebhookConfig

    @property
    def implementation_class(self) -> type[BaseAlerter]:
        return WebhookAlerter
