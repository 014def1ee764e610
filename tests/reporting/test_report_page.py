"""The report's page: complete in one file, shown by a real browser at any width."""

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image
from ruamel.yaml import YAML

from convline.cli.report import PAGE
from convline.reporting import report_page
from tests.browser import CHROMIUM, Browser
from tests.commands import REPOSITORY, convline
from tests.made_run import EVIL, git, write_run

DASH = "\N{EN DASH}"


def test_it_prints_the_path_and_size_of_the_page(page):
    text, result = page
    size = f"{len(text.encode()) / 1e6:.1f} MB"
    assert result.stdout == f"report/index.html ({size}): open it in a browser\n"
    assert result.stderr == ""


def test_the_page_loads_nothing_and_has_no_script(page):
    seen = parse(page[0])
    assert "script" not in seen.tags
    addresses = [x for x in seen.addresses if not x.startswith(("#", "data:"))]
    assert addresses == []
    assert "default-src 'none'" in page[0]
    assert not [name for name in seen.attributes if name.startswith("on")]


def test_class_names_are_escaped(page):
    seen = parse(page[0])
    for name in EVIL:
        assert name in seen.text
        assert name not in page[0]


def test_scores_are_shown_with_their_intervals(page):
    text = words(page[0])
    assert "Accuracy 0.9000 0.80 to 0.96" in text
    assert "A new score 0.4242" in text
    assert "Accuracy 1.0000 0.9500 0.9000 +0.1000" in text


def test_undefined_scores_are_a_dash_with_a_reason(page):
    assert f"ROC AUC {DASH} {DASH}" in words(page[0])
    assert f'title="undefined on these images">{DASH}<' in page[0]


def test_the_verdict_comes_first_then_its_statistics(page):
    text = words(page[0])
    verdict = "Too close to call: the scratch CNN 90.0\N{NO-BREAK SPACE}%, the transfer"
    assert verdict.replace("\N{NO-BREAK SPACE}", " ") in text[:200]
    assert "not statistically significant (McNemar's exact test, p = 0.625" in text[:600]
    assert "\N{MINUS SIGN}0.100, 95 % interval \N{MINUS SIGN}0.250 to +0.050" in text
    assert "p = 0.625" in text
    assert "Scratch CNN right 7 2 Scratch CNN wrong 1 0" in text


def test_two_classes_have_a_threshold(page):
    text = words(page[0])
    assert "Threshold, chosen on validation 0.3125" in text
    assert "Sensitivity on test 0.9500 0.80 to 0.96" in text
    assert f"Precision on test {DASH} {DASH}" in text


def test_a_positive_class_with_the_name_of_a_negative_one_is_a_warning(page, tmp_path):
    assert "suggests the negative one" not in page[0]
    write_run(tmp_path, ("defect", "ok"))
    assert convline(tmp_path, "report").returncode == 0
    text = words((tmp_path / PAGE).read_text(encoding="utf-8"))
    assert "refer to the class ok (evaluate.positive_class). warning: ok is the positive" in text


def test_all_plots_of_dvc_yaml_are_drawn(page):
    stages = YAML(typ="safe").load(REPOSITORY / "dvc.yaml")["stages"]
    plots = [x for stage in stages.values() for x in stage.get("plots", [])]
    drawn = [next(iter(x.values()))["title"] for x in plots if not isinstance(x, str)]
    seen = parse(page[0])
    assert sorted(seen.svg_names) == sorted(drawn)
    assert len(seen.ids) == len(set(seen.ids))


def test_pictures_are_embedded_with_alternative_texts(page):
    seen = parse(page[0])
    assert {image["alt"] for image in seen.images} > {"Odd picture"}
    for image in seen.images:
        kind, data = re.fullmatch(r"data:image/(\w+);base64,(.*)", image["src"]).groups()
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            assert picture.format.lower() == kind
            assert picture.size == (int(image["width"]), int(image["height"]))
    assert "metrics/organize/samples.png is not on this machine" in words(page[0])


def test_pictures_of_a_folder_follow_the_order_of_the_page(tmp_path):
    folder = tmp_path / "pictures"
    assert report_page.picture_files(folder) == [folder]
    folder.mkdir()
    for name in ("a_new_one.png", "disagreements.png", "mistakes_scratch.png", "notes.txt"):
        (folder / name).touch()
    names = [file.name for file in report_page.picture_files(folder)]
    assert names == ["disagreements.png", "mistakes_scratch.png", "a_new_one.png"]
    assert report_page.picture_files(Path("metrics/evaluate/roc.csv")) == []


