"""`convline app`: the real server, over HTTP."""

import io
import re
import shutil
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import requests
from PIL import Image

from convline.cli import app
from convline.runtime import paths
from convline.runtime.errors import UserError
from tests.commands import CONVLINE, REPOSITORY, call, environment
from tests.served_app import picture, serving


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


def test_other_names_are_refused_with_the_option_that_allows_them(address):
    refused = requests.get(address, headers={"Host": "lab.example:80"}, timeout=60)
    assert refused.text == (
        "This server does not answer to the name 'lab.example'. To allow it, start it with: "
        "convline app --allow-host lab.example"
    )
    text = send(address, "a.png", picture(1), Origin="https://lab.example").text
    assert text.endswith("start it with: convline app --allow-host lab.example")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "lab.example"}, 200),
        ({"Host": "LAB.example.:8443", "Origin": "https://lab.example:8443"}, 200),
        ({"Host": "xn--bcher-kva.example"}, 200),
        # Behind a proxy that replaces the Host header.
        ({"Host": "127.0.0.1:8000", "Origin": "https://lab.example"}, 200),
        ({"Host": "127.0.0.1:8000", "Origin": "https://evil.example"}, 403),
        ({"Host": "lab.example", "Origin": "https://evil.example"}, 403),
        ({"Host": "lab.example", "Origin": "null"}, 403),
        ({"Host": "not.lab.example"}, 403),
    ],
)
def test_allowed_names_are_accepted_from_a_browser_and_behind_a_proxy(proxied, headers, status):
    assert send(proxied, "a.png", picture(1), **headers).status_code == status


@pytest.fixture(scope="module")
def proxied(folder):
    """The address of a server that has two more names."""
    names = ["--allow-host", "Lab.example", "--allow-host", "bücher.example"]
    with serving(folder, *names) as address:
        yield address


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
    ("option", "value"),
    [
        ("port", "-1"),
        ("port", "65536"),
        ("port", "eighty"),
        ("host", ""),
        ("allow-host", ""),
        ("allow-host", "https://lab.example"),
        ("allow-host", "lab.example:80"),
        ("allow-host", "*.example"),
        ("allow-host", f"{'a' * 64}.example"),
    ],
)
def test_an_invalid_address_is_refused(tmp_path, option, value):
    assert f"Invalid value for '--{option}'" in python_in(tmp_path, f"--{option}", value).stderr


def python_in(folder, *arguments):
    variables = {**environment(), "PYTHONPATH": str(REPOSITORY)}
    command = [*CONVLINE, "app", *arguments]
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=60
    )
