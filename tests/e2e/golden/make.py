"""Makes the kept ledger of a release: `make.py RELEASE` writes ledger-RELEASE.rdb and .json here.

Run once for each release, with its build (SUPERVISION_BUILD); a file that is there is never made
anew, since it stands for what lies in the Redis of those who run that release.
"""

import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

import harness  # noqa: E402
from harness import HANDLER, MONITOR, OTHER_PARTNER, PETITION, REVIEWER, clue, eventually  # noqa: E402
from readback import read_back  # noqa: E402

FULL = clue(
    "golden-full", title="罚款决定未告知听证权利", occurred_on={"year": 2026, "month": 2, "day": 28},
    party_kind="PARTY_KIND_ENTERPRISE",
    instruments=[{"type": "INSTRUMENT_TYPE_PENALTY_DECISION", "number": "盐综执罚决字〔2026〕第12号",
                  "date": {"year": 2026, "month": 2, "day": 20}}],
    amounts=[{"fen": 12345600, "purpose": "罚款"}], persons_affected=3,
    evidence=[{"uri": "https://files.example/1", "sha256": "A" * 43 + "=", "size_bytes": 4096,
               "media_type": "image/png"}],
    confidentiality="CONFIDENTIALITY_NORMAL", channel="CHANNEL_HOTLINE")


# Followed while it is made, and by no test: what they told is then only read.
ROUTES = """version: "1"
routes:
  - id: unit-repeats
    enabled: true
    title_zh: 同一单位多条线索
    title_en: several clues about one unit
    by: [UNIT]
    threshold: {at_least: 3, window: 1d}
  - id: same-matter
    enabled: true
    title_zh: 同一事项多方反映
    title_en: several partners report one matter
    link: {window: 30d, interval: 1s}
"""


def done(result):
    if result.returncode != 0:
        raise SystemExit(f"{result.args}: {result.stderr}")
    return result


def fill(service):
    """Every kind of change that a ledger knows."""
    full = service.submit(FULL, request_id="golden-1")
    service.submit(clue("golden-secret", confidentiality="CONFIDENTIALITY_SECRET"))
    service.submit(clue("golden-other", title="信访事项逾期", content=PETITION, region="330106"),
                   token=OTHER_PARTNER)
    revised = service.submit(clue("golden-revised"))["clue_id"]
    done(service.ctl("revise", revised, "--file", "-",
                     stdin=json.dumps(clue("golden-revised", title="信访事项逾期未答复",
                                           content=PETITION))))
    withdrawn = service.submit(clue("golden-withdrawn"))["clue_id"]
    done(service.ctl("withdraw", withdrawn, "--reason", "重复提交"))
    corrected = service.submit(clue("golden-corrected"))["clue_id"]
    done(service.ctl("review", "correct", corrected, "--scenario", "judicial", "--risk", "high",
                     "--reason", "判决未履行", token=REVIEWER))
    steps = [service.submit(clue(f"golden-step-{i}"))["alert_id"] for i in range(3)]
    done(service.ctl("ack", steps[0], "--note", "已电话核实", token=HANDLER))
    done(service.ctl("assign", steps[1], token=HANDLER))
    done(service.ctl("resolve", steps[2], "--outcome", "handled", "--note", "已整改", token=HANDLER))
    done(service.ctl("silence", "add", "--unit", "某县某镇甲局", "--for", "90d", "--reason", "系统割接",
                     token=MONITOR))
    service.submit(clue("golden-silenced", "信访超期", PETITION, reported_unit={"name": "某县某镇甲局"}))
    service.submit(clue("golden-linked", "来信", "信访人不服盐综执罚决字〔2026〕12号，行政处罚未告知听证权利。"),
                   token=OTHER_PARTNER)
    eventually(lambda: {"ALERT_KIND_THRESHOLD_REACHED", "ALERT_KIND_SAME_MATTER"} <= {
        json.loads(line)["kind"] for line in
        done(service.ctl("alerts", "--json", token=HANDLER)).stdout.splitlines()}, "routes tell")
    done(service.ctl("subscriptions", "create", "golden", "--region", "3304", "--from", "earliest",
                     token=MONITOR))
    done(service.ctl("watch", "--subscription", "golden", "--count", "2", token=MONITOR))
    cursor = service.directory / "golden.cursor"
    done(service.ctl("watch", "--from", "earliest", "--count", "3", "--cursor-file", cursor,
                     token=MONITOR))
    return {"cursor": cursor.read_text(), "request": FULL, "receipt": full}


def main(release):
    ledger = FOLDER / f"ledger-{release}.rdb"
    service = harness.Service(embedded=True)
    routes = service.directory / "routes.yaml"
    routes.write_text(ROUTES, encoding="utf-8")
    service.flags.append(f"--files.routes={routes}")
    service.start().ready()
    kept = fill(service)
    # The routes may have more to tell: what was read before and after the backup is what is in it.
    while kept.get("holds") != read_back(service):
        ledger.unlink(missing_ok=True)
        kept["holds"] = read_back(service)
        done(service.ctl("backup", "--data", service.directory / "data", ledger))
    ledger.chmod(0o644)
    ledger.with_suffix(".json").write_text(
        json.dumps(kept, ensure_ascii=False, sort_keys=True) + "\n")
    service.remove()


if __name__ == "__main__":
    main(sys.argv[1])
