"""Which expressions are worth asking: checks before a model is loaded, and words that a model has never seen.

A raster takes minutes, so an expression that cannot be answered is refused in the first second. A lone class name that
the model was not trained on is refused too: a network always answers something, and a GIS analyst who asks for helipads
must not get storage tanks. A longer text whose noun is unknown is asked with a warning, since its other words
(colour, size, place) may still single an object out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..core_model.errors import ExpressionError
from ..core_model.expression.lexicon import concepts_of, head_noun, spoken_class

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_SMALL_WORDS = frozenset("a an the all any every each some one this that these those of".split())


def check_texts(expressions: Sequence[str], max_words: int | None = None) -> None:
    """Refuse expressions that no model can read.

    Args:
        expressions: what was typed.
        max_words: the longest expression that the model reads; None while that is not known.

    Raises:
        ExpressionError: there is none, or one is empty, holds no word, holds a NUL, or is too long.
    """
    if not expressions:
        raise ExpressionError("There is no expression; say what to look for, such as 'storage tank'.")
    for text in expressions:
        shown = text if len(text) <= 40 else f"{text[:40]}..."
        if "\0" in text:
            raise ExpressionError(f"The expression {shown!r} holds a NUL character; type it again as plain text.")
        if not text.strip():
            raise ExpressionError("The expression is empty; say what to look for, such as 'storage tank'.")
        if not _WORD.search(text):
            raise ExpressionError(
                f"The expression {shown!r} holds no word; say what to look for, such as 'storage tank'."
            )
        words = len(text.split())
        if max_words is not None and words > max_words:
            raise ExpressionError(
                f"The expression '{shown}' has {words} words, but the model reads at most {max_words}; "
                "keep the words that tell the object apart."
            )


def knows(text: str, classes: Sequence[str]) -> bool:
    """Return whether a model was trained on what a text is about.

    Args:
        text: a noun phrase or a whole expression.
        classes: class names that the model knows; none means that it takes any word.
    """
    if spoken_class(text, classes) is not None:
        return True
    concepts = {concept for name in classes for concept in concepts_of(name.lower())} | set(classes)
    noun = head_noun(text)
    return not classes or (noun is not None and (noun in concepts or bool(concepts & set(concepts_of(noun)))))


def check_known(expressions: Sequence[str], classes: Sequence[str], allow_unknown: bool = False) -> list[str]:
    """Return warnings about expressions whose object the model was not trained on; refuse lone class names.

    Args:
        expressions: what was typed.
        classes: class names that the model knows; none means that it takes any word.
        allow_unknown: warn where an error would be raised.

    Raises:
        ExpressionError: an expression is nothing but the name of an unknown class.
    """
    warnings = []
    for text in expressions:
        if knows(text, classes):
            continue
        noun = head_noun(text)
        content = [word for word in _WORD.findall(text.lower()) if word not in _SMALL_WORDS]
        what = noun or (content[0] if len(content) == 1 else None)
        if what is None:
            warnings.append(f"No word of '{text}' names a class that this model knows, so the answer is a guess.")
            continue
        seen = f"This model has not seen '{what}'; it knows: {', '.join(classes)}."
        lone = noun is None or len(content) <= len(noun.split())
        if lone and not allow_unknown:
            raise ExpressionError(f"{seen} Ask for one of these, or add --allow-unknown to get a guess.")
        warnings.append(f"{seen} The answer to '{text}' is a guess.")
    return warnings
