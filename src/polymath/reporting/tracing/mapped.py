"""Files in memory that are read here and there: pages are asked for together before they are read one by one."""

from __future__ import annotations

import mmap
import resource
from pathlib import Path

import numpy as np

MOST_FILES = 10_240
"""As many as macOS allows a process."""


class MappedFiles:
    """Files that are mapped, and where they lie."""

    def __init__(self) -> None:
        """None yet. A mapped file stays open, and a mix may have more shards than a process may open files at first."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if 0 <= soft < MOST_FILES:
            most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        self._files: list[tuple[int, mmap.mmap]] = []

    def map(self, path: Path) -> mmap.mmap:
        """The bytes of a file that is not empty; nothing is read beside what is looked at."""
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        data.madvise(mmap.MADV_RANDOM)
        self._files.append((np.frombuffer(data, np.uint8).ctypes.data, data))
        return data

    def expect(self, array: np.ndarray, begin: np.ndarray, end: np.ndarray) -> None:
        """Have the system read these ranges of an array (elements, from and to), if it lies in one of the files."""
        address = array.ctypes.data
        for base, data in self._files:
            if base <= address < base + len(data):
                wanted = end > begin
                first = (address - base + begin[wanted] * array.itemsize) // mmap.PAGESIZE
                last = (address - base + (end[wanted] - 1) * array.itemsize) // mmap.PAGESIZE
                for page, until in np.unique(np.stack([first, last]), axis=1).T.tolist():
                    data.madvise(mmap.MADV_WILLNEED, page * mmap.PAGESIZE, (until - page + 1) * mmap.PAGESIZE)
