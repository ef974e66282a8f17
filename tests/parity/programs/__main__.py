"""`python -m tests.parity.programs --seed 3`: run one program; if it differs, shrink it and print what is left.

`--count 100` runs the programs of that many seeds, from --seed on.
"""

import argparse
import os
import pprint
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # its float sums depend on the machine
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from .differing import difference
from .draw import draw
from .shrinking import shrink


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--as-drawn", action="store_true", help="print programs that differ without shrinking them")
    arguments = parser.parse_args()
    failed = 0
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        program = draw(seed)
        found = difference(program)
        if found is None:
            continue
        failed += 1
        print(f"seed {seed}: {found.text}", flush=True)
        if not arguments.as_drawn:
            program, found = shrink(program, found)
            print(found.text)
            pprint.pprint(program, width=120, sort_dicts=False)
    print(f"{arguments.count - failed} of {arguments.count} programs agree.")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
