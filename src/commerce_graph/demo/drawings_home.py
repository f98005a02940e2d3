"""How things for the house are drawn."""

from commerce_graph.demo.paint import (
    BRASS,
    CREAM,
    LEAF,
    LEATHER,
    NIGHT,
    STEEL,
    WHITE,
    WOOD,
    Drawing,
    Paint,
    box,
    line,
    mix,
    ring,
    shape,
    twice,
)

FLAME = "#ff9d3c"
COFFEE = "#4a2f22"


def mug(p: Paint) -> Drawing:
    """Draw a mug with coffee."""
    return Drawing(
        body="M236 330 L516 330 L510 580 Q506 652 436 654 L316 654 Q246 652 242 580 Z",
        back=line("M508 392 C620 372 628 560 496 566", p.dark, 36) + line("M508 386 C612 370 618 548 496 558", p.main,
                                                                          20)
        + line("M330 270 C306 238 354 222 330 186 M400 262 C376 226 424 206 400 166", WHITE, 9, 0.55),
        front=ring(376, 330, 140, 40, p.light) + ring(376, 332, 122, 31, p.deep) + ring(376, 340, 112, 24, COFFEE)
        + ring(352, 336, 40, 8, mix(COFFEE, WHITE, 0.3), 0.6)
        + box(268, 384, 26, 190, WHITE, 13, 0.26)
        + shape("M452 366 L514 350 L510 580 Q506 652 436 654 L420 654 Q462 560 452 366 Z", NIGHT, 0.09),
        ground=(390, 654, 190),
    )  # fmt: skip


def teapot(p: Paint) -> Drawing:
    """Draw a teapot."""
    return Drawing(
        body="M400 330 C540 330 582 420 578 490 C572 590 500 650 400 652 C300 650 228 590 222 490 C218 420 260 330 "
             "400 330 Z",
        back=line("M248 420 C130 380 118 560 256 574", p.dark, 30) + line("M248 416 C140 384 130 546 256 566", p.main,
                                                                          14)
        + shape("M540 500 C620 480 610 400 676 366 L700 396 C660 440 650 570 540 584 Z", p.dark),
        front=ring(400, 340, 96, 20, p.dark)
        + shape("M310 334 C320 276 480 276 490 334 Q400 358 310 334 Z", p.light)
        + ring(400, 270, 26, 24, p.dark) + ring(392, 262, 9, 8, WHITE, 0.4)
        + line("M232 520 Q400 580 568 520", p.dark, 5, 0.35)
        + shape("M270 420 Q240 500 290 590 Q250 560 236 500 Q234 440 270 420 Z", WHITE, 0.28)
        + box(330, 640, 140, 18, p.deep, 8)
        + line("M676 366 L700 396", p.deep, 12),
        ground=(410, 656, 200),
    )  # fmt: skip


def bowl(p: Paint) -> Drawing:
    """Draw a bowl of fruit."""
    fruit = "".join(
        ring(x, y, r, r, color) + ring(x - r * 0.3, y - r * 0.35, r * 0.28, r * 0.2, WHITE, 0.45)
        for x, y, r, color in ((310, 372, 62, "#e7a13d"), (486, 376, 60, "#8f3b52"), (398, 346, 68, "#d9683f"))
    )
    stem = line("M398 284 Q402 262 420 252", "#5b4632", 7) + shape("M404 270 Q440 232 470 258 Q440 286 404 270 Z", LEAF)
    return Drawing(
        body="M176 426 L624 426 C618 560 520 640 400 640 C280 640 182 560 176 426 Z",
        back=ring(400, 426, 224, 50, p.deep) + fruit + stem,
        front=f'<path d="M176 424 A224 50 0 0 0 624 424 L624 436 A224 50 0 0 1 176 436 Z" fill="{p.pale}"/>'
        + shape("M214 500 Q260 590 330 620 Q250 596 204 500 Z", WHITE, 0.3)
        + shape("M322 632 L478 632 L466 656 L334 656 Z", p.dark)
        + shape("M540 470 Q560 560 470 632 Q580 600 612 480 Z", NIGHT, 0.08),
        ground=(400, 656, 180),
    )


