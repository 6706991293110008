"""Files of data sets: where they are kept, and how they get there."""

import contextlib
import dataclasses
import hashlib
import http.client
import importlib.util
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

#: The environment variable that says where data sets are kept.
VARIABLE = "SPAIC_JAX_DATA"

#: How often a download that breaks off goes on without having got any further, s without an answer, and bytes at once.
_TRIES, _TIMEOUT, _PIECE = 3, 30.0, 1 << 20


@dataclasses.dataclass(frozen=True)
class Remote:
    """A file that can be downloaded.

    Attributes:
        name: what it is called.
        urls: where it is, the first that answers being taken.
        md5: its checksum as its publisher or a well-known loader states it.
    """

    name: str
    urls: tuple[str, ...]
    md5: str | None = None


def cache_folder() -> Path:
    """Where data sets are kept: `$SPAIC_JAX_DATA`, or `spaic_jax` in `$XDG_CACHE_HOME` or `~/.cache`."""
    own = os.environ.get(VARIABLE)
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "spaic_jax"


def fetch(what: str, remote: Remote, path: str | os.PathLike[str] | None = None) -> Path:
    """A file of a data set: a local one, one from the cache, or one that is downloaded into it.

    Args:
        what: name of the data set, which is that of its folder in the cache.
        remote: the file.
        path: a folder that has the file, unpacked or not; nothing is downloaded then.

    Raises:
        FileNotFoundError: `path` does not have it.
        OSError: it cannot be downloaded; the sentence says where to put it.
        ValueError: what was downloaded is another file.
    """
    if path is not None:
        for name in (remote.name, remote.name.removesuffix(".gz")):
            if (file := Path(path) / name).is_file():
                return file
        raise FileNotFoundError(f"'{what}' needs the file {remote.name} in '{path}'.")
    file = cache_folder() / what / remote.name
    if not file.is_file():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(f"'{file.parent}' cannot be made ({error.strerror}): set {VARIABLE} to a folder for data.") from error
        reasons = []
        for url in remote.urls:
            try:
                download(url, file, md5=remote.md5)
                break
            except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
                reasons.append(f"{url}: {getattr(error, 'reason', None) or error or type(error).__name__}")
        else:
            raise OSError(
                f"{remote.name} of the data set '{what}' could not be downloaded ({'; '.join(reasons)}): put it into"
                f" '{file.parent}', or say where it is, path."
            )
    return file


def download(url: str, file: Path, *, md5: str | None = None) -> None:
    """Download a file so that it is whole or not there; a download that was broken off goes on where it was.

    Of several at once, in other processes too, one downloads, and the others wait for it.

    Args:
        url: where it is.
        file: what it becomes.
        md5: its checksum.

    Raises:
        OSError: no answer, or no room.
        ValueError: another checksum; what was downloaded is then removed.
    """
    part = file.with_name(f".part-{file.name}")
    tries = _TRIES
    with _alone(part), _progress(file.name) as report:
        if file.is_file():
            return
        while True:
            before = part.stat().st_size if part.exists() else 0
            try:
                _download_rest(url, part, report)
                break
            except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
                further = part.exists() and part.stat().st_size > before
                tries = _TRIES if further else tries - 1
                if not tries or isinstance(error, urllib.error.HTTPError):
                    raise
        if md5 is not None and (found := _md5(part)) != md5:
            part.unlink()
            raise ValueError(f"what {url} gave for {file.name} is another file: its md5 is {found}, but {md5} is stated.")
        os.replace(part, file)


@contextlib.contextmanager
def _alone(part: Path) -> Iterator[None]:
    """Have a file that is being made for oneself; it is left only where something is in it."""
    if fcntl is None:
        yield
        return
    while True:
        with open(part, "ab") as held:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(held, fcntl.LOCK_EX)
            # Who had it before may have made it what it becomes, and another is in its place.
            if not _is(part, held.fileno()):
                continue
            try:
                yield
            finally:
                if not os.fstat(held.fileno()).st_size:
                    part.unlink(missing_ok=True)
            return


def _is(path: Path, descriptor: int) -> bool:
    """Whether an open file still has its name."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _download_rest(url: str, part: Path, report: Callable[[int, int | None], None]) -> None:
    """Append what is missing of a file."""
    there = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={there}-"} if there else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not there:
            raise
        # Nothing follows: it is whole, or too much is there.
        if error.headers.get("Content-Range", "").rpartition("/")[2] != str(there):
            # Emptied, not removed: others wait for this file.
            os.truncate(part, 0)
            _download_rest(url, part, report)
        return
    with answer, open(part, "ab") as out:
        if answer.status != 206 or not answer.headers.get("Content-Range", "").startswith(f"bytes {there}-"):
            # The server gives the whole anew.
            there = 0
            out.truncate(0)
        length = answer.headers.get("Content-Length")
        total = None if length is None else there + int(length)
        report(there, total)
        while piece := answer.read(_PIECE):
            out.write(piece)
            there += len(piece)
            report(there, total)
    if total is not None and there < total:
        raise ConnectionError(f"it broke off after {there} of {total} bytes")


def _md5(file: Path) -> str:
    with open(file, "rb") as contents:
        return hashlib.file_digest(contents, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


@contextlib.contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on stderr, where rich is installed."""
    if importlib.util.find_spec("rich") is None:
        yield lambda there, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda there, total: bar.update(task, completed=there, total=total)
