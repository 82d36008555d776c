"""The server of the annotation page: patches out, masks in. Nothing in a request becomes part of a path."""

import asyncio
from hashlib import sha256
from typing import Any

import numpy as np
from aiohttp import web
from rasterio.crs import CRS
from rasterio.errors import CRSError

from annotation.front_door import Refused, front_door
from annotation.page_files import page_files
from annotation.patch_folder import PatchFolder, Start
from products.class_table import IGNORE

REVISION_HEADER = "X-Nadir-Revision"
PICTURE_LABELS = {"rgb": "RGB", "false_colour": "False colour"}
UNKNOWN_COLOUR = [128, 136, 148]
_CHUNK = 64 * 2**10  # bytes


class AnnotationServer:
    """The patches of a folder behind HTTP.

    Args:
        folder: the patches.
        token: that requests must bring along.
        start: where masks begin that nobody has mended yet.
        provenance: what is recorded with each mask, beside what the server knows.

    Attributes:
        app: for aiohttp.
        saved: numbers of the patches that were saved.
    """

    def __init__(
        self, folder: PatchFolder, token: str, start: Start, provenance: dict[str, Any] | None = None
    ) -> None:
        self.folder, self.start, self.provenance = folder, start, dict(provenance or {})
        self.saved: set[int] = set()
        self._files = page_files()
        self._writing = asyncio.Lock()
        self._identity = _identity(folder)
        self._largest = max(patch.height * patch.width for patch in folder.patches)
        self.app = web.Application(middlewares=[front_door(token)], client_max_size=self._largest)
        self.app.add_routes(
            [
                web.get("/api/alive", self.alive),
                web.get("/api/session", self.session),
                web.get(r"/api/patches/{number:\d{1,9}}", self.patch),
                web.get(r"/api/patches/{number:\d{1,9}}/layers/{layer:[a-z_]{1,32}}", self.layer),
                web.put(r"/api/patches/{number:\d{1,9}}/mask", self.save),
                web.get(r"/{name:[a-z_.]{0,32}}", self.page_file),
            ]
        )

    async def page_file(self, request: web.Request) -> web.Response:
        """A file of the page."""
        file = self._files.get(request.match_info["name"])
        if file is None:
            raise Refused(404, "there is no such page")
        return web.Response(body=file.content, content_type=file.media_type, charset="utf-8")

    async def alive(self, request: web.Request) -> web.Response:
        """Nothing, for as long as the server is there."""
        return web.Response(status=204)

    async def session(self, request: web.Request) -> web.Response:
        """Classes, and what there is to do."""
        return web.json_response(await asyncio.to_thread(self._session))

    def _session(self) -> dict[str, Any]:
        table = self.folder.classes
        classes = [
            {"index": index, "name": name, "colour": colour}
            for index, (name, colour) in enumerate(zip(table.names, table.colours, strict=True))
        ]
        classes.append({"index": IGNORE, "name": "unknown", "colour": UNKNOWN_COLOUR})
        return {
            "folder": self.folder.path.resolve().name,
            "identity": self._identity,
            "classes": classes,
            "pictures": PICTURE_LABELS,
            "patches": [
                {"name": patch.name, "id": patch.id, "score": patch.score, "edited": self.folder.is_edited(number)}
                for number, patch in enumerate(self.folder.patches)
            ],
        }  # fmt: skip

    async def patch(self, request: web.Request) -> web.Response:
        """What is known of a patch."""
        return web.json_response(await asyncio.to_thread(self._patch, self._number(request)))

    def _patch(self, number: int) -> dict[str, Any]:
        patch, grid = self.folder.patches[number], self.folder.grid(number)
        return {
            "name": patch.name,
            "id": patch.id,
            "height": patch.height,
            "width": patch.width,
            "window": None if patch.window is None else list(patch.window),
            "score": patch.score,
            "acquisition": patch.acquisition,
            "crs": "" if grid is None else _short_name(grid.crs),
            "transform": None if grid is None else grid.transform,
            "pictures": list(self.folder.pictures(number)),
            "layers": list(self.folder.layers(number)),
        }

    async def layer(self, request: web.Request) -> web.Response:
        """Pixels row by row: uint8 red, green, blue of a picture, uint8 class indices, or little-endian float32."""
        number, name = self._number(request), request.match_info["layer"]
        if name == "mask":
            async with self._writing:  # mask and revision belong together
                first, revision = await asyncio.to_thread(
                    lambda: (
                        self.folder.first_mask(number, self.start).mask,
                        self.folder.revision(number),
                    )
                )
            return web.Response(body=first.tobytes(), headers={REVISION_HEADER: revision})
        pixels = await asyncio.to_thread(self._read, number, name)
        if pixels is None:
            raise Refused(404, f"this patch has no layer {name}")
        return web.Response(body=pixels.tobytes())

    def _read(self, number: int, name: str) -> np.ndarray | None:
        if name in self.folder.pictures(number):
            return self.folder.picture(number, name)
        if name not in self.folder.layers(number):
            return None
        if name == "uncertainty":
            pixels = self.folder.uncertainty(number)
            return None if pixels is None else pixels.astype("<f4")
        return self.folder.known(number) if name == "known" else self.folder.prediction(number)

    async def save(self, request: web.Request) -> web.Response:
        """Keep a mask: uint8 class indices row by row, as many as the patch has pixels."""
        number = self._number(request)
        patch = self.folder.patches[number]
        mask = np.frombuffer(await _body(request, patch.height * patch.width), np.uint8).reshape(patch.shape)
        expected = request.headers.get(REVISION_HEADER)
        async with self._writing:
            revision = await asyncio.to_thread(self._save, number, mask, expected)
        return web.json_response({"revision": revision})

    def _save(self, number: int, mask: np.ndarray, expected: str | None) -> str:
        if expected is not None and expected != self.folder.revision(number):
            raise Refused(409, "this patch was saved elsewhere since it was opened")
        first = self.folder.first_mask(number, self.start)
        facts = {"started_from": first.source, "changed_pixels": int((first.mask != mask).sum())}
        self.folder.save(number, mask, {"source": "page", **self.provenance, **facts})
        self.saved.add(number)
        return self.folder.revision(number)

    def _number(self, request: web.Request) -> int:
        number = int(request.match_info["number"])
        if number >= len(self.folder.patches):
            raise Refused(404, f"there is no patch {number + 1}; the last one is {len(self.folder.patches)}")
        return number


