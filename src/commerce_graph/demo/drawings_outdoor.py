"""How things for the hills are drawn."""

from commerce_graph.demo.paint import (
    BRASS,
    CREAM,
    LEAF,
    LEATHER,
    NIGHT,
    STEEL,
    WHITE,
    Drawing,
    Paint,
    box,
    line,
    mix,
    ring,
    shape,
    twice,
)

GLOW = "#ffd98a"


def tent(p: Paint) -> Drawing:
    """Draw a tent with an open door."""
    return Drawing(
        body="M400 226 Q440 300 500 400 L676 628 L124 628 L300 400 Q360 300 400 226 Z",
        back=line("M400 226 L118 654 M400 226 L682 654", CREAM, 4, 0.9)
        + line("M376 190 L424 262 M424 190 L376 262", mix(STEEL, NIGHT, 0.3), 8)
        + line("M118 654 L106 664 M682 654 L694 664", mix(STEEL, NIGHT, 0.4), 8),
        front=shape("M400 232 Q424 420 506 628 L294 628 Q376 420 400 232 Z", p.deep)
        + shape("M400 300 Q416 460 470 628 L330 628 Q384 460 400 300 Z", GLOW, 0.5)
        + shape("M400 232 Q424 420 506 628 L560 628 Q520 540 486 520 Q440 420 400 232 Z", p.pale)
        + shape("M400 232 Q376 420 294 628 L240 628 Q280 540 314 520 Q360 420 400 232 Z", p.pale)
        + line("M488 520 Q500 508 510 514 M312 520 Q300 508 290 514", LEATHER, 8)
        + shape("M124 628 L300 400 L336 340 L240 628 Z", WHITE, 0.12)
        + line("M124 628 L676 628", p.deep, 10)
        + line("M500 400 L596 628 M300 400 L204 628", p.dark, 3, 0.5),
        ground=(400, 634, 290),
    )


def sleepbag(p: Paint) -> Drawing:
    """Draw a sleeping bag with its hood."""
    quilts = "".join(
        line(f"M{270 + i * 4} {330 + i * 52} Q400 {352 + i * 52} {530 - i * 4} {330 + i * 52}", p.dark, 5, 0.55)
        for i in range(6)
    )
    return Drawing(
        body=twice("M400 142 C500 142 552 216 556 320 L546 520 C538 618 474 672 400 676"),
        front=shape("M400 176 C466 176 508 218 508 272 C508 312 462 326 400 326 C338 326 292 312 292 272 C292 218 "
                    "334 176"
                    " 400 176 Z", p.deep)
        + shape("M400 206 C446 206 478 234 478 270 C478 296 444 306 400 306 C356 306 322 296 322 270 C322 234 354 206"
                " 400 206 Z", mix(p.main, GLOW, 0.6))
        + quilts
        + line("M496 316 Q512 420 500 640", STEEL, 6, 1, "6 4", "butt") + box(488, 340, 16, 34, BRASS, 5)
        + line("M366 326 L360 372 M434 326 L440 366", CREAM, 5)
        + shape("M256 330 L262 520 C268 590 306 640 352 664 Q300 500 300 330 Z", WHITE, 0.14),
    )  # fmt: skip


def bottle(p: Paint) -> Drawing:
    """Draw an insulated bottle."""
    return Drawing(
        body=twice("M400 250 L436 250 Q440 282 466 304 Q488 322 488 352 L488 630 Q488 654 462 656 L400 658"),
        front=shape("M364 176 L436 176 L442 254 L358 254 Z", mix(STEEL, NIGHT, 0.35))
        + box(352, 164, 96, 56, mix(STEEL, NIGHT, 0.5), 12)
        + line("M360 192 L440 192", STEEL, 46, 0.35, "4 8", "butt")
        + line("M372 168 C360 112 440 112 428 168", mix(STEEL, NIGHT, 0.5), 12)
        + box(312, 620, 176, 20, p.dark, 0, 0.7)
        + box(334, 336, 22, 270, WHITE, 11, 0.3)
        + ring(408, 470, 46, 46, p.ink, 0.92)
        + line("M378 486 L398 454 L412 476 L422 462 L438 486", p.main, 7)
        + shape("M452 300 Q488 322 488 352 L488 630 Q488 654 462 656 L446 657 Q460 480 452 300 Z", NIGHT, 0.12),
        ground=(400, 656, 120),
    )


