"""Bytes in: files, standard input, sizes, encodings, and what is no text at all."""

import io
import os
import stat
from pathlib import Path

import pytest

from feeds import Limits
from feeds.clean import clean_text
from records.errors import SourceError, SourceUnreadable, UsageError

STORY = """Société Générale raises its outlook

The bank’s third-quarter profit rose 3% to €1.2 billion, it said on Thursday in Paris.
"""
BINARY = {
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "PDF isn't read yet: save its text"),
    "PDF with bytes in front": (b"\n\n junk \n%PDF-1.4 obj", "PDF isn't read yet"),
    "PNG": (b"\x89PNG\r\n\x1a\n\x00\x00", "image"),
    "JPEG": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image"),
    "GIF": (b"GIF89a\x01\x00", "image"),
    "ZIP or docx": (b"PK\x03\x04\x14\x00\x06\x00", "office document"),
    "old office": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office document"),
    "RTF": (rb"{\rtf1\ansi Hello}", "plain text"),
    "gzip": (b"\x1f\x8b\x08\x00\x00\x00", "unpack"),
    "program": (b"\x7fELF\x02\x01\x01\x00", "program"),
    "zero bytes": (b"Acme rose\x00\x01\x02", "zero byte at position 9"),
    "control characters": (bytes(range(1, 8)) * 40, "control characters"),
    "web archive": (b"From: <Saved>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\r\nx", "HTML only"),
    "MP4": (b"\x20\x20\x20\x20ftypisom", "video"),
}


@pytest.mark.parametrize(("content", "advice"), BINARY.values(), ids=BINARY.keys())
def test_binary_content_is_refused_by_what_it_is_whatever_its_name(content, advice, tmp_path, load):
    file = tmp_path / "story.txt"
    file.write_bytes(content)
    with pytest.raises(SourceUnreadable, match=advice) as raised:
        load(file)
    assert str(file) in str(raised.value)
    assert raised.value.exit_code == 4


@pytest.mark.parametrize(
    "content", [b"", b"  \n\t\r\n ", b"\xef\xbb\xbf", "\u200b\u200d \u2060".encode(), b"---\ntitle: \n---\n"]
)
def test_empty_source_is_refused(content, tmp_path, load):
    file = tmp_path / "story.txt"
    file.write_bytes(content)
    with pytest.raises(SourceUnreadable, match=r"empty|no text"):
        load(file)


def test_file_of_20_mb_is_refused_with_its_size_and_unread(tmp_path, load):
    file = tmp_path / "story.txt"
    with file.open("wb") as sparse:
        sparse.truncate(20_000_000)
    with pytest.raises(SourceUnreadable, match=r"20\.0 MB; at most 5\.0 MB"):
        load(file)


def test_file_at_the_limit_is_read_and_one_byte_more_is_not(tmp_path, load):
    file = tmp_path / "story.txt"
    file.write_bytes(b"a story of words\n\n" + b"word " * 20)
    size = file.stat().st_size
    assert load(file, limits=Limits(max_bytes=size)).title == "a story of words"
    with pytest.raises(SourceUnreadable, match="too large"):
        load(file, limits=Limits(max_bytes=size - 1))


def test_endless_standard_input_is_read_no_further_than_the_limit(load):
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            assert size > 0
            self.given += size
            return b"x" * size

    endless = Endless()
    with pytest.raises(SourceUnreadable, match="standard input is too large"):
        load("-", stdin=endless)
    assert endless.given == 5_000_001


def test_missing_file_says_so_and_hints_at_a_forgotten_scheme(tmp_path, load):
    with pytest.raises(SourceUnreadable, match="There is no file"):
        load(tmp_path / "nothing.txt")
    with pytest.raises(SourceUnreadable, match="https:// in front"):
        load("www.news.example/story")
    with pytest.raises(SourceUnreadable, match="There is no file"):
        load(tmp_path / "nothing.txt" / "below")


@pytest.mark.parametrize("path", ["bad\0name", "x" * 5000])
def test_impossible_path_is_refused(path, load):
    with pytest.raises(SourceUnreadable, match="cannot be opened"):
        load(path)


def test_folder_is_refused(tmp_path, load):
    with pytest.raises(SourceUnreadable, match="is a folder"):
        load(tmp_path)


@pytest.mark.timeout(10)
def test_pipe_nobody_writes_to_is_refused_at_once(tmp_path, load):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(SourceUnreadable, match="standard input with '-'"):
        load(pipe)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_device_is_refused(device, load):
    with pytest.raises(SourceUnreadable, match="device or a pipe"):
        load(device)


def test_file_without_permission_is_refused(tmp_path, load, monkeypatch):
    file = tmp_path / "story.txt"
    file.write_text(STORY)
    file.chmod(0)
    if os.access(file, os.R_OK):  # the super-user reads everything: let the system call answer as it does for others
        real = os.open

        def as_someone_else(path, *rest):
            if str(path) == str(file) and not Path(path).stat().st_mode & stat.S_IRUSR:
                raise PermissionError(13, "Permission denied", path)
            return real(path, *rest)

        monkeypatch.setattr("feeds.intake.os.open", as_someone_else)
    with pytest.raises(SourceUnreadable, match="may not be read by this user"):
        load(file)


