"""Other words for classes: names as usual, the parts of a name that lists several, and its other number.

A word counts for a class only where no other class of the set is called so.
"""

from functools import cache
from typing import Final

from ipllvm.scorers.numbers import whole

_ALSO: Final = """
mobile phone: cell phone, cellphone, smartphone
cellphone: cell phone, mobile phone, smartphone
telephone: phone
television: tv, tv set, television set
couch: sofa
airplane: plane, aeroplane
motorbike: motorcycle
motorcycle: motorbike
bicycle: bike
streetcar: tram, trolley
tram: streetcar
lawn mower: lawnmower
possum: opossum
raccoon: racoon
trash can: garbage can, rubbish bin
taxicab: taxi
refrigerator: fridge
laptop computer: laptop
desktop computer: desktop pc
automated teller machine: atm, cash machine
fire truck: fire engine
semi-trailer truck: semi truck
sunglasses: sun glasses
microwave oven: microwave
hot tub: jacuzzi
ladybug: ladybird
praying mantis: mantis
german shepherd dog: german shepherd
newfoundland dog: newfoundland
great pyrenees dog: great pyrenees
brittany dog: brittany
bouvier des flandres dog: bouvier des flandres
groenendael dog: groenendael
mexican hairless dog (xoloitzcuintli): xoloitzcuintli
dobermann: doberman, doberman pinscher
st. bernard: saint bernard
saint bernard: st. bernard
german shorthaired: german shorthair
staffordshire bull terrier: staffie
american pit bull terrier: pit bull, pitbull, pit bull terrier
great grey owl: great gray owl
grey wolf: gray wolf
grey whale: gray whale
grey fox: gray fox
african grey parrot: african gray parrot, grey parrot, gray parrot
military hat (bearskin or shako): bearskin, shako
gas mask or respirator: gas mask, respirator
bell or wind chime: bell, wind chime
spiral or coil: spiral, coil
red wolf or maned wolf: red wolf, maned wolf
vaulted or arched ceiling: vaulted ceiling, arched ceiling
traffic or street sign: traffic sign, street sign, road sign
donuts: doughnuts
cup cakes: cupcakes
creme brulee: crème brûlée
omelette: omelet
yogurt: yoghurt
hamburger: burger
lasagna: lasagne
caesar salad: cesar salad
gyoza: potstickers
french fries: fries
fried calamari: calamari
highway or road: highway, road
brushland or shrubland: brushland, shrubland
industrial buildings or commercial buildings: industrial buildings, commercial buildings, industrial
residential buildings or homes or apartments: residential buildings, homes, apartments, residential
lake or sea: lake, sea
pasture land: pasture
annual crop land: annual crop
permanent crop land: permanent crop
united states: usa, u.s., u.s.a., united states of america
united kingdom: uk, u.k., great britain, britain, england, scotland, wales
united arab emirates: uae, u.a.e.
czech republic: czechia
dr congo: democratic republic of the congo, drc
cabo verde: cape verde
eswatini: swaziland
timor-leste: east timor
myanmar: burma
kyrgyz republic: kyrgyzstan
macedonia: north macedonia
brunei darussalam: brunei
vatican: vatican city, holy see
cote d'ivoire: ivory coast, côte d'ivoire
turkey: türkiye
faeroe islands: faroe islands
macau: macao
aland islands: åland, åland islands
curacao: curaçao
reunion: réunion
netherlands: holland
sint maarten: saint maarten
st. lucia: saint lucia
st. helena: saint helena
st. kitts and nevis: saint kitts and nevis
"""

_PAIRS: Final = ("shorts", "tights")
"""Plurals without a singular: "short" is no garment."""


@cache
def _table() -> dict[str, tuple[str, ...]]:
    rows = (line.partition(": ") for line in _ALSO.strip().splitlines())
    return {label: tuple(words.split(", ")) for label, _, words in rows}


def synonyms(label: str) -> tuple[str, ...]:
    """What else a class is called: other words, parts between slashes, without brackets, in the other number.

    >>> synonyms("Mobile phone"), synonyms("kite (bird of prey)"), synonyms("strawberry")
    (('cell phone', 'cellphone', 'smartphone', 'mobile phones'), ('kite', 'kites'), ('strawberries',))
    >>> synonyms("swim trunks / shorts"), synonyms("737-800")
    (('swim trunks', 'shorts', 'swim trunk'), ())
    """
    plain = label.casefold().strip()
    known = _table().get(plain, ())
    head = plain.partition(" (")[0]
    parts = tuple(part.strip() for part in head.split(" / "))
    singles = (*known, *(part for part in parts if part != plain))
    names = singles if len(parts) > 1 or head != plain else (*singles, plain)
    others = (_other_number(name) for name in names if name not in known)
    return (*singles, *(other for other in others if other))


def _other_number(name: str) -> str:
    """The plural of a name, or its singular where it is one; empty where it has none that is plain."""
    last = name.rpartition(" ")[2]
    if not last.isalpha() or len(last) < 3 or last in _PAIRS or whole(last) is not None:
        return ""
    if last.endswith(("ss", "us", "is")):
        return ""
    if last.endswith("s"):
        return name.removesuffix("s")
    if last.endswith("y") and last[-2] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if last.endswith(("x", "ch", "sh")) else f"{name}s"
