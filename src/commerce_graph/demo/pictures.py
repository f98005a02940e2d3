"""The demo shop's pictures, drawn on request: `/media/{shape}-{colour}-{pattern}-{view}{background}.svg`."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import blake2b

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from commerce_graph.demo import drawings_home as home
from commerce_graph.demo import drawings_outdoor as outdoor
from commerce_graph.demo import drawings_worn as worn
from commerce_graph.demo.goods import COLORS
from commerce_graph.demo.paint import CREAM, NIGHT, WHITE, Drawing, Paint, box, line, mix, ring, shape

SHAPES: Mapping[str, Callable[[Paint], Drawing]] = {
    "tee": worn.tee, "shirt": worn.shirt, "sweater": worn.sweater, "hoodie": worn.hoodie, "jacket": worn.jacket,
    "trousers": worn.trousers, "socks": worn.socks, "beanie": worn.beanie, "scarf": worn.scarf, "boots": worn.boots,
    "backpack": worn.backpack, "tote": worn.tote, "tent": outdoor.tent, "sleepbag": outdoor.sleepbag,
    "bottle": outdoor.bottle, "lantern": outdoor.lantern, "guide": outdoor.guide, "planter": outdoor.planter,
    "chair": outdoor.chair, "blanket": outdoor.blanket, "mug": home.mug, "teapot": home.teapot, "bowl": home.bowl,
    "candle": home.candle, "cushion": home.cushion, "vase": home.vase, "lamp": home.lamp, "clock": home.clock,
    "print": home.print_, "notebook": home.notebook,
}  # fmt: skip
PAINTS: Mapping[str, str] = {name.lower(): color for name, color in COLORS.items()}
PATTERNS = ("plain", "stripe", "check", "dots", "zigzag", "dip")
VIEWS = "abcd"
BACKGROUNDS = 8
SEED = re.compile(r"([a-z]{3,12})-([a-z]{3,12})-([a-z]{3,6})-([a-d])([0-7])")
SEED_CHARS_MAX = 64
PICTURES_KEPT_MAX = 2_000
SIZE = 800

_WALLS = ("#f3e9dc", "#f2dfd7", "#dfe8ec", "#e2e8dc", "#efe6cf", "#e6e0ee", "#e8e7e3", "#dcebe6")
_COMPANY = ("rust", "oat", "forest", "honey", "ink", "rose", "sage", "clay", "sky", "plum", "sun", "lagoon")


async def picture(request: Request) -> Response:
    """Serve a drawing. The same address is the same picture for good, so caches may keep it."""
    drawn = draw(request.path_params["seed"])
    if drawn is None:
        return PlainTextResponse("There is no such picture.", status_code=404)
    body, etag = drawn
    headers = {
        "Cache-Control": "public, max-age=31536000",
        "ETag": etag,
        # Should a browser open it as a page of its own, it may do nothing but be seen.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",  # storefronts show it on pages of their own
    }
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="image/svg+xml", headers=headers)


ROUTES = [Route("/media/{seed:str}.svg", picture, methods=["GET"])]


def draw(seed: str) -> tuple[bytes, str] | None:
    """Return a picture and its ETag, None for what is not a name of one."""
    found = SEED.fullmatch(seed) if len(seed) <= SEED_CHARS_MAX else None
    if found is None:
        return None
    form, color, pattern, view, background = found.groups()
    if form not in SHAPES or color not in PAINTS or pattern not in PATTERNS:
        return None
    return _drawn(form, color, pattern, view, int(background))


@lru_cache(PICTURES_KEPT_MAX)
def _drawn(form: str, color: str, pattern: str, view: str, background: int) -> tuple[bytes, str]:
    paints = [Paint("m", PAINTS[color])]
    if view == "d":
        start = _COMPANY.index(color) if color in _COMPANY else len(form)
        others = (_COMPANY[(start + step) % len(_COMPANY)] for step in (3, 5))
        paints += [Paint(f"m{index}", PAINTS[other]) for index, other in enumerate(others)]
    body = _scene(form, paints, pattern, view, background).encode()
    return body, f'"{blake2b(body, digest_size=12).hexdigest()}"'


def _scene(form: str, paints: list[Paint], pattern: str, view: str, background: int) -> str:
    wall = mix(_WALLS[background], paints[0].main, 0.06)
    scene = _arranged(form, paints, pattern, view)
    defs = "".join(paint.gradient() for paint in paints) + _DEFS + _pattern(pattern, paints[0])
    defs += (
        '<linearGradient id="wall" x1="0" y1="0" x2="0.4" y2="1">'
        f'<stop offset="0" stop-color="{mix(wall, WHITE, 0.55)}"/>'
        f'<stop offset="1" stop-color="{mix(wall, NIGHT, 0.07)}"/></linearGradient>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}">'
        f"<defs>{defs}</defs>{box(0, 0, SIZE, SIZE, 'url(#wall)')}"
        f"{_background(background, wall, paints[0]) if view != 'c' else ''}{scene}</svg>"
    )


def _arranged(form: str, paints: list[Paint], pattern: str, view: str) -> str:
    """Return the thing as a view shows it: `a` whole, `b` at an angle, `c` close up, `d` with others of its kind."""
    thing = SHAPES[form]
    drawing = thing(paints[0])
    shown = _thing(drawing, paints[0], pattern)
    if view == "a":
        return f'<g transform="translate(400 430) scale(1.1) translate(-400 -420)">{shown}</g>'
    if view == "c":
        return f'<g transform="translate(400 400) scale(1.62) translate(-372 -372)">{shown}</g>'
    if view == "d":
        left, right = (_thing(thing(paint), paint, "plain") for paint in paints[1:])
        return (
            f'<g transform="translate(-48 98) scale(0.71)">{left}</g>'
            f'<g transform="translate(280 98) scale(0.71)">{right}</g>'
            f'<g transform="translate(104 158) scale(0.74)">{shown}</g>'
        )
    if drawing.ground is None:
        return f'<g transform="rotate(-9 400 420)">{shown}</g>'
    # What stands cannot be tilted: its twin stands behind it, turned round.
    return (
        f'<g transform="translate(640 112) scale(-0.76 0.76)">{shown}</g>'
        f'<g transform="translate(130 118) scale(0.82)">{shown}</g>'
    )


_DEFS = (
    '<radialGradient id="shadow"><stop offset="0" stop-color="#14161c" stop-opacity="0.34"/>'
    '<stop offset="0.6" stop-color="#14161c" stop-opacity="0.13"/>'
    '<stop offset="1" stop-color="#14161c" stop-opacity="0"/></radialGradient>'
    '<radialGradient id="glow"><stop offset="0" stop-color="#ffdf95" stop-opacity="0.85"/>'
    '<stop offset="1" stop-color="#ffdf95" stop-opacity="0"/></radialGradient>'
)


def _thing(drawing: Drawing, paint: Paint, pattern: str) -> str:
    """Return a drawing with its shadow: on the ground where it stands, behind it where it lies flat."""
    covered = "" if pattern == "plain" else shape(drawing.body, "url(#pattern)")
    body = (
        f'<path d="{drawing.body}" fill="{paint.fill}" stroke="{paint.fill}" stroke-width="8" stroke-linejoin="round"/>'
    )
    if drawing.ground:
        x, y, half = drawing.ground
        shadow = ring(x + 14, y, half * 1.2, 26, "url(#shadow)")
    else:
        shadow = "".join(
            f'<path d="{drawing.body}" fill="{NIGHT}" stroke="{NIGHT}" stroke-width="{width}" stroke-linejoin="round"'
            f' opacity="0.045" transform="translate(10 18)"/>'
            for width in (30, 20, 10)
        )
    return shadow + drawing.back + body + covered + drawing.front


def _pattern(name: str, paint: Paint) -> str:
    """Return the definition of what a surface is covered with."""
    light, dark, dipped = paint.pale, paint.dark, mix(CREAM, paint.main, 0.12)
    tiles = {
        "plain": (1, 1, ""),
        "stripe": (10, 44, box(0, 0, 10, 14, light, 0, 0.8)),
        "check": (64, 64, box(0, 0, 22, 64, dark, 0, 0.35) + box(0, 0, 64, 22, dark, 0, 0.35)
                  + line("M44 0 L44 64 M0 44 L64 44", light, 3, 0.7)),
        "dots": (34, 34, ring(8, 8, 3.5, 3.5, paint.ink, 0.6) + ring(25, 23, 2.4, 2.4, paint.ink, 0.5)
                 + ring(22, 6, 1.6, 1.6, light, 0.8)),
        "zigzag": (36, 28, line("M0 22 L18 6 L36 22", light, 4, 0.55)),
        "dip": (SIZE, SIZE, box(0, 470, SIZE, SIZE, dipped, 0, 0.92)
                + shape("M0 476 Q100 458 200 474 T400 470 T600 476 T800 470 L800 520 L0 520 Z", dipped)),
    }  # fmt: skip
    width, height, tile = tiles[name]
    if not tile:
        return ""
    return f'<pattern id="pattern" width="{width}" height="{height}" patternUnits="userSpaceOnUse">{tile}</pattern>'


def _background(number: int, wall: str, paint: Paint) -> str:
    """Return what the thing stands before: one of eight quiet sets, tinted by the thing."""
    soft, tone = mix(wall, WHITE, 0.45), mix(wall, paint.main, 0.16)
    floor = shape("M0 640 L800 640 L800 800 L0 800 Z", mix(wall, NIGHT, 0.05))
    sets = (
        floor + ring(400, 400, 286, 286, soft, 0.9),
        floor + shape("M150 640 L150 360 A250 250 0 0 1 650 360 L650 640 Z", tone, 0.7),
        floor + ring(400, 664, 330, 52, mix(wall, NIGHT, 0.09)) + ring(400, 650, 330, 52, soft),
        floor + shape("M90 0 L300 0 L620 640 L410 640 Z M380 0 L470 0 L790 640 L700 640 Z", WHITE, 0.34),
        shape("M0 600 Q400 560 800 600 L800 800 L0 800 Z", tone, 0.8) + ring(596, 220, 96, 96, soft, 0.9),
        floor + shape("M60 640 A340 340 0 0 1 740 640 Z", soft, 0.85),
        shape("M470 0 L800 0 L800 800 L470 800 Z", tone, 0.55) + line("M470 0 L470 800", soft, 3),
        floor
        + shape("M140 300 C140 120 380 90 520 150 C700 220 720 470 600 560 C470 660 160 600 140 300 Z", soft, 0.85),
    )
    return sets[number]
