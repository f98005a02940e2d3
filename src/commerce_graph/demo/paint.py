"""Colours and lines for the drawings of the demo shop's goods."""

from dataclasses import dataclass

WHITE = "#ffffff"
NIGHT = "#14161c"
WOOD = "#c69c6d"
LEATHER = "#8a5a3b"
STEEL = "#aab2b8"
BRASS = "#c9a14a"
CREAM = "#f4ecdd"
LEAF = "#56714f"


def mix(one: str, other: str, part: float) -> str:
    """Return a colour that is `part` of the other and the rest of the one."""
    pairs = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def bright(color: str) -> float:
    """Return how bright a colour is, from 0 to 1."""
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.3 * red + 0.59 * green + 0.11 * blue


@dataclass(frozen=True, slots=True)
class Paint:
    """The colour that a thing is drawn in, with its lights and shades. `id` tells its gradient from others'."""

    id: str
    main: str

    @property
    def fill(self) -> str:
        """The colour as a surface that light falls on from the left."""
        return f"url(#{self.id})"

    @property
    def light(self) -> str:
        """Where light falls."""
        return mix(self.main, WHITE, 0.28)

    @property
    def pale(self) -> str:
        """Where much light falls."""
        return mix(self.main, WHITE, 0.55)

    @property
    def dark(self) -> str:
        """The shaded side."""
        return mix(self.main, NIGHT, 0.24)

    @property
    def deep(self) -> str:
        """Inside, where no light falls."""
        return mix(self.main, NIGHT, 0.5)

    @property
    def ink(self) -> str:
        """A line that can be read on the colour."""
        return mix(self.main, WHITE, 0.7) if bright(self.main) < 0.35 else mix(self.main, NIGHT, 0.55)

    def gradient(self) -> str:
        """Return the definition of `fill`."""
        stops = ((0, mix(self.main, WHITE, 0.16)), (0.45, self.main), (1, mix(self.main, NIGHT, 0.2)))
        told = "".join(f'<stop offset="{at}" stop-color="{color}"/>' for at, color in stops)
        return f'<linearGradient id="{self.id}" x1="0" y1="0" x2="1" y2="0.35">{told}</linearGradient>'


@dataclass(frozen=True, slots=True)
class Drawing:
    """A thing on a canvas of 800 by 800: what is behind its body, the outline of the body, what is before it.

    `ground` is (x, y, half width) of its shadow; things that lie flat have none.
    """

    body: str
    front: str = ""
    back: str = ""
    ground: tuple[int, int, int] | None = None


def twice(half: str) -> str:
    """Return a closed outline from its right half: `M`, `L`, `Q` and `C` with absolute points, from x=400 to x=400."""
    words = half.replace("M", " M ").replace("L", " L ").replace("Q", " Q ").replace("C", " C ").split()
    steps: list[tuple[str, list[tuple[float, float]]]] = []
    at = 0
    sizes = {"M": 1, "L": 1, "Q": 2, "C": 3}
    while at < len(words):
        letter = words[at]
        numbers = [float(word) for word in words[at + 1 : at + 1 + 2 * sizes[letter]]]
        steps.append((letter, list(zip(numbers[::2], numbers[1::2], strict=True))))
        at += 1 + 2 * sizes[letter]
    back = []
    for index in range(len(steps) - 1, 0, -1):
        letter, points = steps[index]
        inner = [*reversed(points[:-1]), steps[index - 1][1][-1]]
        back.append(letter + " ".join(f"{800 - x:g} {y:g}" for x, y in inner))
    return half + " " + " ".join(back) + " Z"


def shape(d: str, fill: str, opacity: float = 1) -> str:
    """Return a filled outline."""
    seen = "" if opacity == 1 else f' opacity="{opacity}"'
    return f'<path d="{d}" fill="{fill}"{seen}/>'


def line(d: str, color: str, width: float = 4, opacity: float = 1, dash: str = "", cap: str = "round") -> str:
    """Return a line."""
    more = (f' opacity="{opacity}"' if opacity != 1 else "") + (f' stroke-dasharray="{dash}"' if dash else "")
    return (
        f'<path d="{d}" fill="none" stroke="{color}" stroke-width="{width:g}" stroke-linecap="{cap}"'
        f' stroke-linejoin="round"{more}/>'
    )


def ring(x: float, y: float, rx: float, ry: float, fill: str, opacity: float = 1) -> str:
    """Return an ellipse."""
    seen = "" if opacity == 1 else f' opacity="{opacity}"'
    return f'<ellipse cx="{x:g}" cy="{y:g}" rx="{rx:g}" ry="{ry:g}" fill="{fill}"{seen}/>'


def box(x: float, y: float, width: float, height: float, fill: str, round_: float = 0, opacity: float = 1) -> str:
    """Return a rectangle, with round corners if need be."""
    more = (f' rx="{round_:g}"' if round_ else "") + (f' opacity="{opacity}"' if opacity != 1 else "")
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}"{more}/>'


def both(part: str) -> str:
    """Return a part and its mirror image."""
    return f'{part}<g transform="translate(800 0) scale(-1 1)">{part}</g>'
