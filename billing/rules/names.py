"""A person's first name out of one line as a manager typed it.

The payer's page shows no more than the first name (interface.md 5), so the family name must be told from it:
the ending of a patronymic or of a family name says where it stands; where nothing says it, the first word is
taken.
"""

import re

_PATRONYMIC = re.compile(r"(вич|вна|ична|инична)$", re.IGNORECASE)
_FAMILY = re.compile(
    r"(ов|ева|ова|ев|ёв|ёва|ин|ина|ын|ына|ский|ская|цкий|цкая|енко|чук|юк|ых|их|ян|дзе|швили)$", re.IGNORECASE
)
# First names with the ending of a family name.
_GIVEN = frozenset(
    {
        "ирина",
        "марина",
        "екатерина",
        "катерина",
        "карина",
        "полина",
        "алина",
        "кристина",
        "нина",
        "арина",
        "регина",
        "ангелина",
        "валентина",
        "галина",
        "константин",
        "валентин",
        "мартин",
        "севастьян",
        "себастьян",
        "дарина",
        "сабина",
        "эвелина",
        "фаина",
        "антонина",
        "ян",
        "демьян",
        "эмин",
        "амин",
    }
)


def first_name(full: str) -> str:
    """Return the first name, empty when there is no word; never more than one word."""
    words = full.split()
    if not words:
        return ""
    if len(words) >= 3:
        for position, word in enumerate(words[1:], start=1):
            if _PATRONYMIC.search(word):
                return words[position - 1]
    if len(words) == 2 and _is_family(words[0]) and not _is_family(words[1]):
        return words[1]
    return words[0]


def _is_family(word: str) -> bool:
    return word.lower() not in _GIVEN and bool(_FAMILY.search(word))
