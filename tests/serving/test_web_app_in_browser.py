"""The page of `convline app` in a real browser."""

import time

import pytest

from tests.browser import CHROMIUM, PATIENCE, Browser
from tests.served_app import picture

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")


@pytest.fixture
def browser(tmp_path):
    with Browser(tmp_path / "profile") as browser:
        yield browser


@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_uploads_a_picture_and_shows_its_class(address, browser, tmp_path, width):
    (tmp_path / "lamp.png").write_bytes(picture(250))
    browser.open(address, width)
    choose(browser, tmp_path / "lamp.png")
    wait_for(browser, "document.querySelector('#prediction')")
    assert browser.value("document.querySelector('#prediction').innerText").startswith(
        "<b>light, over"
    )
    pictures = "[...document.querySelectorAll('.prediction img')]"
    assert browser.value(f"{pictures}.map(x => x.naturalWidth)") == [480, 480]
    bars = "[...document.querySelectorAll('.bar')].map(x => x.getBoundingClientRect().width)"
    assert browser.value(bars)[0] > 50 > browser.value(bars)[1]
    assert browser.value("document.scrollingElement.scrollWidth") <= width
    assert all(request.startswith(address) for request in browser.requests)
    assert browser.complaints == []


def test_a_browser_drops_a_picture(address, browser):
    browser.open(address, 1280)
    drop = """
        const canvas = document.createElement("canvas");
        canvas.toBlob((blob) => {
          const dropped = new DataTransfer();
          dropped.items.add(new File([blob], "dropped.png", {type: "image/png"}));
          const event = {dataTransfer: dropped, bubbles: true, cancelable: true};
          document.querySelector(".drop").dispatchEvent(new DragEvent("drop", event));
        });
    """
    browser.value(f"(() => {{{drop}}})()")
    wait_for(browser, "document.querySelector('#prediction')")
    # A canvas is transparent, and transparent pixels are laid on white.
    assert browser.value("document.querySelector('#prediction').innerText").startswith("<b>light")
    assert "dropped.png" in browser.value("document.querySelector('figcaption').innerText")


def test_a_browser_shows_the_message_for_a_wrong_type(address, browser, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    browser.open(address, 1280)
    choose(browser, tmp_path / "notes.txt")
    wait_for(browser, "document.querySelector('[role=alert]')")
    alert = browser.value("document.querySelector('[role=alert]').innerText")
    assert alert.startswith("notes.txt cannot be read: not an image")


def test_a_browser_does_not_send_a_huge_file(address, browser, tmp_path):
    (tmp_path / "huge.png").write_bytes(b"0" * 50_000_000)
    browser.open(address, 1280)
    asked = len(browser.requests)
    choose(browser, tmp_path / "huge.png")
    wait_for(browser, "document.querySelector('#status').innerText")
    status = browser.value("document.querySelector('#status').innerText")
    assert status == "huge.png has 50.0 MB; the limit is 1 MB."
    assert len(browser.requests) == asked


def test_a_browser_takes_one_picture_at_a_time(address, browser):
    browser.open(address, 1280)
    drop = """
        const dropped = new DataTransfer();
        for (const name of ["a", "b"]) dropped.items.add(new File([name], name));
        const event = {dataTransfer: dropped, bubbles: true, cancelable: true};
        document.body.dispatchEvent(new DragEvent("drop", event));
    """
    browser.value(f"(() => {{{drop}}})()")
    status = browser.value("document.querySelector('#status').innerText")
    assert status == "Send one picture at a time."


def test_screen_readers_get_the_supported_formats(address, browser):
    browser.open(address, 1280)
    named = browser.call("Accessibility.getFullAXTree")["nodes"]
    files = [node for node in named if "Drop a picture here" in str(node.get("name"))]
    assert any(
        node["description"]["value"].startswith("JPEG, PNG")
        for node in files[-3:]
        if node.get("description")
    )


def test_without_its_script_the_page_has_a_button(address, browser, tmp_path):
    (tmp_path / "huge.png").write_bytes(b"0" * 50_000_000)
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(address, 1280)
    choose(browser, tmp_path / "huge.png")
    assert browser.value("document.querySelector('button').hidden") is False
    click(browser, "button")
    wait_for(browser, "document.querySelector('[role=alert]')")
    assert "larger than 1 MB" in browser.value("document.querySelector('[role=alert]').innerText")


def choose(browser, file):
    root = browser.call("DOM.getDocument")["root"]["nodeId"]
    node = browser.call("DOM.querySelector", nodeId=root, selector="input[type=file]")["nodeId"]
    browser.call("DOM.setFileInputFiles", nodeId=node, files=[str(file)])


def click(browser, selector):
    box = f"document.querySelector('{selector}').getBoundingClientRect()"
    place = {"x": browser.value(f"{box}.x") + 5, "y": browser.value(f"{box}.y") + 5}
    for kind in ("mousePressed", "mouseReleased"):
        browser.call("Input.dispatchMouseEvent", type=kind, **place, button="left", clickCount=1)


def wait_for(browser, expression):
    deadline = time.monotonic() + PATIENCE
    while not browser.value(f"Boolean({expression})"):
        assert time.monotonic() < deadline, expression
        time.sleep(0.05)
