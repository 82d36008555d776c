"""How the C library's allocator treats the large blocks of training on a CPU."""

import ctypes
import sys

# Parameters of mallopt(3), GNU C library
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
LARGEST_INT = 2**31 - 1
HEAP_BLOCK_BYTES = 1 << 30  # smaller blocks come from the heap
OLD_HEAP_BLOCK_BYTES = 32 << 20  # the most that older C libraries take
GROWTH_BYTES = 256 << 20


def keep_freed_memory() -> bool:
    """Let this process keep the memory it frees, for its next training step; whether the C library can.

    Each step allocates and frees the same activations. By default glibc hands large blocks back to the
    system, and the next step pays for thousands of page faults: a tenth to a fifth of its CPU time for a
    codec with 64 channels. Afterwards the process stays as large as its largest step. Linux with glibc only, and
    not always: in about one process in four, by the place that the kernel gave the heap, nothing or half is kept.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # musl has no mallopt
        return False
    large = mallopt(M_MMAP_THRESHOLD, HEAP_BLOCK_BYTES) or mallopt(M_MMAP_THRESHOLD, OLD_HEAP_BLOCK_BYTES)
    return bool(large and mallopt(M_TRIM_THRESHOLD, LARGEST_INT) and mallopt(M_TOP_PAD, GROWTH_BYTES))
