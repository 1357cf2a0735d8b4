"""Photos are checked and encoded anew."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from angkut_backend.claims.photos import MAX_UPLOAD_BYTES, SIDE_PX, PhotoError, encode


def picture(kind: str, *, size: tuple[int, int] = (400, 200), mode: str = "RGB") -> bytes:
    image = Image.new(mode, size, "red" if mode == "RGB" else None)
    exif = image.getexif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "SECRETPHONE"
    exif.get_ifd(0x8825).update({1: "S", 2: (6.0, 14.0, 0.0)})  # position
    out = io.BytesIO()
    image.save(out, kind, exif=exif, **({"comment": b"SECRETPHONE"} if kind == "JPEG" else {}))
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_turned_upright_and_loses_what_the_phone_wrote(kind: str) -> None:
    content = picture(kind)
    assert b"SECRETPHONE" in content
    photo = encode(content)
    assert (photo.width_px, photo.height_px) == (200, 400)
    assert b"SECRETPHONE" not in photo.jpeg
    with Image.open(io.BytesIO(photo.jpeg)) as kept:
        assert (kept.format, kept.size) == ("JPEG", (200, 400))
        assert not kept.getexif()
        assert set(kept.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_large_photo_is_made_smaller_and_a_small_one_left() -> None:
    large = encode(picture("JPEG", size=(4000, 3000)))
    assert (large.width_px, large.height_px) == (SIDE_PX * 3 // 4, SIDE_PX)
    assert (encode(picture("PNG", size=(3, 2))).width_px) == 2


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "CMYK"])
def test_every_kind_of_colour_is_taken(mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (8, 8)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    assert encode(out.getvalue()).width_px == 8


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a" + bytes(40),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        picture("JPEG")[:300],
        picture("PNG")[:60],
        b"\xff\xd8\xff" + bytes(100),
        bytes(MAX_UPLOAD_BYTES + 1),
    ],
    ids=["nothing", "gif", "svg", "half a jpeg", "half a png", "pretends", "too large"],
)
def test_what_is_no_whole_photo_is_refused(content: bytes) -> None:
    with pytest.raises(PhotoError):
        encode(content)


def test_a_small_file_that_unfolds_into_a_huge_picture_is_refused() -> None:
    bomb = picture("PNG", size=(8000, 8000), mode="1")
    assert len(bomb) < MAX_UPLOAD_BYTES
    with pytest.raises(PhotoError, match="8000 x 8000"):
        encode(bomb)


# Pillow warns of metadata that it cannot read, and goes on.
@pytest.mark.filterwarnings("ignore::UserWarning")
@given(st.binary(max_size=200), st.integers(0, 600), st.sampled_from(["JPEG", "PNG", "WEBP"]))
def test_damage_anywhere_gives_a_photo_or_a_refusal(junk: bytes, at: int, kind: str) -> None:
    content = picture(kind, size=(16, 16))
    damaged = content[:at] + junk + content[at + len(junk) :]
    try:
        photo = encode(damaged)
    except PhotoError:
        return
    assert photo.jpeg.startswith(b"\xff\xd8")
