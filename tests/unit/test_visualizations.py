"""Markdown, HTML, JSON, tables and pictures: plain values that know what they are."""

from __future__ import annotations

import copy
import pickle
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import kitaru
from kitaru import HTML, JSON, KitaruUsageError, Markdown, Picture, Table
from kitaru._zenml.values.visualizations import shown
from kitaru.json_values import result_to_json

if TYPE_CHECKING:
    from pathlib import Path

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360f8cf50000003040180e1a5d3e30000000049454e44ae426082"
)
ALL = [Markdown("# a"), HTML("<p>"), JSON({"a": 1}), Table([{"a": 1}]), Picture(PIXEL)]


@pytest.mark.parametrize("value", ALL, ids=lambda value: type(value).__name__)
def test_they_stay_what_they_are(value: Any) -> None:
    for again in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value), type(value)(value)):
        assert (type(again), again) == (type(value), value)
    plain = next(kind for kind in (str, bytes, list) if isinstance(value, kind))
    assert plain(value) == value
    assert type(TypeAdapter(type(value)).validate_python(plain(value))) is type(value)


def test_json_is_made_of_data_and_of_text() -> None:
    assert JSON('{"a": [1, 2]}').data == {"a": [1, 2]} == JSON({"a": [1, 2]}).data
    assert JSON('"text"').data == "text"
    with pytest.raises(KitaruUsageError, match="text that is no JSON"):
        JSON("{a: 1}")
    for wrong in (object(), {"a": float("nan")}, {1, 2}):
        with pytest.raises(KitaruUsageError, match=r"plain data: None, bool"):
            JSON(wrong)


def test_a_table_is_a_list_of_its_rows() -> None:
    table = Table([{"page": "a", "stars": 3}, {"page": 'b, "c"', "note": None}])
    assert table.columns == ["page", "stars", "note"]
    assert table.to_csv() == 'page,stars,note\na,3,\n"b, ""c""",,\n'
    assert Table([("a", 1), ("b",)], columns=["x", "y"]) == [{"x": "a", "y": 1}, {"x": "b"}]
    assert Table([{"a": 1, "b": 2}], columns=["b"]) == [{"b": 2}]
    assert "<td>&lt;b&gt;</td>" in Table([{"a": "<b>"}])._repr_html_()
    assert Table() == []
    for rows, columns, said in [
        ([(1, 2)], None, "row 1 is a tuple, not a mapping. Sequences of cells need columns="),
        (["ab"], ["x", "y"], "row 1 is a str"),
        ([(1, 2, 3)], ["x", "y"], "row 1 has 3 cells for 2 columns"),
        ([{}, 7], None, "row 2 is a int"),
    ]:
        with pytest.raises(KitaruUsageError, match=said):
            Table(rows, columns)


def test_a_picture_is_a_file_of_a_format_that_browsers_know(tmp_path: Path) -> None:
    file = tmp_path / "pixel.png"
    file.write_bytes(PIXEL)
    assert Picture(file) == Picture(str(file)) == Picture(bytearray(PIXEL)) == PIXEL
    assert [Picture(start + b"rest").format for start in (b"\xff\xd8\xff", b"GIF89a", b"RIFF1234WEBP")] == [
        "jpeg", "gif", "webp"
    ]  # fmt: skip
    assert repr(Picture(PIXEL)) == "<Picture png, 70 bytes>"
    assert Picture(PIXEL)._repr_mimebundle_() == {"image/png": PIXEL}
    for wrong, said in [
        (b"", "no PNG, JPEG, GIF or WebP"),
        (b"<svg xmlns=", "SVG is text: kitaru.HTML shows it"),
        (tmp_path / "missing.png", "cannot be read: .*No such file"),
        (7, "not a int"),
    ]:
        with pytest.raises(KitaruUsageError, match=said):
            Picture(wrong)


class Figure:
    """Draws as a figure of matplotlib does."""

    def savefig(self, buffer: Any, **options: Any) -> None:
        assert options["format"] == "png"
        buffer.write(PIXEL)


def test_figures_are_drawn_without_importing_what_drew_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Picture(Figure()) == PIXEL
    monkeypatch.setitem(sys.modules, "matplotlib.figure", SimpleNamespace(Figure=Figure))
    assert [(name, kind.value) for name, kind, _ in shown({"chart": Figure(), "n": 1})] == [("chart.png", "image")]


def test_real_pictures_and_figures(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    for mode in ("RGB", "RGBA", "L", "P", "CMYK", "F", "1"):
        assert Picture(image.new(mode, (3, 2))).format == "png"
    ((name, _, contents),) = shown(image.new("CMYK", (3, 2)))
    assert name == "value.png"
    assert contents.startswith(b"\x89PNG")


def test_what_is_shown_of_a_container_is_what_is_shown_of_its_values() -> None:
    value = {"a/b": Markdown("# a"), "rows": Table([{"x": 1}]), "n": 1, "deep": [Markdown("b")]}
    assert [(name, kind.value, text) for name, kind, text in shown(value)] == [
        ("a_b.md", "markdown", b"# a"),
        ("rows.csv", "csv", b"x\n1\n"),
    ]
    assert [name for name, _, _ in shown((Picture(PIXEL), JSON([1])))] == ["0.png", "1.json"]
    assert shown({"a": 1}) == shown(object()) == []
    assert len(shown([Markdown("x")] * 100)) == 20


def test_what_cannot_be_drawn_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Figure):
        def savefig(self, *_: Any, **__: Any) -> None:
            raise RuntimeError("no font")

    monkeypatch.setitem(sys.modules, "matplotlib.figure", SimpleNamespace(Figure=Figure))
    assert [name for name, _, _ in shown([Broken(), Markdown("x")])] == ["1.md"]


def test_they_are_fields_of_models_and_results_on_the_command_line() -> None:
    class Report(BaseModel):
        text: Markdown
        rows: Table

    report = Report.model_validate({"text": "# a", "rows": [{"x": 1}]})
    assert (type(report.text), type(report.rows)) == (Markdown, Table)
    with pytest.raises(ValidationError):
        Report.model_validate({"text": 1, "rows": []})
    assert result_to_json(report) == '{"text": "# a", "rows": [{"x": 1}]}'
    assert result_to_json(kitaru.Table([{"x": 1}])) == '[{"x": 1}]'
