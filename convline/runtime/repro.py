"""Run `dvc repro`, then print the time of each stage.

python -m convline.runtime.repro
"""

import sys
import time

from ruamel.yaml import YAML

from convline.runtime import paths
from convline.runtime.dvc import run_dvc
from convline.runtime.dvc_lock import check_dvc_lock
from convline.runtime.run_times import run_time
from convline.runtime.runner import run


def main() -> None:
    check_dvc_lock()
    start = time.time()
    if status := run_dvc("repro", capture=False).returncode:
        sys.exit(status)
    for stage in YAML(typ="safe").load(paths.DVC_YAML)["stages"]:
        seconds = run_time(stage, since=start)
        print(f"{stage:<12}{'up to date' if seconds is None else f'{seconds:8,.0f} s'}")


if __name__ == "__main__":
    run(main)