@pytest.mark.parametrize("source", ["", "  "])
def test_empty_argument_is_a_usage_error(source, load):
    with pytest.raises(UsageError, match="source is empty"):
        load(source)


def test_dash_without_standard_input_is_a_usage_error(load):
    with pytest.raises(UsageError, match="standard input"):
        load("-")


def test_standard_input_is_read(load):
    article = load("-", stdin=io.BytesIO(STORY.encode()))
    assert article.title == "Société Générale raises its outlook"
    assert article.url is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le+bom", "utf-16-be+bom"])
def test_unicode_files_are_read_without_a_note(encoding, tmp_path, load):
    name, _, bom = encoding.partition("+")
    file = tmp_path / "story.txt"
    file.write_bytes((("\ufeff" if bom else "") + STORY).encode(name))
    article = load(file)
    assert article.title == "Société Générale raises its outlook"
    assert "€1.2 billion" in article.text
    assert article.notes == ()


DETECTED = {
    "cp1252": STORY,
    "cp1251": "Газпром сообщил о росте прибыли на десять процентов\n\nКомпания заявила об этом в понедельник в Москве.",
    "shift_jis": "トヨタ自動車は月曜日に業績予想を上方修正した。\n\n営業利益は前年同期比で増加した。販売台数も伸びた。",
    "gb18030": "中国人民银行周一宣布下调存款准备金率\n\n此举旨在支持经济增长，市场普遍预期这一决定。",
    "euc_kr": "삼성전자는 월요일 영업이익이 증가했다고 발표했다.\n\n매출도 전년 동기 대비 늘었다.",
}


@pytest.mark.parametrize(("encoding", "text"), DETECTED.items())
def test_undeclared_encoding_is_detected_and_noted(encoding, text, tmp_path, load):
    file = tmp_path / "story.txt"
    file.write_bytes(text.encode(encoding))
    article = load(file)
    assert article.body.split() == clean_text(text).text.split()
    assert any(f"not declared: read as {encoding}" in note for note in article.notes)


def test_a_few_western_signs_are_not_taken_for_japanese(tmp_path, load):
    file = tmp_path / "story.txt"
    file.write_bytes("Prices rise\n\nThey rose by £3 to £5 at the café in Zürich.".encode("cp1252"))
    assert "£3 to £5 at the café in Zürich" in load(file).text


def test_declared_encoding_is_used_without_a_note(tmp_path, load):
    file = tmp_path / "page.html"
    text = "Цена нефти выросла на три процента после решения картеля сократить добычу."
    head = '<head><meta charset="koi8-r"><title>Нефть</title></head>'
    markup = f"<html>{head}<body><h1>Нефть дорожает</h1><p>{text}</p></body></html>"
    file.write_bytes(markup.encode("koi8-r"))
    article = load(file)
    assert text in article.text
    assert article.notes == ()
    assert article.language == "ru"


def test_wrong_declaration_gives_way_to_the_bytes_and_is_noted(tmp_path, load):
    file = tmp_path / "page.html"
    text = "Société Générale raised its outlook for the year on Thursday, and its shares rose 3% in Paris."
    file.write_bytes(
        f'<html><head><meta charset="iso-8859-1"><title>x</title></head><body><p>{text}</p></body></html>'.encode()
    )
    article = load(file)
    assert text in article.text
    assert article.notes == ("declared as iso-8859-1, read as UTF-8, which its bytes are",)


@pytest.mark.parametrize("charset", ["rot13", "hex", "utf-7", "unicode_escape", "idna", "nonsense", "zip", "x" * 200])
def test_codecs_that_are_no_text_encodings_are_not_honoured(charset, site, reply, load):
    site.routes["/a"] = reply(
        b"Acme +ADw-p+AD4- rises\n\nUryyb jbeyq, the shares rose three per cent.", f"text/plain; charset={charset}"
    )
    article = load(f"{site.origin}/a")
    assert article.title == "Acme +ADw-p+AD4- rises"


def test_charset_of_the_server_wins_over_the_page(site, reply, load):
    text = "Žluťoučký kůň vyhrál a akcie společnosti vzrostly o tři procenta po výsledcích."
    markup = f'<html><head><meta charset="cp1252"><title>Kůň</title></head><body><p>{text}</p></body></html>'
    site.routes["/a"] = reply(markup.encode("cp1250"), "text/html; charset=windows-1250")
    article = load(f"{site.origin}/a")
    assert text in article.text
    assert article.notes == ()


def test_one_broken_byte_does_not_make_mojibake_of_the_rest(tmp_path, load):
    file = tmp_path / "story.txt"
    file.write_bytes((STORY * 3).encode() + b" br\xffoken")
    article = load(file)
    assert article.title == "Société Générale raises its outlook"
    assert any("1 broken byte" in note for note in article.notes)


@pytest.mark.parametrize("content", [b"\xff\xfe\x41\x00\x42", b"\xef\xbb\xbfabc\xff\xfe", bytes(range(128, 256)) * 20])
def test_undecodable_content_is_refused_with_the_fix(content, tmp_path, load):
    file = tmp_path / "story.txt"
    file.write_bytes(content)
    with pytest.raises(SourceError, match=r"iconv|Save it again as UTF-8"):
        load(file)
