"""Files by address, such as s3://bucket/texts.csv, read in parts by the library fsspec."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from interp_core.errors import BadInput

WRITTEN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# The kinds of addresses that are opened, and the package that each needs beside fsspec.
KINDS = {
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("az", "abfs", "abfss"), "adlfs"),
    **dict.fromkeys(("http", "https"), "aiohttp"),
    "hf": "huggingface_hub",
    "file": "",
    "memory": "",
}
PART = 2**20  # bytes that are asked for at a time
SAID = 200  # characters of somebody else's message


def is_address(source: object) -> bool:
    """Whether this is an address and no path."""
    return isinstance(source, str) and bool(WRITTEN.match(source))


@dataclass(frozen=True)
class Address:
    """The address of a file. Raises `BadInput` for kinds that are not opened."""

    url: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS or "::" in self.url:
            raise BadInput(
                f"Addresses of the kind {self.kind!r} are not opened. Use one of "
                f"{', '.join(f'{kind}://' for kind in KINDS)}, or copy the file here."
            )

    @property
    def kind(self) -> str:
        """What stands before ://."""
        return self.url.partition("://")[0].lower()

    @property
    def name(self) -> str:
        """The file's name, without what may be secret in an address."""
        return PurePosixPath(urlsplit(self.url).path).name or self.kind

    def open(self) -> BinaryIO:
        """The file, of which only parts are ever held. Raises `BadInput`."""
        import fsspec

        try:
            file = fsspec.open(self.url, "rb").open()
        except ImportError as error:
            package = KINDS[self.kind]
            raise BadInput(
                f"{self.kind}:// needs the package {package}: `pip install {package}`."
            ) from error
        except Exception as error:  # every service has errors of its own
            raise self._unread(error) from error
        return io.BufferedReader(_Distant(file, self), PART)

    def asked(self, what: Callable[..., Any], *given: Any) -> Any:
        """What the service answers; its errors as `BadInput`."""
        try:
            return what(*given)
        except Exception as error:
            raise self._unread(error) from error

    def _unread(self, error: Exception) -> BadInput:
        lines = str(error).strip().splitlines() or [""]
        said = f"{type(error).__name__} {lines[0][:SAID]}".strip()
        return BadInput(
            f"The file {self.name!r} cannot be read from {self.kind}://: {said}. Check the address "
            "and what this machine may open."
        )


class _Distant(io.RawIOBase):
    def __init__(self, file: Any, address: Address) -> None:
        self.file, self.address, self.name = file, address, address.name

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.address.asked(self.file.read, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.address.asked(self.file.seek, offset, whence)

    def tell(self) -> int:
        return self.address.asked(self.file.tell)

    def close(self) -> None:
        if not self.closed:
            self.file.close()
        super().close()
