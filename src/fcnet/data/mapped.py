"""Arrays of bytes that stay in their file: parts are read when they are accessed, and released again.

For images that do not fit into memory. What was accessed counts as this process's memory until ``release``.
"""

import errno
import mmap
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcnet.errors import ResourceError

RELEASE_BYTES = 1 << 25  # accessed before it is released: 32 MiB


@dataclass(frozen=True, eq=False)
class Mapped:
    """An array of bytes in a file.

    Attributes:
        array: uint8 (N, ...); its contents are read when they are accessed.
    """

    array: NDArray[np.uint8]
    _map: mmap.mmap
    _folder: Path

    @classmethod
    def open(cls, path: Path, shape: tuple[int, ...], access: int = mmap.ACCESS_READ) -> "Mapped":
        """Open the array of a .npy file. Raises ValueError if it has another shape or type.

        Args:
            path: the file.
            shape: of the array.
            access: ACCESS_COPY for an array that can be written, without changing the file.
        """
        begin = header(shape)
        with path.open("rb") as file:
            if file.read(len(begin)) != begin:
                raise ValueError(f"{path}: does not hold an array of bytes {shape}")
            return cls._of(file.fileno(), len(begin), shape, path.parent, access)

    @classmethod
    def _of(
        cls, file: int, start: int, shape: tuple[int, ...], folder: Path, access: int = mmap.ACCESS_READ
    ) -> "Mapped":
        found = mmap.mmap(file, 0, access=access)  # read-only by default: writable memory would have to be available
        array = np.frombuffer(found, np.uint8, count=int(np.prod(shape)), offset=start)
        return cls(array.reshape(shape), found, folder)

    def release(self) -> None:
        """Release the memory of what was accessed; it is read again on the next access."""
        if hasattr(mmap, "MADV_DONTNEED"):  # elsewhere the system releases it by itself, when it needs memory
            self._map.madvise(mmap.MADV_DONTNEED)

    def take(self, rows: NDArray[np.int64]) -> "Mapped":
        """Return some rows (n,), in that order: from this file if they are contiguous, else from a temporary copy."""
        first = int(rows[0]) if len(rows) else 0
        if np.array_equal(rows, np.arange(first, first + len(rows))):
            return replace(self, array=self.array[first : first + len(rows)])
        try:
            with tempfile.TemporaryFile(dir=self._folder, buffering=0) as file:
                for part in pieces(len(rows), self.array[0].nbytes):
                    left = memoryview(self.array[rows[part]].tobytes())
                    while left:
                        left = left[file.write(left) :]
                    self.release()
                return Mapped._of(file.fileno(), 0, (len(rows), *self.array.shape[1:]), self._folder)
        except OSError as error:
            if error.errno == errno.ENOMEM:
                raise
            raise ResourceError(
                f"{self._folder}: cannot be written ({error.strerror or error}), and selected images are copied there;"
                " set data.cache to a folder with enough space"
            ) from None


def header(shape: tuple[int, ...]) -> bytes:
    """Return the header of a .npy file of bytes of a shape."""
    buffer = BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def pieces(n: int, row_bytes: int) -> Iterator[slice]:
    """Return slices of n rows, each of about ``RELEASE_BYTES``."""
    size = max(RELEASE_BYTES // row_bytes, 1)
    return (slice(start, min(start + size, n)) for start in range(0, n, size))