def candle(p: Paint) -> Drawing:
    """Draw a candle in a glass, lit."""
    return Drawing(
        body="M282 410 L518 410 L508 622 Q506 650 474 652 L326 652 Q294 650 292 622 Z",
        back='<circle cx="400" cy="310" r="230" fill="url(#glow)"/>'
        + shape("M270 352 L530 352 L514 628 Q510 664 472 666 L328 666 Q290 664 286 628 Z", WHITE, 0.5),
        front=ring(400, 410, 118, 24, p.pale) + ring(400, 410, 60, 11, mix(p.pale, FLAME, 0.35))
        + line("M400 410 L400 364", NIGHT, 5)
        + shape("M400 262 C444 316 440 364 400 372 C360 364 356 316 400 262 Z", FLAME)
        + shape("M400 308 C420 336 418 362 400 368 C382 362 380 336 400 308 Z", "#fff2c4")
        + box(326, 470, 148, 124, CREAM, 6)
        + line("M352 506 L448 506", p.dark, 7) + line("M364 530 L436 530 M374 552 L426 552", p.dark, 4, 0.6)
        + line("M270 352 A130 26 0 0 0 530 352 A130 26 0 0 0 270 352 Z", WHITE, 5, 0.8)
        + box(298, 380, 16, 240, WHITE, 8, 0.45) + box(490, 380, 8, 230, WHITE, 4, 0.3),
        ground=(400, 664, 150),
    )  # fmt: skip


def cushion(p: Paint) -> Drawing:
    """Draw a cushion."""
    outline = "M196 212 Q400 258 604 212 Q560 400 604 608 Q400 566 196 608 Q242 400 196 212 Z"
    return Drawing(
        body=outline,
        front=line(outline, p.dark, 9, 0.75)
        + line("M222 236 Q262 280 288 288 M578 236 Q538 280 512 288 M222 584 Q262 540 288 532 M578 584 Q538 540 512 "
               "532",
               p.dark, 5, 0.45)
        + shape("M250 270 Q270 400 250 550 Q330 470 330 400 Q330 330 250 270 Z", WHITE, 0.12)
        + shape("M560 300 Q530 420 566 570 Q480 540 440 560 Q540 460 560 300 Z", NIGHT, 0.08),
        ground=(400, 612, 200),
    )  # fmt: skip


def vase(p: Paint) -> Drawing:
    """Draw a vase with a branch in it."""
    twigs = line("M398 330 C392 240 350 200 330 130 M402 330 C408 250 452 220 470 150"
                 " M400 330 C398 250 410 180 402 110", "#6b513b", 6)  # fmt: skip
    leaf = "M0 0 C14 -18 14 -44 0 -60 C-14 -44 -14 -18 0 0 Z"
    leaves = "".join(
        f'<g transform="translate({x} {y}) rotate({turn})">{shape(leaf, color)}</g>'
        for x, y, turn, color in (
            (330, 134, -18, LEAF), (346, 186, -70, mix(LEAF, WHITE, 0.2)), (352, 196, 40, LEAF), (376, 252, -58, LEAF),
            (470, 152, 22, mix(LEAF, WHITE, 0.12)), (452, 206, 78, LEAF), (444, 216, -30, mix(LEAF, WHITE, 0.24)),
            (424, 256, 58, LEAF), (402, 116, 2, mix(LEAF, WHITE, 0.1)), (405, 176, 48, LEAF), (404, 190, -50,
                                                                                               mix(LEAF, WHITE, 0.2)),
        )
    )  # fmt: skip
    return Drawing(
        body=twice("M400 322 L442 322 Q440 372 474 414 C536 486 536 600 456 650 Q430 656 400 656"),
        back=twigs + leaves,
        front=ring(400, 322, 43, 11, p.light) + ring(400, 323, 33, 7, p.deep)
        + shape("M322 444 C284 510 290 590 340 634 C316 580 316 500 346 430 Z", WHITE, 0.24)
        + shape("M484 430 C530 500 524 600 456 650 L440 654 C486 590 494 510 470 414 Z", NIGHT, 0.1),
        ground=(400, 656, 110),
    )  # fmt: skip


def lamp(p: Paint) -> Drawing:
    """Draw a table lamp, lit."""
    return Drawing(
        body="M312 150 L488 150 L566 390 L234 390 Z",
        back='<circle cx="400" cy="380" r="290" fill="url(#glow)"/>'
        + shape("M234 390 L566 390 L650 640 L150 640 Z", "#ffe7a8", 0.25)
        + box(390, 380, 20, 230, BRASS, 8) + box(396, 380, 6, 230, WHITE, 3, 0.35),
        front=ring(400, 390, 166, 20, "#fff0c2")
        + shape("M312 150 L350 150 L300 390 L234 390 Z", WHITE, 0.16)
        + shape("M460 150 L488 150 L566 390 L510 390 Z", NIGHT, 0.1)
        + ring(400, 150, 88, 11, p.dark)
        + line("M470 392 L470 470", BRASS, 4) + ring(470, 476, 8, 8, BRASS)
        + ring(400, 640, 116, 24, mix(WOOD, NIGHT, 0.25)) + box(284, 614, 232, 26, WOOD, 0) + ring(400, 614, 116, 24,
                                                                                                   mix(WOOD, WHITE,
                                                                                                       0.2))
        + ring(400, 606, 26, 9, BRASS),
        ground=(400, 652, 180),
    )  # fmt: skip


