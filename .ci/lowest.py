"""Print the lowest version of each package that setup.cfg asks for on this Python, as constraints for pip.

    python .ci/lowest.py > pins.txt && pip install -c pins.txt -e ".[test]"
"""

import configparser
import pathlib
import re

from pip._vendor.packaging.requirements import Requirement

config = configparser.ConfigParser()
config.read(pathlib.Path(__file__).parents[1] / "setup.cfg", encoding="utf-8")
parts = [config["options"]["install_requires"], config["options.extras_require"]["test"]]
for line in "\n".join(parts).split("\n"):
    requirement = Requirement(line) if line else None
    if requirement and (requirement.marker is None or requirement.marker.evaluate()):
        floor = re.search(r">=([\d.]+)", str(requirement.specifier))
        if floor:
            print(f"{requirement.name}=={floor.group(1)}")
