"""Whether a JPEG 2000 file is whole, told by its first and last bytes (ISO/IEC 15444-1, annexes A and I)."""

JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
CODESTREAM_START = b"\xff\x4f\xff\x51"
HEAD_BYTES = 2**16  # boxes before the code stream: a header and some kB of georeference
TAIL_BYTES = 2**12
_CODESTREAM_END = b"\xff\xd9"


def is_jpeg2000(head: bytes) -> bool:
    """Whether a file that begins like this is JPEG 2000, with or without its boxes."""
    return head.startswith((JP2_SIGNATURE, CODESTREAM_START))


def damage(head: bytes, tail: bytes | None, size: int) -> str | None:
    """What is missing of a JPEG 2000 file, in words; None where nothing is known to be.

    Args:
        head: its first `HEAD_BYTES` bytes.
        tail: its last `TAIL_BYTES` bytes, or None where they are not at hand.
        size: of the file in bytes.
    """
    if head.startswith(CODESTREAM_START):
        return _open_end(tail)
    position = 0
    while position + 8 <= min(size, len(head)):
        length, kind = _box(head, position)
        if length == 0:  # to the end of the file
            return _open_end(tail) if kind == b"jp2c" else "its code stream"
        position += max(length, 8)
        if position > size:
            return f"{position - size} bytes at its end"
        if kind == b"jp2c":
            return _open_end(tail) if position == size else None
    # What lies beyond the bytes at hand is not known.
    return "its code stream" if size <= len(head) else None


def _box(head: bytes, position: int) -> tuple[int, bytes]:
    length, kind = int.from_bytes(head[position : position + 4], "big"), head[position + 4 : position + 8]
    return (int.from_bytes(head[position + 8 : position + 16], "big") if length == 1 else length), kind


def _open_end(tail: bytes | None) -> str | None:
    # Writers may pad with some zeros; a file that was never filled has many.
    if tail is None or tail.rstrip(b"\0").endswith(_CODESTREAM_END):
        return None
    return "the end of its code stream"
