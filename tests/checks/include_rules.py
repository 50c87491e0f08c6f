"""Dependencies run one way: which folder may include which, and who may use which library."""

import re

# The folders of services/ (or single headers of one) that each folder may include, itself always
# among them. The order is that of services/ARCHITECTURE.md; a folder that is not here may not exist.
MAY_INCLUDE = {
    "base": (),
    "observability": ("base",),
    "domain": ("base",),
    # Its core is pure; its follower reads the log on the loop's thread.
    "combining": ("base", "observability", "domain", "ledger", "redis/loop.h"),
    "classification": ("base", "domain"),
    # Errors of Redis become errors of ours; of clues it knows nothing.
    "redis": ("base", "observability", "domain/error.h", "domain/reason.h"),
    "ledger": ("base", "observability", "domain", "redis"),
    "security": ("base", "domain"),
    "config": ("base", "domain", "combining", "classification", "security"),
    "backup": ("redis", "ledger"),
    "intake": ("base", "observability", "domain", "classification", "ledger"),
    # The hub's sessions live on the loop's thread; of Redis itself they know nothing.
    "alerting": ("base", "observability", "domain", "ledger", "redis/loop.h"),
    "disposal": ("base", "observability", "domain", "ledger"),
    "statistics": ("base", "observability", "domain", "ledger"),
    "rpc": ("base", "observability", "domain", "classification", "ledger", "security", "config",
            "intake", "alerting", "disposal", "statistics"),
}
MAY_INCLUDE["server"] = ("redis", "rpc", "combining") + MAY_INCLUDE["rpc"]
# Looks at a machine with the service's own checks, of which it runs none.
MAY_INCLUDE["doctor"] = ("base", "config", "redis", "ledger", "security", "server/file_limit.h",
                         "server/inputs.h", "server/redis_address.h", "server/tls_files.h")
# supervisionctl measures the classifier offline, copies and restores the data of a node, keeps the file
# of issued tokens, and examines a node.
MAY_INCLUDE["clients"] = ("base", "domain", "combining", "classification", "security", "config", "backup",
                          "doctor")

# Library or generated code -> the only folders that may include it. "clients" is clients/**.
EDGE = ("rpc", "server", "clients")
ONLY_IN = (
    (r"grpcpp/|grpc/|.*\.grpc\.pb\.h$", "gRPC", EDGE),
    (r"hiredis/|uv\.h$|uv/", "hiredis and libuv", ("redis",)),
    (r"hs/|hs\.h$|opencc/|utf8proc\.h$|re2/", "pattern and Unicode libraries",
     ("classification", "intake")),
    (r"yaml-cpp/", "yaml-cpp", ("config",)),
    (r"prometheus/", "prometheus-cpp",
     ("observability", "redis", "ledger", "combining", "intake", "alerting", "rpc", "server")),
    (r"spdlog/", "spdlog", ("observability", "server")),
    (r"CLI/", "CLI11", ("server", "clients")),
    (r"supervision/storage/", "the storage messages", ("ledger",)),
    (r"supervision/config/", "the configuration messages", ("config", "server")),
    (r"supervision/v\d+/", "the API messages", EDGE),
    (r"google/rpc/", "the status details", EDGE),
    (r"google/protobuf/", "protobuf", ("ledger", "config") + EDGE),
)

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def folder_of(path):
    """The unit of the rules that a file belongs to, or None for what they do not cover."""
    if path.parts[0] == "clients":
        return "clients"
    if path.parts[0] == "services" and len(path.parts) > 2:
        return path.parts[1]
    return None


def broken_rule(folder, quote, target):
    """Why `folder` may not include `target`, or None."""
    if quote == '"' and ("/" not in target or ".." in target):
        return "names a file without its path from the root"
    if target.startswith("tests/"):
        return "belongs to the tests"
    if target.startswith("clients/") and folder != "clients":
        return "belongs to the clients"
    if target.startswith("services/"):
        header = target.removeprefix("services/")
        allowed = MAY_INCLUDE[folder] + (folder,)
        if header.split("/")[0] not in allowed and header not in allowed:
            return f"is none of {', '.join(allowed)}"
    for pattern, name, folders in ONLY_IN:
        if re.match(pattern, target):
            return None if folder in folders else f"{name} belong to {', '.join(folders)} only"
    return None


def check(tree):
    problems = []
    for path in tree.files(".h", ".cc"):
        folder = folder_of(path)
        if folder is None:
            continue
        if folder not in MAY_INCLUDE:
            problems.append(f"{path}: folder {folder} has no row in tests/checks/include_rules.py")
            continue
        for number, line in tree.lines(path):
            match = INCLUDE.match(line)
            reason = match and broken_rule(folder, *match.groups())
            if reason:
                problems.append(f"{path}:{number}: {folder} may not include {match[2]}: {reason}")
    return problems


PLANTED = (
    ({"services/domain/a.h": "#include <google/protobuf/message.h>\n"}, "protobuf"),
    ({"services/alerting/a.cc": '#include "services/intake/intake.h"\n'}, "services/intake"),
    ({"services/ledger/a.cc": "# include <hiredis/async.h>\n"}, "hiredis"),
    ({"services/intake/a.cc": "#include <grpcpp/grpcpp.h>\n"}, "gRPC"),
    ({"services/alerting/a.cc": '#include "services/redis/client.h"\n'}, "services/redis"),
    ({"services/rpc/a.cc": '#include "services/redis/client.h"\n'}, "services/redis"),
    ({"services/base/a.cc": '#include "../domain/clue.h"\n'}, "without its path"),
    ({"services/rpc/a.cc": '#include "tests/support/fake.h"\n'}, "belongs to the tests"),
    ({"services/novelty/a.cc": "int x;\n"}, "no row"),
)
