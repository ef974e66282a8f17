"""`get_file`: a file of the network, once, into the user's cache."""

import hashlib
import os
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile

_CHUNK = 2**20


def get_file(fname=None, origin=None, untar=False, md5_hash=None, file_hash=None, cache_subdir="datasets",
             hash_algorithm="auto", extract=False, archive_format="auto", cache_dir=None, force_download=False):  # fmt: skip
    """The path of the file at the URL `origin`, downloaded unless it is in the cache already.

    With `extract` (or `untar`) the archive is unpacked, and the path of the folder comes back: `name_extracted` for an
    `fname` such as "name.zip", else `fname`, or what the URL ends in, itself.
    Arguments: `fname` (None: the last part of the URL; an absolute path is taken as it is), `file_hash` (SHA-256, or
    MD5 by its length or `hash_algorithm`), `cache_subdir` in `cache_dir` (None: `$KERAS_HOME` or `~/.keras`),
    `force_download`.
    Errors: ValueError for a wrong hash and without `origin`; OSError with the URL if it cannot be downloaded.

    >>> import pathlib
    >>> from engine.utils import get_file
    >>> url = pathlib.Path("notes.txt").absolute().as_uri() if pathlib.Path("notes.txt").write_text("hello") else ""
    >>> pathlib.Path(get_file(origin=url, cache_dir="cache")).read_text()
    'hello'
    """
    if origin is None:
        raise ValueError('get_file takes the URL of the file: get_file("name.zip", origin="https://...").')
    name = fname or os.path.basename(urllib.parse.urlparse(origin).path)
    if not name:
        raise ValueError(f"get_file cannot tell a name from {origin!r}. Give one: get_file('name', origin=...).")
    folder = path = os.path.join(cache_dir or cache_folder(), cache_subdir, name)  # an absolute name stays what it is
    if extract or untar:
        stem, dot = os.path.splitext(path)
        path, folder = (path, f"{stem.removesuffix('.tar')}_extracted") if fname and dot else (f"{path}_archive", path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    there = os.path.exists(path) and not force_download
    expected, algorithm = (file_hash, hash_algorithm) if file_hash else (md5_hash, "md5")
    if not there or (expected and not _matches(path, expected, algorithm)):
        there = False
        _download(origin, path)
        if expected and not _matches(path, expected, algorithm):
            os.remove(path)
            raise ValueError(f"get_file: what {origin} gives has not the hash {expected!r}. It was deleted.")
    if (extract or untar) and not (there and os.path.exists(folder)):
        _unpack(path, folder)
    return folder


def cache_folder():
    """Where files of the network are kept: `$KERAS_HOME`, else `~/.keras`."""
    return os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")


def _download(origin, path):
    """Write what is at `origin` to `path`, whole or not at all."""
    handle, part = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "wb") as file, urllib.request.urlopen(origin) as answer:
            shutil.copyfileobj(answer, file, _CHUNK)
        os.replace(part, path)
    except (OSError, urllib.error.URLError) as error:
        raise OSError(f"get_file: {origin} cannot be downloaded to {path}: {error}") from error
    finally:
        if os.path.exists(part):
            os.remove(part)


def _matches(path, expected, algorithm):
    if algorithm == "auto":
        algorithm = "sha256" if len(expected) == 64 else "md5"
    found = hashlib.new(algorithm)
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest() == expected


def _unpack(path, folder):
    """Unpack a zip or tar file into `folder`; names that lead out of it are refused."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as temporary:
        inside = os.path.join(temporary, "inside")
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                archive.extractall(inside)
        elif tarfile.is_tarfile(path):
            with tarfile.open(path) as archive:
                archive.extractall(inside, filter="data")
        else:
            raise ValueError(f"get_file: {path} is no zip or tar file. Leave out extract=True.")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(inside, folder)
