"""Every key that a Redis script touches comes from KEYS.

Reads the Lua: the key arguments of each redis.call must be KEYS[…], or a name, a field or a function's
parameter that is given nothing but such values anywhere in the file. Whatever cannot be followed that
way is refused, so a script keeps its keys plain to see.
"""

import re

TOKEN = re.compile(r"""
    (?P<space>\s+|--\[\[.*?\]\]|--[^\n]*)
  | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\[\[.*?\]\])
  | (?P<word>[A-Za-z_]\w*)
  | (?P<number>\d[\w.]*)
  | (?P<mark>\.\.\.|\.\.|==|~=|<=|>=|.)
""", re.VERBOSE | re.DOTALL)
OPEN, CLOSE = set("([{"), set(")]}")
OPERATORS = {"..", "+", "-", "*", "/", "%", "^", "==", "~=", "<", ">", "<=", ">=", "and", "or"}

# Where the keys of a command stand among its arguments (the command itself is argument 0).
NO_KEY = {"TIME", "PING", "ROLE"}
ALL_KEYS = {"DEL", "UNLINK", "EXISTS", "MGET", "TOUCH"}
SECOND = {"XINFO", "OBJECT", "XGROUP"}  # after a subcommand
FIRST = set("""
    GET SET SETNX SETEX GETSET GETRANGE STRLEN APPEND INCR INCRBY DECR DECRBY TYPE EXPIRE PEXPIRE
    PERSIST TTL PTTL EXPIREAT HGET HSET HSETNX HMGET HGETALL HDEL HEXISTS HLEN HINCRBY HKEYS HVALS
    HSTRLEN XADD XLEN XRANGE XREVRANGE XTRIM XDEL XSETID ZADD ZREM ZRANGE ZREVRANGE ZRANGEBYSCORE
    ZREVRANGEBYSCORE ZRANGEBYLEX ZREVRANGEBYLEX ZSCORE ZMSCORE ZCARD ZCOUNT ZLEXCOUNT ZRANK ZINCRBY
    ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX SADD SREM SISMEMBER SMISMEMBER SCARD SMEMBERS
    LPUSH RPUSH LPOP RPOP LLEN LRANGE LTRIM LINDEX
""".split())


def tokens_of(text):
    """(text, line) of each token; comments and space are left out."""
    text = re.sub(r"\A#![^\n]*", "", text)
    result, line = [], 1
    for match in TOKEN.finditer(text):
        if match.lastgroup != "space":
            result.append((match[0], line))
        line += match[0].count("\n")
    return result


def list_end(words, start):
    """The index of the bracket that closes the one at `start`."""
    depth = 0
    for index in range(start, len(words)):
        depth += (words[index] in OPEN) - (words[index] in CLOSE)
        if depth == 0:
            return index
    return len(words)


def split_list(words):
    """The comma-separated parts of a list, brackets respected."""
    parts, depth = [[]], 0
    for word in words:
        depth += (word in OPEN) - (word in CLOSE)
        if word == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def value_at(words, start):
    """The value that begins at `start`: a name with its fields and indexes, else ['?']."""
    if start >= len(words) or not re.match(r"[A-Za-z_]", words[start]):
        return ["?"], start + 1
    end = start + 1
    while end < len(words):
        if words[end] == "." and end + 1 < len(words):
            end += 2
        elif words[end] == "[":
            end = list_end(words, end) + 1
        else:
            break
    if end < len(words) and (words[end] in OPERATORS or words[end] == "("):
        return ["?"], end
    return words[start:end], end


