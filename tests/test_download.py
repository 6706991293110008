"""Downloads from a server of this machine that breaks off, lies, or is not there."""

import hashlib
import http.server
import threading
import urllib.error

import numpy as np
import pytest

from spaic_jax.data import cache_folder
from spaic_jax.data.download import Remote, download, fetch

CONTENTS = np.random.default_rng().bytes(300_000)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_message(self, *_):
        pass

    def do_GET(self):
        server, begin = self.server, 0
        asked = self.headers.get("Range")
        server.asked.append(asked)
        if self.path == "/none":
            self.send_error(404)
            return
        if asked and self.path != "/no-range":
            begin = int(asked.removeprefix("bytes=").removesuffix("-"))
            if begin >= len(CONTENTS):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(CONTENTS)}")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(CONTENTS) - 1}/{len(CONTENTS)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENTS) - begin))
        self.end_headers()
        # Each answer but to the last of these requests stops early.
        stop = begin + server.breaks.pop(0) if server.breaks else len(CONTENTS)
        half = (begin + stop) // 2
        self.wfile.write(CONTENTS[begin:half])
        if self.path == "/slow":
            server.pause.wait()
        self.wfile.write(CONTENTS[half:stop])


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("SPAIC_JAX_DATA", str(tmp_path / "cache"))
    # Whatever the environment says of proxies, this server is asked itself.
    monkeypatch.setenv("no_proxy", "*")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        served.breaks, served.asked = [], []
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        served.url = f"http://127.0.0.1:{served.server_port}"
        yield served
        served.shutdown()
        thread.join()


MD5 = hashlib.md5(CONTENTS).hexdigest()


def test_a_file_is_whole_or_not_there(server, tmp_path):
    download(f"{server.url}/a", tmp_path / "a", md5=MD5)
    assert (tmp_path / "a").read_bytes() == CONTENTS and sorted(file.name for file in tmp_path.iterdir()) == ["a"]
    with pytest.raises(ValueError, match="gave for b is another file: its md5 is"):
        download(f"{server.url}/b", tmp_path / "b", md5="0" * 32)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a"]


def test_what_breaks_off_goes_on_where_it_was(server, tmp_path):
    server.breaks = [100, 70_000, 0, 0, 1]
    download(f"{server.url}/a", tmp_path / "a", md5=MD5)
    assert (tmp_path / "a").read_bytes() == CONTENTS
    assert server.asked == [None, "bytes=100-", "bytes=70100-", "bytes=70100-", "bytes=70100-", "bytes=70101-"]
    # Killed before: what was there is kept, by another process too.
    (tmp_path / ".part-b").write_bytes(CONTENTS[:1000])
    download(f"{server.url}/b", tmp_path / "b", md5=MD5)
    assert server.asked[-1] == "bytes=1000-"
    (tmp_path / ".part-c").write_bytes(CONTENTS)
    download(f"{server.url}/c", tmp_path / "c")
    (tmp_path / ".part-d").write_bytes(CONTENTS + b"more")
    download(f"{server.url}/d", tmp_path / "d")
    (tmp_path / ".part-e").write_bytes(b"other")
    server.breaks = [400]
    download(f"{server.url}/no-range", tmp_path / "e")
    assert all((tmp_path / name).read_bytes() == CONTENTS for name in "bcde")


def test_of_two_at_once_one_downloads(server, tmp_path):
    server.pause = threading.Event()
    both = [threading.Thread(target=download, args=(f"{server.url}/slow", tmp_path / "a"), kwargs={"md5": MD5}) for _ in range(2)]
    for thread in both:
        thread.start()
    while not server.asked:
        pass
    both[1].join(0.2)
    server.pause.set()
    for thread in both:
        thread.join()
    assert server.asked == [None] and (tmp_path / "a").read_bytes() == CONTENTS
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_without_a_server_the_error_says_where_to_put_the_file(server, tmp_path):
    server.breaks = [0] * 3
    with pytest.raises(ConnectionError, match="broke off after 0 of 300000 bytes"):
        download(f"{server.url}/a", tmp_path / "a")
    with pytest.raises(urllib.error.HTTPError):
        download(f"{server.url}/none", tmp_path / "a")
    asked = len(server.asked)
    urls = (f"{server.url}/none", "http://127.0.0.1:9/a")
    with pytest.raises(OSError, match="a.gz of the data set 'two' could not be downloaded") as error:
        fetch("two", Remote("a.gz", urls))
    assert all(url in str(error.value) for url in urls) and str(tmp_path / "cache" / "two") in str(error.value)
    assert len(server.asked) == asked + 1
    # The second address is asked where the first does not answer; what is there is not asked for again.
    there = fetch("two", Remote("a.gz", (urls[1], f"{server.url}/a"), MD5))
    assert there == cache_folder() / "two" / "a.gz" == fetch("two", Remote("a.gz", urls)) and there.read_bytes() == CONTENTS


def test_a_local_file_is_taken_packed_or_not(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    assert fetch("two", Remote("a.gz", ()), tmp_path) == tmp_path / "a"
    (tmp_path / "a.gz").write_bytes(b"1")
    assert fetch("two", Remote("a.gz", ()), tmp_path) == tmp_path / "a.gz"
    with pytest.raises(FileNotFoundError, match="'two' needs the file b in"):
        fetch("two", Remote("b", ()), tmp_path)


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("SPAIC_JAX_DATA", str(tmp_path / "file"))
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot be made .*: set SPAIC_JAX_DATA to a folder"):
        fetch("two", Remote("a", ()))
    monkeypatch.delenv("SPAIC_JAX_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "spaic_jax"
