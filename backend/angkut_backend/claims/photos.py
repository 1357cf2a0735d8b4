"""Photos, encoded anew: what is kept is a picture and nothing else."""

import io
import struct
from dataclasses import dataclass

from PIL import Image, ImageOps

from angkut_backend.errors import BackendError

MAX_UPLOAD_BYTES = 4 * 1024 * 1024
#: Larger ones would take more memory to open than a request is worth.
MAX_PIXELS = 40_000_000
#: Longest side of what is kept: a bracket and a label can be read.
SIDE_PX = 1280
_QUALITY = 80
_FORMATS = ("JPEG", "PNG", "WEBP")
#: What Pillow raises for files that are damaged or pretend, by format.
_DAMAGED = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class PhotoError(BackendError):
    """This is no photo: send a JPEG, PNG or WebP image."""

    status = 422
    code = "malformed_input"


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as it is kept."""

    jpeg: bytes
    width_px: int
    height_px: int


def encode(content: bytes) -> Photo:
    """Make a JPEG of at most 1280 pixels a side, turned upright, without any metadata.

    Position, time, camera and owner that the phone wrote into the file are gone by that, and so is
    anything hidden in it.

    Raises
    ------
    PhotoError
        It is no image of a known kind, damaged, or too large.

    """
    if len(content) > MAX_UPLOAD_BYTES:
        raise PhotoError(f"a photo may have {MAX_UPLOAD_BYTES} bytes at most: make it smaller")
    try:
        return _encode(content)
    except PhotoError:
        raise
    except _DAMAGED as exc:
        raise PhotoError from exc


def _encode(content: bytes) -> Photo:
    with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
        width, height = opened.size
        if width * height > MAX_PIXELS:
            raise PhotoError(
                f"the photo has {width} x {height} pixels, {MAX_PIXELS} at most: make it smaller"
            )
        # First of all, so that only one copy is ever large; a JPEG is not even decoded whole.
        opened.thumbnail((SIDE_PX, SIDE_PX))
        picture = _plain(ImageOps.exif_transpose(opened))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return Photo(out.getvalue(), *picture.size)


def _plain(picture: Image.Image) -> Image.Image:
    """Return its colours alone, on white where it is transparent.

    A copy would carry comments and profiles along; a new picture has none.
    """
    plain = Image.new("RGB", picture.size, "white")
    if picture.has_transparency_data:
        layered = picture.convert("RGBA")
        plain.paste(layered, mask=layered.getchannel("A"))
    else:
        plain.paste(picture.convert("RGB"))
    return plain