def test_pictures_that_are_switched_off_are_not_shown(tmp_path):
    write_run(tmp_path, EVIL)
    params = tmp_path / "params.yaml"
    params.write_text(params.read_text().replace("pictures: true", "pictures: false", 1))
    assert convline(tmp_path, "report").returncode == 0
    page = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert [image["alt"] for image in parse(page).images] == ["Odd picture"]
    assert "There are no pictures: evaluate.pictures is false." in words(page)


def test_a_large_picture_is_embedded_as_jpeg(tmp_path):
    file = tmp_path / "large.png"
    Image.effect_noise((900, 900), 60).convert("RGB").save(file)
    assert file.stat().st_size > report_page.LARGE
    picture = report_page.picture(file, "data")
    assert picture.uri.startswith("data:image/jpeg;")
    assert len(picture.uri) < file.stat().st_size


def test_it_shows_commit_versions_and_data(page, evil):
    text = words(page[0])
    digest = git(evil, "rev-parse", "HEAD")
    assert f"{digest} on trunk" in text
    assert "Working tree clean" in text
    assert f"git checkout {digest} make repro" in text
    for name in ("Python 3.", "TensorFlow 2.", "Keras 3.", "NumPy", "scikit-learn", "DVC 3."):
        assert name in text
    assert "Train the scratch CNN not run on this machine" in text
    assert "data.zip, 1,234 bytes" in text
    assert str(evil) not in page[0]


def test_it_shows_what_was_left_out_and_how_the_archive_was_read(page):
    assert "<dt>Left out</dt><dd>2 files: repeated (.png in x/&lt;cat&gt;)</dd>" in page[0]
    assert "<dt>Note</dt><dd>test is &#39;seg_test&#39;, by name</dd>" in page[0]


def test_params_are_shown_unchanged(page, evil):
    parsed = parse(page[0]).text
    assert (evil / "params.yaml").read_text().strip() in parsed


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_it_without_a_network_at_any_width(page, evil, tmp_path, width):
    address = (evil / PAGE).as_uri()
    with Browser(tmp_path) as browser:
        browser.open(address, width)
        assert browser.value("innerWidth") == width
        assert browser.value("document.scrollingElement.scrollWidth") <= width
        assert browser.value("document.title") != "bad"
        images = "[...document.images]"
        assert browser.value(f"{images}.length") == 4
        assert browser.value(f"{images}.every(x => x.complete && x.naturalWidth > 0)")
        svgs = "[...document.querySelectorAll('svg')]"
        assert browser.value(f"{svgs}.every(x => x.getBoundingClientRect().width > 200)")
        resources = "performance.getEntriesByType('resource').map(x => x.name)"
        assert [x for x in browser.value(resources) if not x.startswith("data:")] == []
        targets = "[...document.querySelectorAll('a[href]')].map(x => x.getAttribute('href'))"
        for target in browser.value(targets):
            assert browser.value(f"document.querySelector('{target}') !== null"), target
        assert browser.requests == [address]
        assert browser.complaints == []


def test_tables_of_many_classes_are_folded(tmp_path):
    names = [f"a class with quite a long name, the {n:03}th" for n in range(30)]
    write_run(tmp_path, names)
    result = convline(tmp_path, "report")
    assert result.returncode == 0, result.stderr
    text = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert "<details open>" not in text
    assert 'href="#threshold"' not in text
    assert "means over the classes" in text
    if CHROMIUM:
        with Browser(tmp_path / "profile") as browser:
            browser.open((tmp_path / PAGE).as_uri(), 390)
            browser.value("document.querySelectorAll('details').forEach(x => x.open = true)")
            assert browser.value("innerWidth") == 390
            assert browser.value("document.scrollingElement.scrollWidth") <= 390


def test_a_page_states_that_dvc_status_failed(tmp_path):
    write_run(tmp_path, EVIL)
    (tmp_path / "dvc.lock").write_text("<<<<<<< ours\n")
    assert convline(tmp_path, "report").returncode == 0
    text = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert "<strong>Not checked.</strong>" in text
    assert "Out of date" not in text


class Seen(HTMLParser):
    """The contents of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags, self.ids, self.attributes, self.addresses = set(), [], set(), []
        self.images, self.svg_names, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.add(tag)
        self.attributes.update(found)
        self.ids += [found["id"]] if "id" in found else []
        self.addresses += [v for k, v in attrs if k in {"href", "src", "srcset", "action"}]
        if tag == "img":
            self.images.append(found)
        if tag == "svg":
            self.svg_names.append(found["aria-label"])

    def handle_data(self, data):
        self.text += data


def parse(page):
    seen = Seen()
    seen.feed(page)
    return seen


def words(page):
    """The text of a page, its words separated by one space each."""
    body = page[page.index("<body>") :]
    return " ".join(parse(re.sub(r"(?<=>)(?=<)", " ", body)).text.split())
