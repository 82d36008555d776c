"""What DEEPaaS asks a model for; the entry point `deepaas.v2.model: nadir` names this module.

`deepaas-run` imports it in the server, which calls `get_...`, and in each worker, which calls the others.
"""

import importlib.metadata
import sys
from typing import Any, BinaryIO

from errors import UserError
from serving import work_folder
from serving.settings import settings


def get_metadata() -> dict[str, Any]:
    """Who we are, from the installed package."""
    facts = importlib.metadata.metadata("nadir")
    return {
        "id": "nadir",
        "name": "nadir",
        "description": "Super-resolution of satellite products: the coarse bands of a sensor on its finest grid.",
        "license": facts["License-Expression"],
        "version": facts["Version"],
    }


def warm() -> None:
    """Make the work folder, clear it of what a killed server has left, and import what requests need."""
    import serving.prediction
    import serving.training  # noqa: F401
    from serving.nursery import nursery

    work_folder.prepare(settings().work)
    work_folder.sweep(settings().work)
    nursery().start()


def get_predict_args() -> dict[str, Any]:
    """Typed arguments of `predict`."""
    from serving.predict_arguments import predict_arguments

    return predict_arguments(settings())


def get_train_args() -> dict[str, Any]:
    """Typed arguments of `train`."""
    from serving.train_arguments import train_arguments

    return train_arguments(settings())


def predict(**arguments: Any) -> dict[str, Any] | BinaryIO:
    """Super-resolve a product; a summary, or the opened file where the Accept header asks for one."""
    from serving.prediction import predict as run

    return run(arguments, settings())


def train(**arguments: Any) -> dict[str, Any]:
    """Train a model of super-resolution; the name of its run folder, and its metrics."""
    from serving.training import train as run

    return run(arguments, settings())


def _stand_in_front() -> None:
    """Put our door in front of the server that is importing us; DEEPaaS has made its application by then.

    In workers, and under other programs, there is no application.
    """
    application = getattr(sys.modules.get("deepaas.api"), "APP", None)
    if application is None or application.frozen:
        return
    from serving import front_door

    try:
        known = {"predict": get_predict_args().keys() - {"accept"}, "train": get_train_args().keys()}
        front_door.install(application, settings(), known)
    except UserError as error:
        # DEEPaaS would go on without us, with a model that it has for tests.
        sys.exit(f"nadir: {error}")


_stand_in_front()
