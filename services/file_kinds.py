"""What a file really is, and pictures without their metadata."""

from __future__ import annotations

import io
import warnings
import zipfile
from dataclasses import dataclass
from typing import Any

import filetype
from PIL import Image, ImageOps, UnidentifiedImageError

from services.errors import Refusal

#: Most pixels a picture may unpack to, all frames together; a small file can claim billions.
MAX_PIXELS = 60_000_000
MAX_FRAMES = 300


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that may be kept. ``format`` is Pillow's name of a picture format."""

    mime: str
    endings: tuple[str, ...]
    format: str = ""

    @property
    def picture(self) -> bool:
        return bool(self.format)


_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS = (
    Kind("image/png", ("png",), "PNG"),
    Kind("image/jpeg", ("jpg", "jpeg"), "JPEG"),
    Kind("image/webp", ("webp",), "WEBP"),
    Kind("image/gif", ("gif",), "GIF"),
    Kind("application/pdf", ("pdf",)),
    Kind(_WORD, ("docx",)),
    Kind(_SHEET, ("xlsx",)),
    Kind("text/plain", ("txt",)),
    Kind("video/mp4", ("mp4",)),
    Kind("audio/mpeg", ("mp3",)),
    Kind("audio/mp4", ("m4a",)),
)
ENDINGS = tuple(ending for kind in KINDS for ending in kind.endings)
_BY_ENDING = {ending: kind for kind in KINDS for ending in kind.endings}
_BY_MIME = {kind.mime: kind for kind in KINDS}
#: Brands of the MP4 family that hold sound only.
_SOUND_BRANDS = (b"M4A ", b"M4B ", b"M4P ")


def kind_of(name: str, content: bytes) -> Kind:
    """What ``content`` is, if it may be kept and is what ``name`` claims by its ending.

    Raises `Refusal` ``file_kind`` (422) or ``file_mismatch`` (422)."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    claimed = _BY_ENDING.get(ending)
    if claimed is None:
        raise Refusal("file_kind", 422, ending=ending or "-", allowed=", ".join(ENDINGS))
    found = _sniff(content)
    if found != claimed.mime:
        raise Refusal("file_mismatch", 422, claimed=ending, found=_name(found))
    return claimed


def _name(mime: str) -> str:
    kind = _BY_MIME.get(mime)
    return kind.endings[0] if kind is not None else mime or "?"


def _sniff(content: bytes) -> str:
    """The MIME type of the bytes, "" where nothing is recognised."""
    if content[4:8] == b"ftyp":
        if content[8:12] in _SOUND_BRANDS:
            return "audio/mp4"
        guess = filetype.guess(content)
        return str(guess.mime) if guess is not None else ""
    if content.startswith(b"PK\x03\x04"):
        return _office(content)
    guess = filetype.guess(content)
    if guess is not None:
        return str(guess.mime)
    return "text/plain" if _is_text(content) else ""


def _office(content: bytes) -> str:
    """An Office document is a zip with parts of given names; macros are another kind of file.
    Nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = {info.filename for info in archive.infolist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return "application/zip"
    if "[Content_Types].xml" not in names or any(n.endswith("vbaProject.bin") for n in names):
        return "application/zip"
    if "word/document.xml" in names:
        return _WORD
    return _SHEET if "xl/workbook.xml" in names else "application/zip"


def _is_text(content: bytes) -> bool:
    if b"\0" in content:
        return False
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # A page or a drawing with script in it is text too, but not what a .txt claims to be.
        head = text.lstrip()[:200].lower()
        if head.startswith(("<!doctype", "<html", "<svg", "<?xml", "<script")):
            return False
        return not any(ord(char) < 32 and char not in "\t\r\n\f\x1b" for char in text)
    return False


def clean_picture(content: bytes, kind: Kind) -> bytes:
    """The picture written anew: same pixels, upright, no metadata of any kind.

    Raises `Refusal` ``picture_broken`` or ``picture_too_large`` (422)."""
    try:
        with warnings.catch_warnings():
            # Pillow only warns where we refuse.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=[kind.format]) as picture:
                frames = getattr(picture, "n_frames", 1)
                if frames > MAX_FRAMES or picture.width * picture.height * frames > MAX_PIXELS:
                    raise Refusal("picture_too_large", 422)
                return _rewrite(picture, kind, frames)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refusal("picture_too_large", 422) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise Refusal("picture_broken", 422) from error


def _rewrite(picture: Image.Image, kind: Kind, frames: int) -> bytes:
    out = io.BytesIO()
    if frames > 1:
        pictures, durations = [], []
        for index in range(frames):
            picture.seek(index)
            durations.append(picture.info.get("duration", 100))
            pictures.append(_bare(picture.convert("RGBA")))
        options: dict[str, Any] = {"duration": durations, "loop": picture.info.get("loop", 0)}
        if kind.format == "GIF":
            options["disposal"] = 2
        pictures[0].save(out, kind.format, save_all=True, append_images=pictures[1:], **options)
        return out.getvalue()
    picture.load()
    upright = ImageOps.exif_transpose(picture)
    if kind.format == "JPEG" and upright.mode not in ("RGB", "L"):
        upright = upright.convert("RGB")
    bare = _bare(upright)
    if kind.format == "JPEG":
        bare.save(out, "JPEG", quality=90, optimize=True)
    elif kind.format == "WEBP":
        bare.save(out, "WEBP", quality=90, method=4)
    else:
        bare.save(out, kind.format)
    return out.getvalue()


def _bare(picture: Image.Image) -> Image.Image:
    """The pixels (and palette) alone: every Pillow writer takes what it adds from ``info``."""
    bare = picture.copy()
    transparency = picture.info.get("transparency")
    bare.info = {} if transparency is None else {"transparency": transparency}
    bare.getexif().clear()
    return bare
