"""`convline app`: the real server, over HTTP and in a real browser."""

import io
import re
import shutil
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from convline.cli import app
from convline.records.dataset import Dataset, Split
from convline.records.tfrecord_writer import serialize, write_record
from convline.runtime import paths
from convline.runtime.errors import UserError
from tests.browser import CHROMIUM, PATIENCE, Browser
from tests.classifiers import SIZE, write_classifier
from tests.commands import CONVLINE, REPOSITORY, call, environment

CLASSES = ["dark", "<b>light"]  # a name that looks like markup
IMAGES = 9  # of each class in the test split
CARD = "# Image classifiers: lamps\n\n## Intended use\n\nTo find the switch. <script>1</script>\n"
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a classifier, its card and a test split."""
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        paths.PARAMS.write_bytes((REPOSITORY / "presets/default.yaml").read_bytes())
        Path("dvc.yaml").touch()
        write_classifier(CLASSES)
        paths.MODEL_CARD.write_text(CARD)
        write_test_split()
    return folder


def write_test_split():
    paths.TFRECORDS.mkdir(parents=True, exist_ok=True)
    with (paths.TFRECORDS / "test.tfrecord").open("wb") as file:
        for i in range(2 * IMAGES):
            pixels = np.full(SIZE, (20 if i % 2 == 0 else 230) + i, np.uint8)
            write_record(file, serialize(pixels.tobytes(), i % 2, f"{i % 2}/{i}.png"))
    counts = dict.fromkeys(CLASSES, IMAGES)
    splits = {"test": Split({"test.tfrecord": 2 * IMAGES}, counts)}
    Dataset(CLASSES, [*SIZE, 1], "raw", splits).save(paths.TFRECORDS)


@contextmanager
def serving(folder, *arguments, end=signal.SIGTERM):
    """Run the command; yield the address that it prints."""
    variables = {**environment(), "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}
    command = [*CONVLINE, "app", "--port", "0", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=folder, env=variables, **pipes) as process:
        try:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            yield line.split()[0]
        finally:
            process.send_signal(end)
            errors = process.stderr.read()
    assert errors == ""
    assert process.returncode == 0


@pytest.fixture(scope="module")
def address(folder):
    with serving(folder, "--max-megabytes", "1") as address:
        yield address


def picture(value, size=(64, 48), kind="PNG"):
    stream = io.BytesIO()
    Image.new("RGB", size, (value,) * 3).save(stream, kind)
    return stream.getvalue()


def send(address, name, data, **headers):
    return requests.post(address, files={"picture": (name, data)}, headers=headers, timeout=60)


def test_a_picture_gets_its_class_and_a_heat_map(address):
    response = send(address, "lamp.jpg", picture(250, kind="JPEG"))
    assert response.status_code == 200
    assert "&lt;b&gt;light, over 99.9&nbsp;%" in response.text
    assert "<b>light" not in response.text
    assert re.findall(r'number">(0\.\d+|1\.\d+)<', response.text) == ["1.000", "0.000"]
    assert response.text.count("<figcaption>") == 2
    assert response.text.count("data:image/png") == 2 + 12
    assert "The picture with a heat map" in response.text


def test_without_a_heat_map_the_page_explains_why(address):
    response = send(address, "night.png", picture(3))
    assert "dark, over 99.9" in response.text
    assert "No place in the picture makes this class more likely" in response.text


def test_examples_show_their_true_class(address):
    text = requests.get(address, timeout=60).text
    links = re.findall(r'href="(/\?example=\d+)"><img [^>]*>([^<]*)<', text)
    assert [truth for _, truth in links] == ["dark"] * 6 + ["&lt;b&gt;light"] * 6
    answers = [requests.get(address + link, timeout=60).text for link, _ in links]
    assert all("(correct)" in answer for answer in answers)
    assert "0/0.png" in answers[0]
    for number in ("12", "-1", "x", "\N{ARABIC-INDIC DIGIT THREE}", "9" * 5000):
        response = requests.get(f"{address}/?example={number}", timeout=60)
        assert response.status_code == 404
        assert "This example does not exist" in response.text


def test_the_model_card_is_on_the_page_with_its_markup_escaped(address):
    text = requests.get(address, timeout=60).text
    assert "<h3>Intended use</h3>" in text
    assert "To find the switch. &lt;script&gt;" in text


@pytest.mark.parametrize(
    ("name", "data", "status", "message"),
    [
        (
            "notes.txt",
            b"no picture",
            415,
            "notes.txt cannot be read: not an image. Supported",
        ),
        ("<i>.png", picture(9)[:60], 415, "&lt;i&gt;.png cannot be read"),
        ("huge.png", b"0" * 5_000_000, 413, "The file is larger than 1 MB; send a smaller one"),
        ("", b"", 400, "No picture was chosen"),
    ],
)
def test_an_upload_that_cannot_be_classified_gets_one_message(address, name, data, status, message):
    response = send(address, name, data)
    assert response.status_code == status
    assert message in response.text
    # The page still has its form.
    assert 'type="file"' in response.text


@pytest.mark.parametrize("size", [(1, 1), (1000, 1), (1, 1000), (100_000, 1), (10_000, 2_000)])
def test_odd_sizes_are_classified(address, size):
    assert "over 99.9" in send(address, "odd.png", picture(250, size)).text


def test_too_many_pixels_are_refused(address):
    response = send(address, "wide.png", picture(250, (10_000, 2_501)))
    assert response.status_code == 415
    assert "10000x2501 pixels are more than 25,000,000" in response.text
    # A photograph is decoded at a fraction of its size.
    assert "over 99.9" in send(address, "photo.jpg", picture(250, (8_000, 6_000), "JPEG")).text


BOUNDARY = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\ntext\r\n--x--\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"picture=text"),
        ("multipart/form-data", PART % b"picture"),
        (BOUNDARY, PART % b"picture"),
        (BOUNDARY, PART % b"another"),
        (BOUNDARY, b"--x\r\nContent-Disposition: form-data\r\n\r\ntext\r\n--x--\r\n"),
        (BOUNDARY, (PART % b"picture")[:40]),
        (BOUNDARY, (PART % b"picture")[:-9]),
        (BOUNDARY, b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--\r\n--x--\r\n"),
        (BOUNDARY, b"\xff\xfe"),
        (BOUNDARY, b""),
        ("text/plain; charset=none", b"\xff"),
    ],
)
def test_a_malformed_form_gets_one_message(address, kind, body):
    response = requests.post(address, data=body, headers={"Content-Type": kind}, timeout=60)
    assert response.status_code == 400
    assert re.search("No picture was chosen|is not a form with a picture", response.text)


def test_the_server_survives_a_client_that_disconnects(address):
    host, port = address.removeprefix("http://").split(":")
    head = f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: {BOUNDARY}\r\nContent-Length: 9999"
    for body in (b"", (PART % b"picture")[:-20], b"--x\r\n"):
        with socket.create_connection((host, int(port))) as client:
            client.sendall(f"{head}\r\n\r\n".encode() + body)
    assert requests.get(address, timeout=60).status_code == 200


def test_simultaneous_requests_get_their_own_predictions(address):
    with ThreadPoolExecutor(8) as pool:
        values = [3, 250] * 8
        texts = pool.map(lambda value: send(address, "a.png", picture(value)).text, values)
    dark = ["dark, over" in text for text in texts]
    assert dark == [value == 3 for value in values]


def test_no_picture_is_written_to_disk(folder, monkeypatch):
    """Not even a picture for which aiohttp would make a temporary file."""
    monkeypatch.setenv("TMPDIR", str(folder / "temporary"))
    (folder / "temporary").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "PNG")
    with serving(folder) as address:
        # Now no temporary file can be made.
        shutil.rmtree(folder / "temporary")
        assert send(address, "noise.png", stream.getvalue()).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),  # another server on this machine
        ({"Host": "evil.example:8000"}, 403),  # DNS rebinding
        ({"Host": "[::1"}, 403),
        ({"Host": "localhost:1", "Origin": "http://localhost:1"}, 200),
        ({"Host": "192.0.2.7", "Origin": "http://192.0.2.7"}, 200),  # as the network sees it
        ({"Host": "[::1]:1"}, 200),
    ],
)
def test_requests_from_other_sites_are_refused(address, headers, status):
    assert send(address, "a.png", picture(1), **headers).status_code == status


def test_every_response_has_the_security_headers(address):
    answers = [
        requests.get(address, timeout=60),
        requests.get(f"{address}/nothing", timeout=60),
        requests.put(address, timeout=60),
        requests.get(address, headers={"Host": "evil.example"}, timeout=60),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 405, 403]
    for answer in answers:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_classifier_alone_is_enough(folder, tmp_path):
    for file in (paths.CLASSIFIER, "dvc.yaml", "params.yaml"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes((folder / file).read_bytes())
    with serving(tmp_path, "--host", "::1") as address:
        assert address.startswith("http://[::1]:")
        text = requests.get(address, timeout=60).text
        assert "Download them with <code>dvc pull data/tfrecords</code>" in text
        assert "Model card" not in text
        assert "over 99.9" in send(address, "lamp.png", picture(250)).text


def test_a_port_in_use_is_one_message_at_once(folder, address):
    taken = address.rsplit(":", 1)[1]
    result = python_in(folder, "--port", taken)
    assert result.stderr == (
        f"convline app: cannot listen on 127.0.0.1, port {taken}: Address already in use; "
        "choose another --port or --host\n"
    )
    assert result.returncode == 1


def test_ctrl_c_stops_the_server_during_an_upload(folder):
    with serving(folder, "--host", "0.0.0.0", end=signal.SIGINT) as address:
        # On all addresses, the page is found under this machine's name.
        assert address.startswith(f"http://{socket.gethostname()}:")
        assert requests.get(address, timeout=60).status_code == 200
        host, port = address.removeprefix("http://").split(":")
        client = socket.create_connection((host, int(port)))
        client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n")
        start = time.monotonic()
    client.close()
    assert time.monotonic() - start < 15  # aiohttp alone waits for a minute


def test_a_missing_model_is_one_message(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"there is no models/classifier.keras; run `dvc repro`"):
        call(app.main, "--port", "0")


@pytest.mark.parametrize(
    ("option", "value"), [("port", "-1"), ("port", "65536"), ("port", "eighty"), ("host", "")]
)
def test_an_invalid_address_is_refused(tmp_path, option, value):
    assert f"Invalid value for '--{option}'" in python_in(tmp_path, f"--{option}", value).stderr


def python_in(folder, *arguments):
    variables = {**environment(), "PYTHONPATH": str(REPOSITORY)}
    command = [*CONVLINE, "app", *arguments]
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def browser(tmp_path):
    with Browser(tmp_path / "profile") as browser:
        yield browser


@in_a_browser
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


@in_a_browser
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


@in_a_browser
def test_a_browser_shows_the_message_for_a_wrong_type(address, browser, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    browser.open(address, 1280)
    choose(browser, tmp_path / "notes.txt")
    wait_for(browser, "document.querySelector('[role=alert]')")
    alert = browser.value("document.querySelector('[role=alert]').innerText")
    assert alert.startswith("notes.txt cannot be read: not an image")


@in_a_browser
def test_a_browser_does_not_send_a_huge_file(address, browser, tmp_path):
    (tmp_path / "huge.png").write_bytes(b"0" * 50_000_000)
    browser.open(address, 1280)
    asked = len(browser.requests)
    choose(browser, tmp_path / "huge.png")
    wait_for(browser, "document.querySelector('#status').innerText")
    status = browser.value("document.querySelector('#status').innerText")
    assert status == "huge.png has 50.0 MB; the limit is 1 MB."
    assert len(browser.requests) == asked


@in_a_browser
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


@in_a_browser
def test_screen_readers_get_the_supported_formats(address, browser):
    browser.open(address, 1280)
    named = browser.call("Accessibility.getFullAXTree")["nodes"]
    files = [node for node in named if "Drop a picture here" in str(node.get("name"))]
    assert any(
        node["description"]["value"].startswith("JPEG, PNG")
        for node in files[-3:]
        if node.get("description")
    )


@in_a_browser
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