def _identity(folder: PatchFolder) -> str:
    """What tells these patches from all others, but says nothing about them."""
    names = [
        str(folder.path.resolve()),
        *(f"{patch.name} {patch.id} {patch.shape}" for patch in folder.patches),
    ]
    return sha256("\n".join(names).encode()).hexdigest()


async def _body(request: web.Request, size: int) -> bytes:
    """The body of a request, which must have exactly `size` bytes and not be packed.

    Raises:
        Refused: it has fewer or more; no more than that many are read.
    """
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Refused(415, "masks are sent as they are, without Content-Encoding")
    body = bytearray()
    if (request.content_length or 0) <= size:
        async for chunk in request.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > size:
                break
    if len(body) > size or (request.content_length or 0) > size:
        raise Refused(413, f"found a mask of more than {size} bytes; expected one byte for each pixel")
    if len(body) < size:
        raise Refused(422, f"found a mask of {len(body)} bytes, expected {size}: one byte for each pixel")
    return bytes(body)


def _short_name(crs: str) -> str:
    """ "EPSG:32632" where the reference system has a number, else its name."""
    if not crs:
        return ""
    try:
        known = CRS.from_wkt(crs)
        code = known.to_epsg()
    except CRSError:
        return ""
    return f"EPSG:{code}" if code else crs.split('"')[1] if '"' in crs else ""
