"""Every reason that a client can meet is a row of the error table in clients/README.md."""

import pathlib
import re

TABLE = pathlib.PurePosixPath("services/domain/reason.cc")
DOCUMENT = pathlib.PurePosixPath("clients/README.md")
ROW = re.compile(r'\{Reason::k\w+,\s*"([A-Z_]+)"')


def check(tree):
    reasons = ROW.findall(tree.text(TABLE))
    if not reasons:
        return [f"{TABLE}: no reason found; has the table moved?"]
    if not (tree.root / DOCUMENT).is_file():
        return [f"{DOCUMENT}: missing; it must explain each reason"]
    document = tree.text(DOCUMENT)
    documented = set(re.findall(r"^\|\s*`?([A-Z_]+)`?\s*\|", document, re.MULTILINE))
    problems = [f"{DOCUMENT}: no row for {name}" for name in reasons if name not in documented]
    # The table's head and other tables may hold words in capitals that are no reasons, so only a
    # row that looks like one of ours and is unknown to the table would be guesswork: left out.
    return problems


_CODE = 'constexpr ReasonRow kTable[] = {{Reason::kA, "A_GONE", x}, {Reason::kB,\n "B_LATE", x}};\n'
PLANTED = (
    ({str(TABLE): _CODE, str(DOCUMENT): "| `A_GONE` | gone |\n"}, "no row for B_LATE"),
    ({str(TABLE): _CODE}, "missing"),
    ({str(TABLE): "int x;\n", str(DOCUMENT): ""}, "has the table moved"),
)
