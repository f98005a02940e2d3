"""What goods are made of, in the words that shoppers choose by."""

from functools import cache

MATERIALS = {
    "alpaca": "Alpaca", "beech": "Wood", "brass": "Brass", "calf": "Leather", "canvas": "Cotton",
    "cashmere": "Cashmere", "chambray": "Cotton", "clay": "Clay", "concrete": "Concrete", "cordura": "Nylon",
    "corduroy": "Cotton", "cotton": "Cotton", "cowhide": "Leather", "denim": "Cotton", "down": "Down",
    "fleece": "Fleece", "glass": "Glass", "hemp": "Hemp", "iron": "Cast Iron", "lambswool": "Wool",
    "leather": "Leather", "linen": "Linen",
    "merino": "Merino", "mohair": "Mohair", "nubuck": "Leather", "nylon": "Nylon", "oak": "Wood", "oxford": "Cotton",
    "paper": "Paper", "plywood": "Wood", "polyamide": "Nylon", "polyester": "Polyester", "porcelain": "Porcelain",
    "ripstop": "Nylon", "seersucker": "Cotton", "shearling": "Shearling", "silk": "Silk", "silnylon": "Nylon",
    "steel": "Steel", "stoneware": "Stoneware", "suede": "Leather", "terracotta": "Terracotta", "timber": "Wood",
    "titanium": "Titanium", "tweed": "Wool", "walnut": "Wood", "wool": "Wool",
}  # fmt: skip
"""Words of a stuff, with the material that each stands for."""


@cache
def materials(stuff: str) -> tuple[str, ...]:
    """Return the materials that a stuff is described as, each once, in the order of its words."""
    words = stuff.lower().replace("-", " ").replace(",", " ").split()
    return tuple(dict.fromkeys(MATERIALS[word] for word in words if word in MATERIALS))
