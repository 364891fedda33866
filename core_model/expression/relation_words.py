"""Words that relate a referent to an anchor, longest first.

A weak word (``in``, ``on``, ``by``) relates only when a known noun follows; otherwise it belongs to the appearance
(``in shade``, ``on its roof``).
"""

from __future__ import annotations

from collections.abc import Sequence

_STRONG = {
    "next to": "next to,right next to,beside,besides,adjacent to,alongside,alongside of,bordering,abutting,"
    "neighboring,side by side with,attached to,adjoining,touching,flanking,next,just by,right by,"
    "right beside,next door to,touch,touches,against,up against,lined up against,hugging,bordered by,"
    "flanked by,connected to,joined to",
    "near": "near,near to,close to,nearby,not far from,in the vicinity of,in proximity to,in the neighborhood of,"
    "close by,in the surroundings of,near by,right near,in the area of,in range of",
    "behind": "behind,at the back of,at the rear of,to the rear of,in front of,ahead of,past,in back of,"
    "in the shadow of",
    "inside": "inside,inside of,outside,outside of,contained in,enclosed in,contained by,within the bounds of,"
    "in the interior of,in "
    "the inside of",
    "middle of": "in the middle of,at the center of,in the center of,at the middle of,in the heart of",
    "containing": "containing,that contains,which contains,that contain,that has inside,enclosing,surrounding,"
    "encircling",
    "on": "on top of,upon,atop,sitting on top of",
    "along": "along,lining,running along,all along,along the side of,at the side of,by the side of",
    "surrounded by": "surrounded by,encircled by,ringed by,enclosed by,surrounded with,among,amongst,amid,amidst,"
    "framed by,"
    "surrounded on all sides by",
    "opposite": "opposite,opposite to,opposite of,across from,across the road from,on the other side of,across the "
    "street from,"
    "on the opposite side of,facing across",
    "end": "at the end of,at the very end of,at the tip of,at the head of,at the far end of",
    "row": "in a row with,in line with,in the same row as,aligned with,lined up with,in one row with",
    "crossing": "crossing,across,spanning,crossed by,spanning across,spans across,spans,cross,crosses,going over,"
    "going across,crosses over,runs across,passes over,goes over,running across,running over,"
    "passing over,crossing over",
}
_WEAK = {
    "on": "on,onto,parked on,driving on,standing on",
    "inside": "in,within,into",
    "at": "at,by,around,off,over by,over at,over near",
    "with": "with,along with,having,that has,that have,which has,has,have",
}
_TABLE: list[tuple[tuple[str, ...], str, bool]] = sorted(
    (
        (tuple(phrase.split()), name, is_strong)
        for table, is_strong in ((_STRONG, True), (_WEAK, False))
        for name, phrases in table.items()
        for phrase in phrases.split(",")
    ),
    key=lambda item: -len(item[0]),
)
_BY_FIRST: dict[str, list[tuple[tuple[str, ...], str, bool]]] = {}
for _entry in _TABLE:
    _BY_FIRST.setdefault(_entry[0][0], []).append(_entry)


def read_relation(text: Sequence[str], at: int) -> tuple[str, int, bool] | None:
    """Read a relation word or phrase.

    Returns:
        (relation, index after it, whether it is strong), or None.
    """
    if at >= len(text):
        return None
    for phrase, name, is_strong in _BY_FIRST.get(text[at], ()):
        if tuple(text[at : at + len(phrase)]) == phrase:
            return name, at + len(phrase), is_strong
    return None
