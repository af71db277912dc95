"""Programs that ask."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from accounts.models import ApiKey


@dataclass
class Program:
    """A client that sends a key with everything it asks."""

    key: ApiKey
    text: str
    client: Client = field(default_factory=Client)

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=self._headers(headers))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(
            path, json.dumps(body), content_type="application/json", headers=self._headers(headers)
        )

    def patch(self, path: str, body: Any) -> Any:
        return self.client.patch(
            path, json.dumps(body), content_type="application/json", headers=self._headers({})
        )

    def delete(self, path: str, **headers: str) -> Any:
        return self.client.delete(path, headers=self._headers(headers))

    def draw(self, prompt: str = "a fox", *, headers: dict[str, str] | None = None, **asked) -> Any:
        """What the API answers to a wish for a grid."""
        return self.post("/api/v1/generations", {"prompt": prompt, **asked}, **(headers or {}))

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return {"authorization": f"Bearer {self.text}", **more}