def lantern(p: Paint) -> Drawing:
    """Draw a lantern that is lit."""
    return Drawing(
        body=twice("M400 560 L486 560 L504 640 Q504 654 488 654 L400 654"),
        back=line("M310 300 C250 90 550 90 490 300", STEEL, 9)
        + '<circle cx="400" cy="430" r="250" fill="url(#glow)"/>',
        front=box(318, 330, 164, 232, GLOW, 40, 0.5)
        + box(318, 330, 164, 232, WHITE, 40, 0.25)
        + shape("M400 400 C436 440 440 490 400 510 C360 490 364 440 400 400 Z", "#ff9d3c")
        + shape("M400 440 C418 462 420 488 400 500 C380 488 382 462 400 440 Z", "#fff2c4")
        + line("M340 334 L340 558 M460 334 L460 558", STEEL, 7)
        + line("M318 446 L482 446", STEEL, 6, 0.9)
        + shape("M306 336 L494 336 L462 276 L338 276 Z", p.fill) + box(296, 326, 208, 22, p.dark, 10)
        + box(362, 244, 76, 40, p.dark, 10) + ring(400, 238, 22, 14, p.light)
        + box(296, 548, 208, 22, p.dark, 10) + box(386, 596, 28, 28, BRASS, 14),
        ground=(400, 654, 150),
    )  # fmt: skip


def guide(p: Paint) -> Drawing:
    """Draw a guide on an electronic reader."""
    return Drawing(
        body="M288 186 L512 186 L512 560 L288 560 Z",
        back=box(254, 142, 292, 516, NIGHT, 34) + box(262, 150, 276, 500, "#2c2f38", 28),
        front=shape("M288 420 L352 316 L396 384 L440 296 L512 412 L512 560 L288 560 Z", p.dark)
        + shape("M288 480 L340 424 L404 486 L462 430 L512 476 L512 560 L288 560 Z", p.deep)
        + ring(444, 256, 30, 30, GLOW)
        + shape("M440 296 L420 332 L436 326 L446 340 L460 330 Z M352 316 L334 346 L350 340 L362 352 L372 346 Z",
                WHITE, 0.9)
        + box(312, 212, 96, 14, WHITE, 7, 0.95) + box(312, 238, 64, 10, WHITE, 5, 0.7)
        + line("M308 540 C340 500 380 560 420 516 S480 520 492 500", GLOW, 5, 1, "3 11")
        + box(372, 592, 56, 8, "#4a4f5c", 4) + box(312, 574, 176, 6, "#4a4f5c", 3) + box(312, 574, 70, 6, p.light, 3)
        + shape("M538 178 L538 622 L470 650 L520 150 Z", WHITE, 0.05),
        ground=(400, 656, 170),
    )  # fmt: skip


