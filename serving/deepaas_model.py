"""What DEEPaaS asks a model for; the entry point `deepaas.v2.model: nadir` names this module."""

from typing import Any


def get_metadata() -> dict[str, Any]:
    """Who we are."""
    return {"id": "nadir", "name": "nadir", "description": "Super-resolution of satellite products."}
