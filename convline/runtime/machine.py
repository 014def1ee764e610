"""Describe the machine: processor, memory and GPU."""

import os
import platform
import subprocess
from pathlib import Path


def describe() -> str:
    """Return the machine in words, such as `2 cores of an Intel Xeon, 24 GB, no GPU`."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    cpu = names[0] if names else platform.processor() or platform.machine()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return f"{os.cpu_count()} cores of {cpu}, {memory:.0f} GB, {_gpu()}"


def _gpu() -> str:
    query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        names = subprocess.check_output(query, text=True, stderr=subprocess.DEVNULL).split("\n")
    except (OSError, subprocess.CalledProcessError):
        return "no GPU"
    return ", ".join(filter(None, names))