def planter(p: Paint) -> Drawing:
    """Draw a pot with a plant in it."""

    def leaf(angle: int, length: int, color: str) -> str:
        out, tip, near, high = length // 4, length // 5, 440 - length // 2, 460 - length
        outline = (
            f"M400 470 C{400 - out} {near} {400 - tip} {high} 400 {440 - length}"
            f" C{400 + tip} {high} {400 + out} {near} 400 470 Z"
        )
        rib = line(f"M400 470 L400 {456 - length}", mix(color, WHITE, 0.35), 3, 0.7)
        return f'<g transform="rotate({angle} 400 470)">{shape(outline, color)}{rib}</g>'

    leaves = (
        (-68, 190, 0.12),
        (66, 200, 0.1),
        (-44, 250, 0.0),
        (42, 240, 0.05),
        (-20, 290, 0.2),
        (20, 280, 0.16),
        (0, 310, 0.0),
    )
    return Drawing(
        body="M282 456 L518 456 L490 632 Q488 650 466 652 L334 652 Q312 650 310 632 Z",
        back="".join(leaf(angle, length, mix(LEAF, WHITE, light)) for angle, length, light in leaves),
        front=box(266, 440, 268, 46, p.light, 14)
        + shape("M292 486 L330 486 L346 652 L334 652 Q312 650 310 632 Z", WHITE, 0.14)
        + shape("M470 486 L514 486 L490 632 Q488 650 466 652 L440 652 Z", NIGHT, 0.1)
        + line("M276 486 L524 486", p.dark, 5, 0.5),
        ground=(400, 652, 150),
    )


def chair(p: Paint) -> Drawing:
    """Draw a wooden chair with a woven seat."""
    return Drawing(
        body="M276 448 L524 448 L548 494 Q550 506 536 506 L264 506 Q250 506 252 494 Z",
        back=line("M290 470 L270 664 M510 470 L530 664", p.dark, 20)
        + line("M322 480 L314 628 M478 480 L486 628", p.deep, 16)
        + line("M300 596 L500 596", p.deep, 10)
        + line("M284 460 L268 190 M516 460 L532 190", p.main, 20)
        + "".join(line(f"M{x} 450 L{400 + (x - 400) * 1.08:g} 226", p.dark, 9) for x in (332, 366, 400, 434, 468)),
        front=shape("M258 186 Q400 142 542 186 L540 244 Q400 204 260 244 Z", p.fill)
        + line("M262 232 Q400 194 538 232", p.dark, 4, 0.4)
        + shape("M296 454 L504 454 L522 490 L278 490 Z", CREAM)
        + line("M290 466 L510 466 M284 478 L516 478", LEATHER, 5, 0.5, "9 5", "butt")
        + line("M258 506 L542 506", p.dark, 8, 0.7)
        + line("M266 512 L248 660 M534 512 L552 660", p.light, 20)
        + line("M262 574 L538 574", p.main, 11),
        ground=(400, 664, 210),
    )


def blanket(p: Paint) -> Drawing:
    """Draw a folded blanket with fringes."""

    def fold(y: int, inset: int, color: str) -> str:
        left, turn, right = 204 + inset, 560 - inset, 604 - inset
        outline = (
            f"M{left} {y} L{turn} {y} Q{right} {y} {right} {y + 44} Q{right} {y + 88} {turn} {y + 88}"
            f" L{left} {y + 88} Z"
        )
        return shape(outline, color)

    return Drawing(
        body="M196 286 L540 286 Q604 286 604 330 Q604 374 560 374 L196 374 Z",
        back=fold(558, 0, p.dark) + fold(468, 6, p.main) + fold(378, 2, p.light)
        + line("M206 646 L560 646 M212 556 L556 556 M208 466 L556 466", p.deep, 5, 0.5)
        + "".join(line(f"M{540 - i} {y + 22} L{214 + i} {y + 22}", p.pale, 8, 0.5, cap="butt") for i, y in ((0, 392),
                                                                                                            (6, 482),
                                                                                                            (0, 572))),
        front=line("M196 374 L556 374", p.deep, 5, 0.5)
        + line("M196 308 L566 308 M196 352 L572 352", p.pale, 9, 0.8, cap="butt")
        + line("M180 290 L180 372", p.pale, 40, 1, "4 6", "butt")
        + line("M186 380 L186 644", p.light, 34, 0.85, "4 7", "butt")
        + box(500, 330, 46, 62, CREAM, 4) + line("M510 352 L536 352 M510 366 L528 366", LEATHER, 4),
        ground=(395, 652, 220),
    )  # fmt: skip
