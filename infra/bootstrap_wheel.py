"""Fetch one locked wheel from the package index that pip is set up for. Standard library only."""

from __future__ import annotations

import base64
import configparser
import hashlib
import html
import os
import platform
import re
import ssl
import sys
import urllib.parse
import urllib.request
from pathlib import Path

DEFAULT_INDEX = "https://pypi.org/simple"


class SetUpError(Exception):
    """The set-up cannot go on; the text says what to do."""


def fetch_wheel(lock: Path, name: str) -> bytes:
    """Fetch the wheel that `lock` names for this platform.

    Raises
    ------
    SetUpError
        The index has no such wheel for this platform, or its content is not the locked one.

    """
    version, hashes = locked(lock, name)
    index = (pip_option("index-url") or DEFAULT_INDEX).rstrip("/")
    page, base = get(f"{index}/{name}/")
    links = [html.unescape(link) for link in re.findall(r'href="([^"]+)"', page.decode())]
    fits = re.compile(rf"{name}-{re.escape(version)}-py3-none-(any|{platform_tag()})\.whl")
    for link in links:
        url = urllib.parse.urljoin(base, link)
        file = urllib.parse.unquote(urllib.parse.urlsplit(url).path.rsplit("/", 1)[-1])
        if fits.fullmatch(file):
            content, _ = get(url)
            if hashlib.sha256(content).hexdigest() not in hashes:
                raise SetUpError(f"{file} from {index} is not the file that was locked")
            return content
    raise SetUpError(f"{index} has no {name} {version} for this platform")


def platform_tag() -> str:
    """Return a pattern of wheel tags that run here."""
    machine = platform.machine()
    if sys.platform == "darwin":
        return rf"macosx_[0-9_]+_{machine}"
    return rf"manylinux[^-]*_{machine}(\.[^-]*)?"


def locked(lock: Path, name: str) -> tuple[str, set[str]]:
    """Return a package's version and the hashes of its files."""
    match = re.search(rf"^{name}==(\S+)((?: *\\\n *--hash=\S+)+)", lock.read_text(), re.MULTILINE)
    if match is None:
        raise SetUpError(f"{lock} does not name {name}: run `make lock`")
    return match.group(1), set(re.findall(r"sha256:([0-9a-f]{64})", match.group(2)))


def get(url: str) -> tuple[bytes, str]:
    """Fetch an address; return the content and where it came from after redirections."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https", "file"):
        raise SetUpError(f"{url} is no address of a package index")
    host = parts.netloc.rpartition("@")
    plain = parts._replace(netloc=host[2]).geturl()
    request = urllib.request.Request(plain)  # noqa: S310 - the scheme is checked above
    request.add_header("Accept", "text/html")
    if host[0]:
        token = base64.b64encode(urllib.parse.unquote(host[0]).encode()).decode()
        request.add_header("Authorization", "Basic " + token)
    context = ssl.create_default_context(cafile=pip_option("cert"))
    try:
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:  # noqa: S310 - as above
            return answer.read(), answer.geturl()
    except OSError as exc:
        raise SetUpError(
            f"{host[2]} does not answer ({exc}); behind a mirror or a proxy set "
            "PIP_INDEX_URL, PIP_CERT or https_proxy"
        ) from exc


def pip_option(name: str) -> str | None:
    """Read an option as pip does: environment, then the user's file, then the machine's."""
    variable = "PIP_" + name.upper().replace("-", "_")
    if name == "timeout":
        variable = "PIP_DEFAULT_TIMEOUT"
    if value := os.environ.get(variable):
        return value
    config = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    files = [os.environ.get("PIP_CONFIG_FILE", ""), config + "/pip/pip.conf"]
    files += [str(Path.home() / ".pip" / "pip.conf"), "/etc/pip.conf"]
    for path in filter(None, files):
        parser = configparser.RawConfigParser()
        parser.read(path)
        for section in ("install", "global"):
            if parser.has_option(section, name):
                return parser.get(section, name).strip()
    return None
