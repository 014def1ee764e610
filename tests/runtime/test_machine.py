"""The description of this machine."""

import pytest

from convline.runtime import machine

CPUINFO = """\
processor\t: 0
vendor_id\t: {}
model name\t: A  Processor: 2.0 GHz
flags\t\t: fpu avx512f {}

processor\t: 1
vendor_id\t: other
"""


def test_the_machine_is_described():
    words = machine.describe()
    assert " cores of " in words
    assert "GB" in words


@pytest.mark.parametrize(
    ("vendor", "flags", "fast"),
    [
        ("GenuineIntel", "avx512_bf16 amx_bf16 amx_tile", True),
        ("GenuineIntel", "avx512_bf16", False),
        ("AuthenticAMD", "avx512_bf16", True),
        ("AuthenticAMD", "avx2", False),
    ],
)
def test_bfloat16_is_fast_with_amx_and_on_zen_4(tmp_path, monkeypatch, vendor, flags, fast):
    (tmp_path / "cpuinfo").write_text(CPUINFO.format(vendor, flags))
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    assert machine.has_fast_bfloat16() == fast
    assert machine.processor() == "A Processor: 2.0 GHz"


def test_without_the_list_of_processors_there_is_a_name(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "nothing")
    assert machine.processor()
    assert not machine.has_fast_bfloat16()
