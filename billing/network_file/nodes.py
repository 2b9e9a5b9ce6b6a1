"""YAML with line numbers: every value knows where it stands.

Scalars stay the text that was typed, so that leading zeros of a БИК survive YAML's own idea of numbers.
"""

from dataclasses import dataclass
from typing import Any, cast

import yaml
from django.utils.translation import gettext as _

# A hundred partners take about 200 kB.
SIZE_MAX = 5_000_000
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True, order=True)
class Problem:
    """One reason to refuse the file: the line (from 1), the path of the value, the reason in words."""

    line: int
    path: str
    reason: str


class Refused(Exception):
    """The file is refused as a whole; `problems` are in the order of lines."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(
            "\n".join(f"{problem.line}: {problem.path}: {problem.reason}" for problem in problems)
        )
        self.problems = sorted(set(problems))


@dataclass(frozen=True)
class Text:
    """A scalar as typed."""

    line: int
    text: str


@dataclass(frozen=True)
class Nothing:
    """An empty value."""

    line: int


@dataclass(frozen=True)
class Items:
    """A list."""

    line: int
    items: "tuple[Node, ...]"


@dataclass(frozen=True)
class Keys:
    """A mapping; key lines point at the key, which is where a person looks."""

    line: int
    values: "dict[str, Node]"
    lines: dict[str, int]


Node = Text | Nothing | Items | Keys


def read(text: str) -> Node:
    """Parse the file. Raises Refused for what is not YAML, is too big, repeats a key or refers to itself."""
    if len(text) > SIZE_MAX:
        raise Refused([Problem(1, "", _("The file is larger than %(size)s bytes.") % {"size": SIZE_MAX})])
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = _("This is not YAML: %(reason)s.") % {"reason": error.problem or error.context or ""}
        raise Refused([Problem(mark.line + 1 if mark else 1, "", reason)]) from error
    except yaml.YAMLError as error:
        reason = _("This is not YAML: %(reason)s.") % {"reason": str(error).splitlines()[0]}
        raise Refused([Problem(1, "", reason)]) from error
    if root is None:
        return Nothing(1)
    found: list[Problem] = []
    node = _convert(root, "", (), found)
    if found:
        raise Refused(found)
    return node


def of(value: Any, line: int = 1) -> Node:
    """What a form filled in: texts, numbers, lists, mappings. The line of an item is its place."""
    if value is None:
        return Nothing(line)
    if isinstance(value, dict):
        return Keys(line, {key: of(one, line) for key, one in value.items()}, dict.fromkeys(value, line))
    if isinstance(value, list | tuple):
        return Items(line, tuple(of(one, place) for place, one in enumerate(value, 1)))
    return Text(line, str(value).lower() if isinstance(value, bool) else str(value))


def _convert(node: yaml.Node, path: str, above: tuple[int, ...], found: list[Problem]) -> Node:
    line = node.start_mark.line + 1
    # Nothing in a network file is this deep; the bound also ends a value that contains itself by an alias.
    if len(above) > 8 or id(node) in above:
        found.append(Problem(line, path, _("The value is nested too deeply.")))
        return Nothing(line)
    if isinstance(node, yaml.ScalarNode):
        if node.tag == _NULL:
            return Nothing(line)
        return Text(line, cast(str, node.value))
    inside = (*above, id(node))
    if isinstance(node, yaml.SequenceNode):
        return Items(
            line, tuple(_convert(item, f"{path}[{n}]", inside, found) for n, item in enumerate(node.value, 1))
        )
    return _mapping(cast(yaml.MappingNode, node), path, inside, found)


def _mapping(node: yaml.MappingNode, path: str, inside: tuple[int, ...], found: list[Problem]) -> Keys:
    values: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            found.append(Problem(line, path, _("A key must be a word.")))
            continue
        key = cast(str, key_node.value)
        where = f"{path}.{key}" if path else key
        if key in values:
            found.append(Problem(line, where, _("The key stands here twice.")))
            continue
        values[key], lines[key] = _convert(value_node, where, inside, found), line
    return Keys(node.start_mark.line + 1, values, lines)