def clock(p: Paint) -> Drawing:
    """Draw a round clock that shows ten past ten."""
    ticks = "".join(
        f'<g transform="rotate({hour * 30} 400 400)">{box(395, 228, 10, 34 if hour % 3 == 0 else 18, "#3a3d42", 4)}</g>'
        for hour in range(12)
    )
    return Drawing(
        body="M400 166 A234 234 0 1 1 399 166 Z",
        front=ring(400, 400, 204, 204, p.deep, 0.5) + ring(400, 404, 198, 198, "#fbf8f1")
        + ticks
        + line("M400 400 L312 344", "#2a2a2d", 15) + line("M400 400 L514 330", "#2a2a2d", 10)
        + line("M400 430 L400 272", "#d2593a", 4) + ring(400, 400, 14, 14, "#2a2a2d") + ring(400, 400, 5, 5, "#d2593a")
        + shape("M250 300 A190 190 0 0 1 360 214 L300 420 Z", WHITE, 0.4),
    )  # fmt: skip


def print_(p: Paint) -> Drawing:
    """Draw a framed print of hills."""
    return Drawing(
        body="M262 206 L538 206 L538 594 L262 594 Z",
        back=box(206, 140, 388, 520, mix(WOOD, NIGHT, 0.12), 6) + box(214, 148, 372, 504, WOOD, 4) + box(226, 160,
                                                                                                         348, 480,
                                                                                                         "#fbf8f1"),
        front=box(262, 206, 276, 388, mix(p.main, CREAM, 0.75)) + ring(452, 306, 46, 46, mix(p.main, "#f08a4b", 0.7))
        + shape("M262 400 Q320 330 372 380 T480 352 T538 376 L538 594 L262 594 Z", p.pale)
        + shape("M262 450 Q330 384 402 440 T538 420 L538 594 L262 594 Z", p.light)
        + shape("M262 508 Q340 446 420 500 T538 470 L538 594 L262 594 Z", p.main)
        + shape("M262 560 Q350 506 440 552 T538 530 L538 594 L262 594 Z", p.dark)
        + line("M318 286 Q330 274 340 286 Q350 274 362 286 M366 262 Q375 253 383 262 Q391 253 400 262", p.deep, 4)
        + line("M470 612 Q486 604 500 612 T530 608", "#8a8a8a", 2) + line("M270 612 L294 612", "#8a8a8a", 2)
        + shape("M226 160 L400 160 L300 640 L226 640 Z", WHITE, 0.12),
    )  # fmt: skip


def notebook(p: Paint) -> Drawing:
    """Draw a notebook with its band, and a pencil."""
    pencil = (
        '<g transform="rotate(14 620 400)">' + box(604, 214, 26, 330, "#e7b23c") + box(604, 214, 9, 330, "#f4cd6c")
        + box(604, 190, 26, 30, STEEL) + box(604, 168, 26, 26, "#d98a8a", 6)
        + shape("M604 544 L630 544 L617 592 Z", CREAM) + shape("M612 574 L622 574 L617 592 Z", NIGHT) + "</g>"
    )  # fmt: skip
    return Drawing(
        body="M236 158 L520 158 Q536 158 536 174 L536 634 Q536 650 520 650 L236 650 Z",
        back=box(244, 166, 304, 494, "#efe7d6", 12) + line("M544 182 L544 650", "#cfc4ac", 4, 1, "2 3")
        + line("M420 640 L420 700 L436 684 L452 700 L452 640", LEATHER, 14),
        front=box(220, 158, 52, 492, p.dark, 10)
        + line("M272 160 L272 648", p.deep, 3, 0.6)
        + box(486, 154, 16, 500, p.deep, 3, 0.85)
        + box(312, 246, 140, 96, CREAM, 6) + line("M334 280 L430 280 M334 304 L404 304", p.dark, 5, 0.7)
        + shape("M280 158 L340 158 L292 650 L280 650 Z", WHITE, 0.1)
        + pencil,
    )  # fmt: skip
