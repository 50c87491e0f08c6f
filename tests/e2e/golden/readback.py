"""What a ledger holds, as its clients see it."""

import json

from harness import HANDLER, MONITOR, OTHER_PARTNER, PARTNER


def _lines(service, *arguments, token):
    result = service.ctl(*arguments, token=token)
    if result.returncode != 0:
        raise AssertionError(f"{arguments}: {result.stderr}")
    return [json.loads(line) for line in result.stdout.splitlines()]


def read_back(service):
    """Clues as their partners see them, with all versions; alerts with all steps; subscriptions."""
    holds = {"clues": [], "alerts": [], "history": []}
    for token in (PARTNER, OTHER_PARTNER):
        for listed in _lines(service, "list", "--json", token=token):
            holds["clues"] += _lines(service, "get", listed["id"], "--json", token=token)
    for alert in _lines(service, "alerts", "--json", token=HANDLER):
        holds["alerts"] += _lines(service, "get", alert["id"], "--history", "--json", token=HANDLER)
        if alert.get("clue_id"):  # else a route has raised it
            holds["history"] += _lines(service, "get", alert["clue_id"], "--history", "--json",
                                       token=MONITOR)
    holds["subscriptions"] = _lines(service, "subscriptions", "list", "--json", token=MONITOR)
    return holds