class Script:
    def __init__(self, text):
        self.tokens = tokens_of(text)
        self.words = [word for word, _ in self.tokens]
        self.values = {}  # name -> the values it is given anywhere
        self._read_assignments()
        self._read_functions()

    def _give(self, name, value):
        self.values.setdefault(name, []).append(value)

    def _read_assignments(self):
        words = self.words
        for index, word in enumerate(words):
            if word == "=" and index:
                self._read_assignment(index)
            elif word == "for" and words[index + 1:index + 2] and "in" in words[index:index + 6]:
                at = words.index("in", index)
                over_keys = words[at + 1:at + 5] == ["ipairs", "(", "KEYS", ")"]
                for name in words[index + 1:at]:
                    if name not in (",", "_"):
                        self._give(name, ["KEYS", "["] if over_keys else ["?"])

    def _read_assignment(self, index):
        words = self.words
        names, at = [], index - 1
        while at >= 0:
            if words[at] == "]":  # t[i] = value is taken as giving t itself
                depth = 1
                while depth and at > 0:
                    at -= 1
                    depth += (words[at] == "]") - (words[at] == "[")
                at -= 1
            names.insert(0, words[at])
            if at > 1 and words[at - 1] == ",":
                at -= 2
            else:
                break
        value_start = index + 1
        for name in names:
            value, end = value_at(words, value_start)
            self._give(name, value)
            value_start = end + 1 if end < len(words) and words[end] == "," else len(words)

    def _read_functions(self):
        words = self.words
        for index, word in enumerate(words):
            if word != "function" or index + 1 >= len(words):
                continue
            if words[index + 1] == "(":
                name, start = (words[index - 2] if words[index - 1] == "=" else None), index + 1
            else:
                name, start = words[index + 1], index + 2
            parameters = [part[0] for part in split_list(words[start + 1:list_end(words, start)])]
            calls = list(self._calls_of(name, start)) if name else []
            for position, parameter in enumerate(parameters):
                for arguments in calls or [[]]:
                    given = arguments[position] if position < len(arguments) else ["?"]
                    self._give(parameter, value_at(given + [";"], 0)[0])

    def _calls_of(self, name, definition):
        for index, word in enumerate(self.words[:-1]):
            if word == name and self.words[index + 1] == "(" and index + 1 != definition:
                yield split_list(self.words[index + 2:list_end(self.words, index + 1)])

    def is_key(self, value, seen=()):
        if value[:2] == ["KEYS", "["]:
            return value_at(value + [";"], 0)[0] == value or len(value) == 2
        if value_at(value + [";"], 0)[0] != value:
            return False
        bracket = value.index("[") if "[" in value else len(value)
        name = value[:bracket][-1]
        if name in seen:
            return True
        given = self.values.get(name, [])
        return bool(given) and all(self.is_key(other, (*seen, name)) for other in given)

    def problems(self):
        for index, word in enumerate(self.words[:-4]):
            if word != "redis" or self.words[index + 1] != ".":
                continue
            if self.words[index + 2] not in ("call", "pcall"):
                continue
            line = self.tokens[index][1]
            if self.words[index + 3] != "(":
                yield line, "redis.call under another name cannot be followed"
                continue
            arguments = split_list(self.words[index + 4:list_end(self.words, index + 3)])
            yield from ((line, what) for what in self._problems_of_call(arguments))

    def _problems_of_call(self, arguments):
        command = "".join(arguments[0]).strip("\"'").upper() if arguments else ""
        if command in NO_KEY:
            return
        if command in ALL_KEYS:
            keys = arguments[1:]
        elif command in SECOND:
            keys = arguments[2:3]
        elif command in FIRST:
            keys = arguments[1:2]
        else:
            yield f"{command}: where its keys stand is not known to tests/checks/script_keys.py"
            return
        if not keys:
            yield f"{command} without a key"
        for key in keys:
            if not self.is_key(key):
                yield f"{command}: the key '{''.join(key)}' does not come from KEYS"


def check(tree):
    return [f"{path}:{line}: {what}" for path in tree.files(".lua")
            for line, what in Script(tree.text(path)).problems()]


def _planted(body):
    return {"services/ledger/scripts/planted.lua": "#!lua\n" + body}


PLANTED = (
    (_planted("redis.call('SET', 'sv:' .. ARGV[1], 'x')\n"), "planted.lua:2: SET"),
    (_planted("local key = KEYS[1]\nkey = ARGV[2]\nredis.call('GET', key)\n"), "GET: the key 'key'"),
    (_planted("local function read(k) return redis.call('GET', k) end\nread(KEYS[1])\n"
              "read(ARGV[1])\n"), "GET: the key 'k'"),
    (_planted("redis.call('DEL', KEYS[1], ARGV[1])\n"), "DEL: the key 'ARGV[1]'"),
    (_planted("local k = {clue = KEYS[1], log = KEYS[2] .. ':x'}\nredis.call('XLEN', k.log)\n"),
     "XLEN"),
    (_planted("redis.call('EVAL', 'return 1', 0)\n"), "not known"),
    (_planted("local run = redis.call\nrun('SET', KEYS[1], 1)\n"), "another name"),
)
# What must stay allowed; run reports a check that refuses it.
ALLOWED = (
    _planted("local function hash_of(key) return redis.call('HGETALL', key) end\n"
             "local keys = {log = KEYS[1]}\nlocal base = 3\n"
             "for i, item in ipairs(ARGV) do\n  local clue = KEYS[base + i]\n"
             "  hash_of(clue)\n  redis.call('XADD', keys.log, '1-0', 'e', item)\nend\n"
             "for _, key in ipairs(KEYS) do redis.call('TYPE', key) end\n"
             "redis.call('TIME')\n"),
)
