"""Class names of data sets and layers as words that a person would say.

Layers spell their classes as code does: ``Storage_Tank``, ``tenniscourt``, ``Expressway-Service-area``.
A WordPiece tokenizer cuts such strings into pieces without meaning, while expressions say "tennis court".
"""

from __future__ import annotations

import re

from .lexicon import SINGULAR_OF

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[\s_\-./:;|,]+")
_MAX_PIECES = 3


def plain_class_name(name: str) -> str:
    """Return a class name in lower case, as separate words, in the singular where the noun is known.

    ``StorageTanks`` gives ``storage tank``, ``tenniscourt`` gives ``tennis court``. Words that the lexicon does not
    know keep their form: only what is certain is changed.

    Args:
        name: as the layer or the data set spells it.
    """
    words = _SEPARATORS.sub(" ", _CAMEL.sub(" ", name.strip())).strip().lower()
    if not words:
        return ""
    glued = words.replace(" ", "")
    if words not in SINGULAR_OF and " " not in words:
        words = _unglued(glued) or words
    return SINGULAR_OF.get(words, words)


def _unglued(word: str, pieces: int = _MAX_PIECES) -> str | None:
    """Return a known noun phrase whose words, written together, are ``word``."""
    for phrase in SINGULAR_OF:
        if 1 < phrase.count(" ") + 1 <= pieces and phrase.replace(" ", "") == word:
            return phrase
    return None
