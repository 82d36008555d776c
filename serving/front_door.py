"""What every request passes before DEEPaaS sees it: limits that a plain `deepaas-run` does not have, and cleaning.

DEEPaaS reads bodies of any size, ignores arguments that nobody knows, keeps a copy of each upload and of each file
that it answers with, and breaks down after it has cancelled a training. A middleware of its web application is the
one place where all of this can be mended.
"""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from aiohttp import payload, web

from serving import work_folder
from serving.argument_fields import received
from serving.settings import Settings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_LOG = logging.getLogger("nadir.serving")


def install(
    application: web.Application, settings: Settings, arguments: Mapping[str, Collection[str]]
) -> None:
    """Put the door in front of an application that does not run yet.

    Args:
        application: of DEEPaaS.
        settings: limits and folders.
        arguments: of each action ("predict", "train"): the names that it knows.
    """
    work_folder.prepare(settings.work)

    @web.middleware
    async def door(request: web.Request, handler: Handler) -> web.StreamResponse:
        action = request.path.rstrip("/").rsplit("/", 1)[-1]
        if request.method == "POST" and action in arguments:
            return await _post(request, handler, settings, arguments[action])
        if request.method == "DELETE":
            response = await _cancel(request, handler)
            work_folder.sweep(settings.work)
            return response
        return await handler(request)

    application.middlewares.append(door)


async def _post(
    request: web.Request, handler: Handler, settings: Settings, known: Collection[str]
) -> web.StreamResponse:
    limit = settings.upload_bytes
    if (request.content_length or 0) > limit:
        return _told(413, f"found a request of {request.content_length} bytes, expected at most {limit}")
    request = request.clone(client_max_size=limit)
    try:
        names = await _argument_names(request)
    except web.HTTPRequestEntityTooLarge:
        return _told(413, f"found a longer request, expected at most {limit} bytes")
    except ValueError as error:  # of aiohttp's parsers, of JSON and of Unicode
        _LOG.info("a request that cannot be read: %s", error)
        return _told(400, "the request cannot be read; expected a form or a JSON object")
    strange = [name for name in names if name not in known]
    if strange:
        return _told(422, f"found the argument '{strange[0]}', expected some of {', '.join(sorted(known))}")
    with ExitStack() as stack:
        uploads: dict[str, Path] = {}
        token = received.set(uploads)
        stack.callback(received.reset, token)
        for name, value in (await request.post()).items():
            if not isinstance(value, web.FileField):
                continue
            if name in uploads:
                return _told(422, f"{name}: found several files, expected one")
            uploads[name] = stack.enter_context(work_folder.upload_file(settings.work))
            await asyncio.get_running_loop().run_in_executor(None, _keep, value, uploads[name])
        response = await handler(request)
        _forget_result(response, settings.work / "results")
        return response


async def _argument_names(request: web.Request) -> list[str]:
    names = [*request.query, *await request.post()]
    if request.content_type == "application/json" and request.can_read_body:
        body = await request.json()
        if not isinstance(body, dict):
            raise ValueError("JSON that is no object")
        names += map(str, body)
    return names


async def _cancel(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except TypeError:
        # DEEPaaS 2.6 ends the worker, and then stumbles over the result that a cancelled training has not.
        return web.json_response({"uuid": request.match_info.get("uuid"), "status": "cancelled"})


def _keep(field: web.FileField, path: Path) -> None:
    """Write an uploaded file piece by piece."""
    with path.open("wb") as out:
        shutil.copyfileobj(field.file, out, 1 << 20)
    field.file.close()


def _forget_result(response: web.StreamResponse, results: Path) -> None:
    """Unlink a file that is answered with: it has been opened, and is gone from the disk when it has been sent."""
    body: Any = getattr(response, "body", None)
    if isinstance(body, payload.IOBasePayload) and body.filename:
        path = results / Path(body.filename).name
        if path.is_file():
            _, _, name = path.name.partition("-")
            response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
            path.unlink()


def _told(status: int, sentence: str) -> web.Response:
    return web.json_response({"message": sentence}, status=status)
