"""The nouns of aerial imagery: which words name which class, singular and plural.

One table serves the parser (what is being asked for), the generator (how else can it be called) and the ``class``
column of results. A noun that is not here is not an error: it goes to the network as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

# concept: "said often; understood as well". The concept itself is always both. Singular, British and American.
_CONCEPTS = {
    "airplane": (
        "plane, airplane, aircraft, jet; aeroplane, airliner, jet plane, passenger plane, passenger jet, air "
        "plane, passenger aircraft, fighter jet, jetliner, propeller plane, fixed-wing aircraft"
    ),
    "helicopter": "helicopter, chopper",
    "storage tank": (
        "tank, storage tank; oil tank, fuel tank, water tank, silo, grain bin, bin, storage silo, clarifier, "
        "digester, storagetank, oil storage tank, gas tank, reservoir tank, settling tank, round basin"
    ),
    "tennis court": "tennis court",
    "basketball court": "basketball court; hoops court, basket ball court",
    "baseball diamond": (
        "baseball diamond, baseball field, ball field, infield; diamond, ballfield, ball diamond, baseball "
        "infield, softball field, softball diamond, baseball ground, dirt infield, base ball diamond"
    ),
    "soccer field": "soccer field, football field; soccer pitch, football pitch, soccer ball field, soccer ground",
    "athletic field": "athletic field, running track; ground track field, track field, track and field",
    "sports field": "sports field; playing field, sports ground, play field, field for sports, sports pitch",
    "bunker": "bunker, sand trap; sand bunker, golf bunker, sandtrap",
    "green": "green, putting green; golf green",
    "golf course": "golf course; golf field, golf links, golfcourse",
    "boat": (
        "boat, vessel; dinghy, yacht, sailboat, motorboat, motor boat, sailing boat, kayak, watercraft, "
        "speedboat, barge, rowing boat, fishing boat, small craft"
    ),
    "ship": "ship; cargo ship, warship, tanker, ferry, freighter, container ship, naval vessel, cruise ship",
    "dock": "dock, pier, jetty; wharf, quay, boat dock, landing stage, berth",
    "harbor": "harbor, harbour, marina; port, boat basin, haven, ship dock",
    "house": "house; home, residence, dwelling, villa, bungalow, family home, mansion, cottage",
    "building": (
        "building; roof, garage, shed, carport, warehouse, structure, rooftop, hangar, barn, pavilion, block "
        "of flats, office block, tower block, outbuilding, factory, industrial building"
    ),
    "mobile home": "mobile home; trailer home, caravan, trailer, manufactured home",
    "swimming pool": "pool, swimming pool; pond-like pool, swimming-pool, hot tub",
    "car": (
        "car; automobile, auto, van, taxi, sedan, small vehicle, compact vehicle, light-duty "
        "vehicle, passenger car, motorcar, light duty vehicle, minivan, suv, pickup, cab"
    ),
    "truck": (
        "truck; lorry, semi, semi truck, tractor trailer, large vehicle, box truck, semitrailer, tanker "
        "truck, big rig, pickup truck, heavy-duty vehicle, heavy duty vehicle"
    ),
    "bus": "bus; coach, school bus, minibus",
    "train": "train; rail car, railway carriage, freight train, locomotive",
    "overpass": "overpass, bridge; flyover, road bridge, viaduct",
    "bridge": "bridge; footbridge, span, river bridge",
    "river": "river; stream, creek, canal, brook, watercourse",
    "lake": "lake, pond; reservoir, mere",
    "sea": "sea, ocean; surf, body of water",
    "water": "water, water body; waterbody, waters, body of water",
    "beach": "beach; sand, shore, sandy beach, sandy shore, strand",
    "runway": "runway, landing strip; airstrip, strip, tarmac, taxiway, airfield strip",
    "airport": "airport; airfield, aerodrome",
    "road": "road, street; lane, alley, avenue, paved road, roadway",
    "highway": "highway, freeway; motorway, expressway, expressway service area, interstate",
    "intersection": "intersection, crossing, crossroads; junction, road intersection, crossroad",
    "roundabout": "roundabout; traffic circle, rotary, circular crossing",
    "toll station": "toll station; expressway toll station, toll plaza, toll gate, toll booth",
    "parking lot": "parking lot, car park; parking area, lot, parking place, parking space",
    "driveway": "driveway; drive",
    "sidewalk": "sidewalk, pavement; footpath, walkway, footway",
    "path": "path; dirt path, cart path, trail, track",
    "railway": "railway, railroad; rail track, train track, railway line, rails",
    "train station": "train station, railway station; station",
    "windmill": "windmill, wind turbine; wind mill, turbine",
    "chimney": "chimney; smokestack, stack",
    "dam": "dam; weir, barrage",
    "stadium": "stadium; arena, sports stadium",
    "container crane": "container crane; crane, gantry crane, harbor crane, harbour crane",
    "helipad": "helipad; heliport, helicopter pad",
    "tree": "tree; palm, palm tree",
    "forest": "forest; wood, woods, woodland",
    "low vegetation": "low vegetation; vegetation, shrub, bush, hedge",
    "grass": "grass, lawn; meadow, grassland, grass field",
    "field": "field; farmland, cropland, crop field, agricultural land, farm field, plot",
    "bare soil": "bare soil, bare ground; barren, barren land, bare land, dirt",
    "impervious surface": "impervious surface; paved surface, pavement surface",
    "school": "school; school building, campus",
    "church": "church; chapel",
    "solar panel": "solar panel; solar array, photovoltaic panel, pv panel, solar farm",
    "quarry": "quarry; open-pit mine, mine, pit",
    "plane gate": "gate; boarding bridge, jet bridge, boarding gate",
    "terminal": "terminal; airport terminal",
    "median": "median; central reservation, median strip",
    "road marking": "road marking; lane marking, crosswalk, zebra crossing",
}

# Nouns that people ask for and that no class of the training data names; the generator never says them.
_OTHERS = {
    "container": "shipping container, sea container, dumpster, skip",
    "apartment block": "apartment building, apartment house, apartment complex",
    "greenhouse": "glasshouse, hothouse, polytunnel",
    "island": "islet, isle",
    "peninsula": "headland, spit",
    "playground": "",
    "hospital": "clinic, medical center",
    "fire station": "firehouse",
    "police station": "",
    "gas station": "petrol station, filling station, service station, fuel station",
    "power station": "power plant, substation, electrical substation",
    "bus station": "bus stop, bus depot",
    "power line": "pylon, electricity pylon, transmission line, transmission tower, powerline, overhead line",
    "tower": "water tower, control tower, radio tower, lighthouse, mast, antenna, watch tower, cell tower",
    "loading dock": "loading bay, loading ramp",
    "entrance": "entry, gateway, doorway",
    "border crossing": "checkpoint, border post",
    "wall": "sea wall, retaining wall",
    "fence": "fence line",
    "garden": "yard, backyard, front yard, courtyard, patio, terrace",
    "park": "public park, recreation ground",
    "square": "plaza, town square",
    "town": "city, village, settlement, neighborhood, suburb, residential area, built-up area",
    "construction site": "building site",
    "landfill": "dump, scrapyard, junkyard",
    "orchard": "vineyard, plantation, olive grove",
    "cemetery": "graveyard, churchyard",
    "mountain": "hill, ridge, peak, cliff, slope",
    "valley": "ravine, gully, canyon",
    "wetland": "marsh, swamp, bog, mangrove, mudflat",
    "bay": "cove, inlet, lagoon, estuary",
    "bank": "riverbank, shoreline, coast, coastline, lakeshore",
    "snow": "ice, glacier",
    "tunnel": "underpass, culvert",
    "tent": "marquee",
    "fountain": "statue, monument",
    "person": "pedestrian, man, swimmer, player",
    "animal": "cow, horse, sheep, deer",
    "motorcycle": "motorbike, scooter",
    "bicycle": "bike",
    "tractor": "excavator, bulldozer, digger, forklift",
    "fire truck": "fire engine",
    "ambulance": "",
    "tram": "streetcar",
    "buoy": "raft, pontoon",
    "oil rig": "oil platform, drilling rig, oil well, pumpjack",
    "carriageway": "bike lane, cycle lane, bus lane, cycle path, turning lane",
    "shopping center": "mall, shopping mall, supermarket, market, shop, store",
    "hotel": "motel, resort",
    "farm": "farmhouse, farmstead, ranch, farmyard",
    "observatory": "dome",
    "ramp": "boat ramp, slipway",
    "ditch": "trench, drain, channel",
    "embankment": "dike, dyke, levee, breakwater",
    "apron": "parking apron, aircraft apron",
}

# A wide word names any of several classes: it is unique only if all of them are counted.
_WIDER = {
    "vehicle": ("car", "truck", "bus"),
    "court": ("tennis court", "basketball court"),
    "sports court": ("tennis court", "basketball court"),
    "roof": ("building", "house", "mobile home"),
    "home": ("house", "mobile home"),
    "building": ("building", "house"),
    "ship": ("ship", "boat"),
    "boat": ("boat", "ship"),
    "watercraft": ("boat", "ship"),
    "vessel": ("boat", "ship"),
    "bridge": ("bridge", "overpass"),
    "field": ("baseball diamond", "soccer field", "athletic field", "sports field", "field"),
    "sports field": ("baseball diamond", "soccer field", "athletic field", "sports field"),
    "water body": ("water", "lake", "river", "sea"),
    "body of water": ("water", "lake", "river", "sea"),
    "water": ("water", "lake", "river", "sea"),
    "pier": ("dock",),
    "dock": ("dock", "harbor"),
    "boat dock": ("harbor", "dock"),
    "road": ("road", "highway"),
    "small vehicle": ("car",),
    "large vehicle": ("truck", "bus"),
    "pond": ("lake", "swimming pool"),
}

_IRREGULAR = {"roof": "roofs", "wharf": "wharves", "leaf": "leaves", "man": "men", "person": "people", "semi": "semis"}
_SAME_IN_PLURAL = frozenset(
    "aircraft, watercraft, craft, small craft, crossroads, woods, surf, sand, dirt, water, grass, tarmac, farmland, "
    "cropland, bare soil, low vegetation, vegetation, rails, golf links, barren, sheep, deer, snow, ice".split(", ")
)


def _split(entry: str) -> tuple[list[str], list[str]]:
    said, _, understood = entry.partition(";")
    return [word.strip() for word in said.split(",")], [word.strip() for word in understood.split(",") if word.strip()]


def plural(noun: str) -> str:
    """Return the plural of a singular noun phrase: ``swimming pool`` gives ``swimming pools``."""
    head, _, last = noun.rpartition(" ")
    if noun in _SAME_IN_PLURAL or last in _SAME_IN_PLURAL:
        return noun
    if last in _IRREGULAR:
        return f"{head} {_IRREGULAR[last]}".strip()
    if re.match(r"(body|block|track) (of|and) ", noun):
        first, _, rest = noun.partition(" ")
        return f"{plural(first)} {rest}"
    if re.search(r"(s|x|z|ch|sh)$", noun):
        return noun + "es"
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + "s"


SAID: dict[str, tuple[str, ...]] = {}
"""Concept -> the words that people often use for it; the generator draws from these."""

CONCEPTS_OF: dict[str, tuple[str, ...]] = {}
"""Singular noun -> the concepts that it may name, the likeliest first."""

SINGULAR_OF: dict[str, str] = {}
"""Every known noun, singular or plural -> its singular."""


def _fill() -> None:
    understood: dict[str, list[str]] = {}
    for concept, entry in _CONCEPTS.items():
        often, seldom = _split(entry)
        SAID[concept] = tuple(often)
        for noun in dict.fromkeys([concept, *often, *seldom]):
            understood.setdefault(noun, []).append(concept)
    for concept, entry in _OTHERS.items():
        for noun in filter(None, [concept, *entry.split(", ")]):
            understood.setdefault(noun, []).append(concept)
    for noun, wider in _WIDER.items():
        understood[noun] = list(dict.fromkeys([*wider, *understood.get(noun, [])]))
    for noun, concepts in understood.items():
        CONCEPTS_OF[noun] = tuple(concepts)
    for noun in CONCEPTS_OF:
        SINGULAR_OF.setdefault(plural(noun), noun)
    for noun in CONCEPTS_OF:  # singulars win over plurals of other words
        SINGULAR_OF[noun] = noun


_fill()
MAX_NOUN_WORDS = max(noun.count(" ") for noun in CONCEPTS_OF) + 1

_STOP = re.compile(
    r"\b(?:with|of|in|on|at|by|near|next|that|which|whose|who|beside|between|from|to|left of|below|above|under"
    r"|underneath"
    r"|beneath|close|alongside|nearest|closest|farthest|furthest|just|directly|immediately|west|east|north|south"
    r"|adjacent"
    r"|touching|not|is|are|behind|along|inside|around|within|for|parked|located|situated|positioned|and|or)\b|[,.;:?!]"
)


_FOR = re.compile(r"\b(court|field|ground)s? for (?:playing )?(tennis|basketball|soccer|football|baseball)\b")


def concepts_of(noun: str) -> tuple[str, ...]:
    """Return the concepts that a noun, singular or plural, may name; empty when it is unknown."""
    return CONCEPTS_OF.get(SINGULAR_OF.get(noun, noun), ())


def names_several_classes(noun: str) -> bool:
    """Return whether a noun is wide: ``vehicle`` is cars, trucks and buses."""
    return len(concepts_of(noun)) > 1


@lru_cache(maxsize=4096)
def head_noun(phrase: str) -> str | None:
    """Return the known noun, as a singular, that a noun phrase is about; None if no word of it is known.

    The head of an English noun phrase is its last noun before anything that hangs on it: ``the white jet with a dark
    tail`` is about a jet.
    """
    text = " ".join(phrase.lower().replace("_", " ").split())
    for part in _STOP.split(_FOR.sub(r"\2 \1", text)):
        words = re.findall(r"[a-z0-9][a-z0-9'-]*", part)
        for end in range(len(words), 0, -1):
            for length in range(min(MAX_NOUN_WORDS, end), 0, -1):
                noun = " ".join(words[end - length : end])
                if noun in SINGULAR_OF:
                    return SINGULAR_OF[noun]
                if "-" in noun and noun.replace("-", " ") in SINGULAR_OF:
                    return SINGULAR_OF[noun.replace("-", " ")]
    return None


def spoken_class(phrase: str, known_classes: Iterable[str]) -> str | None:
    """Return the class whose own name, singular or plural, is what a phrase is about.

    A model that was taught classes of a person's own knows nouns that the lexicon does not: ``the large concrete roofs
    by the road`` is about a concrete roof where there is such a class.

    Args:
        phrase: a noun phrase or a whole expression.
        known_classes: class names in any case, with ``_``, ``-`` or spaces.
    """
    names: dict[str, str] = {}
    for name in known_classes:
        words = " ".join(re.split(r"[\s_-]+", name.strip().lower()))
        names[words] = name
        names.setdefault(plural(words), name)
    longest = max((words.count(" ") + 1 for words in names), default=0)
    text = " ".join(re.split(r"[\s_]+", phrase.strip().lower()))
    for part in _STOP.split(text):
        found = re.findall(r"[^\W_]+(?:'[^\W_]+)?", part)
        for end in range(len(found), 0, -1):
            for length in range(min(longest, end), 0, -1):
                noun = " ".join(found[end - length : end])
                if noun in names:
                    return names[noun]
            if " ".join(found[end - 1 : end]) in SINGULAR_OF:
                return None  # another noun is the head
    return None


def class_of(noun_phrase: str, known_classes: Iterable[str]) -> str | None:
    """Return the one class of a model that a noun phrase names.

    Args:
        noun_phrase: such as ``the white jets`` or ``harbour``.
        known_classes: class names as the model or the layer has them, in any case, with ``_``, ``-`` or spaces.

    Returns:
        The class as it stands in ``known_classes``; None if no class, or more than one class equally well, is named.
    """
    known = {" ".join(re.split(r"[\s_-]+", name.strip().lower())): name for name in known_classes}
    wanted = " ".join(re.split(r"[\s_-]+", noun_phrase.strip().lower()))
    spoken = known.get(wanted) or spoken_class(noun_phrase, known.values())
    if spoken is not None:
        return spoken
    noun = head_noun(noun_phrase)
    if noun is None:
        return None
    if noun in known:
        return known[noun]
    concepts = CONCEPTS_OF[noun]
    found = [known[name] for name in known if set(concepts_of(name)[:1] or (name,)) & set(concepts)]
    if len(found) > 1:
        first = [known[name] for name in known if (concepts_of(name)[:1] or (name,))[0] == concepts[0]]
        found = first if noun not in _WIDER else found
    return found[0] if len(found) == 1 else None
