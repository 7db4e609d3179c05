"""Files: kept by content, what they are and not what they claim, pictures without metadata."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.PngImagePlugin import PngInfo

from models.intake import Attachment, StoredFile
from models.people import Person
from services import file_kinds, files
from services.errors import Refusal
from services.uow import Database
from tests.integration.words_rows import Unit, make_unit

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + b"\0" * 64
M4A = b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42" + b"\0" * 64
MP3 = b"ID3\x03\0\0\0\0\0\0" + b"\xff\xfb\x90\x00" + b"\0" * 64


@pytest.fixture
def unit(db: Database, now: datetime) -> Unit:
    return make_unit(db, now)


def office(part: str, *more: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("[Content_Types].xml", part, *more):
            archive.writestr(name, "<x/>")
    return out.getvalue()


def picture(format_: str, size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, format_, **options)
    return out.getvalue()


def photo() -> bytes:
    """A JPEG as a phone makes it: place, device, time, lying on its side."""
    exif = Image.Exif()
    exif[Base.Make] = "PhoneMaker"
    exif[Base.Orientation] = 6
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (30.0, 15.0, 0.0)
    return picture("JPEG", exif=exif, comment=b"who took it")


def keep(unit: Unit, root: Path, name: str, content: bytes) -> StoredFile:
    return unit.run(lambda uow: files.store(uow, root, name, content, unit.now))


def refused(work: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        work()
    return caught.value


@pytest.mark.parametrize(
    ("name", "content", "mime"),
    [
        ("a.PDF", PDF, "application/pdf"),
        ("b.docx", office("word/document.xml"), "application/vnd.openxmlformats"),
        ("c.xlsx", office("xl/workbook.xml"), "application/vnd.openxmlformats"),
        ("d.txt", "第一行\n第二行\n".encode(), "text/plain"),
        ("e.txt", "国标编码".encode("gb18030"), "text/plain"),
        ("f.mp4", MP4, "video/mp4"),
        ("g.m4a", M4A, "audio/mp4"),
        ("h.mp3", MP3, "audio/mpeg"),
        ("i.png", picture("PNG"), "image/png"),
        ("j.jpeg", picture("JPEG"), "image/jpeg"),
        ("k.webp", picture("WEBP"), "image/webp"),
        ("l.gif", picture("GIF"), "image/gif"),
    ],
)
def test_kinds_on_the_list_are_kept_under_their_hash(
    unit: Unit, tmp_path: Path, name: str, content: bytes, mime: str
) -> None:
    stored = keep(unit, tmp_path, name, content)
    assert stored.mime.startswith(mime)
    on_disk = files.path_of(tmp_path, stored.sha256).read_bytes()
    assert hashlib.sha256(on_disk).hexdigest() == stored.sha256
    assert stored.size == len(on_disk)
    if not mime.startswith("image/"):
        assert on_disk == content


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("page.html", b"<html></html>", "file_kind"),
        ("drawing.svg", b"<svg/>", "file_kind"),
        ("program", b"MZ\x90\0", "file_kind"),
        ("photo.jpg", PDF, "file_mismatch"),
        ("photo.png", picture("JPEG"), "file_mismatch"),
        ("paper.pdf", b"MZ\x90\0" + b"\0" * 100, "file_mismatch"),
        ("note.txt", b"\x7fELF\x02\x01\x01\0\0\0", "file_mismatch"),
        ("note.txt", b"  <!DOCTYPE html><script>1</script>", "file_mismatch"),
        ("note.txt", b"<svg onload=alert(1)>", "file_mismatch"),
        ("table.docx", office("xl/workbook.xml"), "file_mismatch"),
        ("macro.docx", office("word/document.xml", "word/vbaProject.bin"), "file_mismatch"),
        ("plain.docx", office("a.txt"), "file_mismatch"),
        ("broken.docx", b"PK\x03\x04 not a zip", "file_mismatch"),
        ("sound.mp4", M4A, "file_mismatch"),
        ("broken.png", picture("PNG")[:60], "picture_broken"),
        ("empty.txt", b"", "file_empty"),
    ],
)
def test_what_is_not_what_it_claims_is_refused(
    unit: Unit, tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    refusal = refused(lambda: keep(unit, tmp_path, name, content))
    assert (refusal.code, refusal.status) == (code, 422)
    assert not (tmp_path / "files").exists()


def test_a_file_over_the_limit_is_refused(
    unit: Unit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    refusal = refused(lambda: keep(unit, tmp_path, "a.txt", b"x" * 11))
    assert (refusal.code, refusal.status) == ("file_too_large", 413)


def test_pictures_lose_their_metadata_and_stand_upright(unit: Unit, tmp_path: Path) -> None:
    stored = keep(unit, tmp_path, "photo.jpg", photo())
    content = files.path_of(tmp_path, stored.sha256).read_bytes()
    assert b"PhoneMaker" not in content and b"who took it" not in content
    with Image.open(io.BytesIO(content)) as clean:
        assert dict(clean.getexif()) == {}
        assert clean.size == (30, 40)  # turned as the camera was held
    text = io.BytesIO()
    info = PngInfo()
    info.add_text("Author", "somebody")
    Image.new("RGBA", (4, 4), (1, 2, 3, 0)).save(text, "PNG", pnginfo=info)
    stored = keep(unit, tmp_path, "shot.png", text.getvalue())
    content = files.path_of(tmp_path, stored.sha256).read_bytes()
    assert b"somebody" not in content
    with Image.open(io.BytesIO(content)) as clean:
        assert clean.mode == "RGBA" and clean.getpixel((0, 0)) == (1, 2, 3, 0)


@pytest.mark.parametrize("format_", ["GIF", "WEBP"])
def test_moving_pictures_keep_their_frames(unit: Unit, tmp_path: Path, format_: str) -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "green", "blue")]
    frames[0].save(out, format_, save_all=True, append_images=frames[1:], duration=80, loop=0)
    stored = keep(unit, tmp_path, f"a.{format_.lower()}", out.getvalue())
    with Image.open(files.path_of(tmp_path, stored.sha256)) as kept:
        assert getattr(kept, "n_frames", 1) == 3


def test_a_picture_that_unpacks_to_billions_of_pixels_is_refused(
    unit: Unit, tmp_path: Path
) -> None:
    bomb = picture("PNG", (9000, 9000))
    assert len(bomb) < 1_000_000
    refusal = refused(lambda: keep(unit, tmp_path, "bomb.png", bomb))
    assert refusal.code == "picture_too_large"
    assert file_kinds.MAX_PIXELS < 9000 * 9000


@pytest.mark.parametrize(
    ("claimed", "safe"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\photos\\照片.jpg", "照片.jpg"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("gpj.\u202efdp.exe", "gpj.fdp.exe"),
        ("...", "file"),
        ("字" * 300 + ".pdf", "字" * 251 + ".pdf"),
    ],
)
def test_names_are_made_safe(claimed: str, safe: str) -> None:
    assert files.safe_name(claimed) == safe


def attach(unit: Unit, root: Path, who: str = "duty", name: str = "a.pdf") -> Attachment:
    return unit.run(
        lambda uow: files.add_to_case(
            uow, root, unit.case_id, name, PDF, unit.actor(who), unit.now, note="现场"
        )
    )


def fetch(unit: Unit, root: Path, attachment_id: int, who: str) -> files.Download:
    with unit.db.read() as session:
        person = session.get_one(Person, unit.people[who])
        return files.download(session, root, attachment_id, person, lambda _p, _s: False)


def test_a_file_of_a_case_is_for_those_who_see_the_case(unit: Unit, tmp_path: Path) -> None:
    row = attach(unit, tmp_path)
    there = fetch(unit, tmp_path, row.id, "leader")
    assert there.path.read_bytes() == PDF and there.name == "a.pdf"
    assert fetch(unit, tmp_path, row.id, "auditor").size == len(PDF)

    def outsider(uow: Any) -> None:
        person = Person(username="x", name="x", password_hash="x", created_at=unit.now)
        uow.session.add(person)
        uow.session.flush()
        unit.people["outsider"] = person.id

    unit.run(outsider)
    assert refused(lambda: fetch(unit, tmp_path, row.id, "outsider")).code == "file_unknown"
    assert refused(lambda: fetch(unit, tmp_path, 999, "leader")).status == 404
    assert refused(lambda: attach(unit, tmp_path, "outsider")).status in (403, 404)
    assert refused(lambda: attach(unit, tmp_path, "auditor")).code == "read_only"
    event = unit.events("file.added")[0]
    assert event["mime"] == "application/pdf" and "name" not in event


def test_a_lost_file_is_said_so(unit: Unit, tmp_path: Path) -> None:
    row = attach(unit, tmp_path)
    files.path_of(tmp_path, row.sha256).unlink()
    assert refused(lambda: fetch(unit, tmp_path, row.id, "leader")).code == "file_lost"


def test_the_same_content_is_kept_once(unit: Unit, tmp_path: Path) -> None:
    one, other = attach(unit, tmp_path), attach(unit, tmp_path, name="b.pdf")
    assert one.sha256 == other.sha256
    assert len(list((tmp_path / "files").glob("*/*"))) == 1


def test_the_sweep_takes_only_what_is_old_and_unreferenced(unit: Unit, tmp_path: Path) -> None:
    kept = attach(unit, tmp_path)
    orphan = keep(unit, tmp_path, "o.txt", b"nobody names me")

    def failing(uow: Any) -> None:
        files.store(uow, tmp_path, "r.txt", b"rolled back", unit.now)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        unit.run(failing)
    fresh = keep(unit, tmp_path, "f.txt", b"still being filled in")
    later = unit.now + timedelta(hours=30)
    for path in (tmp_path / "files").glob("*/*"):
        os.utime(path, (unit.now.timestamp(), unit.now.timestamp()))
    young = later.timestamp() - 60
    os.utime(files.path_of(tmp_path, fresh.sha256), (young, young))

    def recent(uow: Any) -> None:
        uow.session.get_one(StoredFile, fresh.sha256).created_at = later - timedelta(minutes=1)

    unit.run(recent)
    assert unit.run(lambda uow: files.sweep(uow, tmp_path, later)) == 2
    left = {path.name for path in (tmp_path / "files").glob("*/*")}
    assert left == {kept.sha256, fresh.sha256}
    with unit.db.read() as session:
        assert {row.sha256 for row in session.query(StoredFile)} == left
    assert orphan.sha256 not in left
