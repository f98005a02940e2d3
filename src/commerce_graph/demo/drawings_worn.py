"""How clothes, shoes and bags are drawn. They lie flat or hang, but for boots and bags, which stand."""

from commerce_graph.demo.paint import (
    BRASS,
    CREAM,
    LEATHER,
    NIGHT,
    STEEL,
    WHITE,
    Drawing,
    Paint,
    both,
    box,
    line,
    ring,
    shape,
    twice,
)

RIB = "5 7"
STITCH = "7 8"


def tee(p: Paint) -> Drawing:
    """Draw a T-shirt."""
    return Drawing(
        body=twice(
            "M400 246 Q448 246 472 188 L545 212 Q570 222 584 244 L642 342 L566 388 L538 352 L544 624 Q472 640 400 640"
        ),
        back=shape("M328 188 Q400 212 472 188 Q450 250 400 250 Q350 250 328 188 Z", p.deep),
        front=line("M328 188 Q352 246 400 246 Q448 246 472 188", p.dark, 15, cap="butt")
        + both(line("M538 352 Q536 306 556 262", p.dark, 4, 0.55) + line("M636 334 L562 378", p.dark, 3, 0.6, STITCH))
        + line("M262 608 Q400 626 538 608", p.dark, 3, 0.6, STITCH)
        + shape("M300 420 Q330 520 312 628 Q290 626 258 624 L262 380 Z", WHITE, 0.08)
        + shape("M470 400 Q452 540 486 632 L540 624 L538 360 Z", NIGHT, 0.07),
    )


def shirt(p: Paint) -> Drawing:
    """Draw a shirt with collar and buttons."""
    buttons = "".join(ring(400, y, 6, 6, CREAM) + ring(400, y, 2, 2, p.deep) for y in range(286, 620, 56))
    return Drawing(
        body=twice("M400 226 L452 184 L540 208 Q574 220 586 262 L642 548 L578 566 L536 376 L540 636 Q474 656 400 646"),
        back=shape("M348 184 Q400 166 452 184 L400 236 Z", p.deep),
        front=both(
            shape("M400 232 L352 178 Q332 186 322 206 L356 270 Z", p.light)
            + line("M400 232 L352 178 Q332 186 322 206 L356 270 Z", p.dark, 3, 0.7)
            + line("M634 512 L570 530", p.dark, 4, 0.7)
            + line("M536 376 Q532 320 548 270", p.dark, 4, 0.5)
        )
        + line("M388 238 L388 644", p.dark, 3, 0.5)
        + line("M414 238 L414 644", p.dark, 3, 0.35)
        + buttons
        + shape("M446 334 L512 334 L512 396 L479 414 L446 396 Z", p.light, 0.75)
        + line("M446 334 L512 334 L512 396 L479 414 L446 396 Z", p.dark, 3, 0.5, STITCH)
        + shape("M466 430 Q452 560 486 650 L540 636 L537 390 Z", NIGHT, 0.07),
    )


def sweater(p: Paint) -> Drawing:
    """Draw a sweater with ribbed hems."""
    body = (
        "M400 234 Q446 234 466 190 L540 212 Q578 226 592 276 L640 556 Q606 578 572 570 L536 384 L540 628"
        " Q474 640 400 640"
    )
    return Drawing(
        body=twice(body),
        back=shape("M334 190 Q400 212 466 190 Q446 240 400 240 Q354 240 334 190 Z", p.deep),
        front=line("M334 190 Q354 234 400 234 Q446 234 466 190", p.dark, 26, 1, RIB, "butt")
        + line("M334 190 Q354 234 400 234 Q446 234 466 190", p.dark, 26, 0.45, cap="butt")
        + line("M262 616 Q400 634 538 616", p.dark, 44, 0.85, RIB, "butt")
        + both(
            line("M636 536 Q604 556 568 548", p.dark, 40, 0.85, RIB, "butt")
            + line("M536 384 Q532 322 552 270", p.dark, 4, 0.5)
        )
        + shape("M302 420 Q330 520 312 606 L262 600 L264 400 Z", WHITE, 0.07)
        + shape("M470 400 Q452 530 486 606 L538 600 L537 386 Z", NIGHT, 0.07),
    )


def hoodie(p: Paint) -> Drawing:
    """Draw a hoodie."""
    body = (
        "M400 260 Q452 250 470 202 L544 222 Q580 236 592 284 L640 556 Q606 578 572 570 L536 390 L540 632"
        " Q474 642 400 642"
    )
    return Drawing(
        body=twice(body),
        back=shape("M300 250 C280 130 350 112 400 112 C450 112 520 130 500 250 Q450 300 400 300 Q350 300 300 250 Z",
                   p.dark)
        + shape("M330 240 C318 166 360 150 400 150 C440 150 482 166 470 240 Q436 276 400 276 Q364 276 330 240 Z",
                p.deep),
        front=shape("M326 206 C330 262 366 282 400 288 C434 282 470 262 474 206 L496 236 C490 300 440 326 400 330 "
                    "C360 326"
                    " 310 300 304 236 Z", p.light)
        + line("M380 300 L376 392", CREAM, 6)
        + line("M420 300 L426 380", CREAM, 6)
        + line("M376 384 L376 396 M426 374 L426 386", STEEL, 8)
        + shape("M322 470 L478 470 L510 556 L510 588 L290 588 L290 556 Z", p.light, 0.6)
        + line("M322 470 L478 470 M322 470 L290 556 M478 470 L510 556", p.dark, 4, 0.6)
        + line("M262 618 Q400 634 538 618", p.dark, 40, 0.85, RIB, "butt")
        + both(line("M636 536 Q604 556 568 548", p.dark, 40, 0.85, RIB, "butt")
               + line("M536 390 Q532 330 552 280", p.dark, 4, 0.5)),
    )  # fmt: skip


def jacket(p: Paint) -> Drawing:
    """Draw a jacket with a zip and pockets."""
    return Drawing(
        body=twice("M400 208 L458 176 L546 214 Q586 232 598 284 L650 566 L580 584 L544 400 L552 664 Q476 676 400 672"),
        back=shape("M344 176 L352 128 Q400 112 448 128 L456 176 L400 226 Z", p.deep),
        front=both(
            shape("M400 214 L356 130 Q340 138 336 152 L322 196 L372 262 Z", p.light)
            + line("M400 214 L356 130 Q340 138 336 152 L322 196 L372 262 Z", p.dark, 3, 0.6)
            + shape("M446 486 L520 470 L522 566 L446 576 Z", p.light, 0.5)
            + shape("M442 480 L524 462 L526 496 L442 514 Z", p.dark, 0.8)
            + ring(484, 494, 5, 5, BRASS)
            + line("M544 400 Q540 336 558 276", p.dark, 4, 0.5)
            + line("M642 530 L574 548", p.dark, 5, 0.7)
            + shape("M440 330 L506 322 L506 382 L440 390 Z", p.light, 0.4)
            + line("M440 330 L506 322", p.dark, 5, 0.7)
        )
        + line("M400 226 L400 672", p.deep, 14, cap="butt")
        + line("M400 226 L400 672", STEEL, 4, 0.95, "5 5", "butt")
        + box(393, 262, 14, 30, BRASS, 5)
        + line("M252 648 Q400 662 548 648", p.dark, 4, 0.6, STITCH),
    )


def trousers(p: Paint) -> Drawing:
    """Draw trousers."""
    return Drawing(
        body=twice("M400 158 L500 158 L524 292 L548 656 L440 660 L404 352 L400 342"),
        front=shape("M300 158 L500 158 L507 198 L293 198 Z", p.dark)
        + "".join(box(x, 152, 12, 52, p.light, 3) for x in (322, 394, 466))
        + line("M400 198 L400 342", p.dark, 4, 0.7)
        + line("M418 198 L418 270 Q416 300 400 306", p.dark, 3, 0.6, STITCH)
        + ring(400, 178, 8, 8, BRASS)
        + both(
            line("M514 244 Q470 240 456 198", p.dark, 5, 0.7)
            + line("M478 300 L494 640", p.dark, 3, 0.4)
            + line("M441 636 L546 632", p.dark, 3, 0.6, STITCH)
        )
        + shape("M404 352 L440 660 L482 658 Q430 480 424 330 Z", NIGHT, 0.1)
        + shape("M293 198 L276 292 L252 656 L282 657 Q300 400 330 210 Z", WHITE, 0.08),
    )


_SOCK = (
    "M330 150 L452 150 L450 408 C450 462 498 490 544 530 C588 568 574 636 512 640 C446 644 384 600 344 540"
    " C322 508 328 470 330 430 Z"
)


def _sock(p: Paint, accent: str) -> str:
    return (
        shape(_SOCK, p.fill)
        + shape("M330 150 L452 150 L452 214 L330 214 Z", accent)
        + line("M330 182 L452 182", p.deep, 62, 0.3, RIB, "butt")
        + shape("M330 430 C326 480 326 512 344 540 C352 552 362 566 374 578 C388 530 372 470 330 430 Z", accent)
        + shape("M544 530 C588 568 574 636 512 640 C498 641 484 639 470 636 C488 596 512 556 544 530 Z", accent)
        + line("M330 246 L452 246 M330 272 L452 272", accent, 9, cap="butt")
    )


def socks(p: Paint) -> Drawing:
    """Draw a pair of socks."""
    accent = p.pale if p.pale != p.main else CREAM
    sock = _sock(p, accent)
    second = f'<g transform="translate(-92 -14) rotate(-9 400 400)">{sock}{shape(_SOCK, NIGHT, 0.14)}</g>'
    # There is no one body: the pair is drawn as a whole, so no pattern covers it.
    return Drawing(body="M452 152 L452 153 Z", back=second, front=f'<g transform="translate(26 10)">{sock}</g>')


def beanie(p: Paint) -> Drawing:
    """Draw a knitted hat with a bobble."""
    ribs = "".join(
        line(f"M400 236 Q{400 + x * 1.35:g} 300 {400 + x * 1.5:g} 470", p.dark, 4, 0.4) for x in range(-108, 109, 27)
    )
    return Drawing(
        body=twice("M400 226 C520 226 586 330 592 480 L400 500"),
        back=ring(400, 204, 64, 60,
                  p.light) + line("M352 178 L360 170 M446 172 L438 162 M400 150 L400 160 M344 214 L354 216"
                                                    " M456 214 L446 216 M372 240 L378 232 M428 240 L422 232", p.dark,
                                                    5, 0.4),
        front=ribs
        + '<g>' + box(196, 456, 408, 124, p.light, 46)
        + line("M214 518 L586 518", p.dark, 116, 0.5, "7 11", "butt") + "</g>"
        + box(330, 492, 62, 44, LEATHER, 5) + line("M342 514 L352 502 L362 516 L370 506 L382 520", CREAM, 4),
    )  # fmt: skip


def scarf(p: Paint) -> Drawing:
    """Draw a scarf tied once."""
    fringe = "M306 650 L400 666 M496 612 L588 584"
    return Drawing(
        body="M236 262 C236 150 564 150 564 262 C564 336 520 372 470 390 L590 582 L496 612 L420 402 L400 664 L306 648"
             " L338 392 C280 372 236 336 236 262 Z",
        front=shape("M300 252 C300 204 500 204 500 252 C500 300 446 316 400 316 C354 316 300 300 300 252 Z", p.deep)
        + shape("M330 372 C300 330 330 300 400 308 C470 300 500 330 470 372 C450 410 350 410 330 372 Z", p.light)
        + line("M330 372 C350 396 450 396 470 372 M346 330 C370 352 430 352 454 330", p.dark, 4, 0.45)
        + shape("M400 664 L420 402 L404 398 L366 660 Z", NIGHT, 0.12)
        + line("M262 214 C276 300 330 330 346 340 M538 214 C524 300 470 330 454 340", p.dark, 4, 0.35)
        + line("M318 560 L410 572 M320 590 L407 602 M556 528 L466 556 M566 552 L474 582", p.pale, 9, 0.85, cap="butt")
        + line(fringe, p.dark, 40, 0.9, "4 9", "butt"),
    )  # fmt: skip


def boots(p: Paint) -> Drawing:
    """Draw a boot from the side, its twin behind it."""
    outline = (
        "M296 206 Q366 192 446 206 C456 280 446 350 460 404 C480 446 562 452 608 504 Q632 532 630 592 L286 592"
        " C280 540 306 470 298 404 C292 340 302 270 296 206 Z"
    )
    sole = box(276, 584, 360, 24, p.deep, 8) + shape(
        "M276 602 L636 602 L632 634 L470 634 L462 622 L400 622 L392 634 L280 634 Z", "#33302e"
    )
    laces = "".join(
        line(f"M{424 - i * 2} {276 + i * 32} L{464 - i} {266 + i * 33}", CREAM, 8)
        + ring(424 - i * 2, 276 + i * 32, 6, 6, BRASS)
        for i in range(5)
    )
    twin = f'<g transform="translate(58 -24) scale(0.98)">{shape(outline, p.dark)}{sole}</g>'
    return Drawing(
        body=outline,
        back=twin,
        front=sole
        + shape("M296 206 Q366 192 446 206 L451 246 Q366 234 299 246 Z", p.dark)
        + shape("M540 474 Q600 496 618 540 L624 592 L520 592 Q516 520 540 474 Z", p.dark, 0.55)
        + shape("M298 470 Q340 480 352 592 L286 592 Q284 540 298 470 Z", p.dark, 0.5)
        + line("M460 404 C446 440 424 452 390 460 L352 592", p.dark, 4, 0.6, STITCH)
        + line("M304 206 Q296 176 314 168", LEATHER, 12)
        + laces,
        ground=(440, 636, 230),
    )


def backpack(p: Paint) -> Drawing:
    """Draw a backpack with a lid, straps and a pocket."""
    strap = (
        shape("M336 236 L360 236 L360 470 L336 470 Z", LEATHER)
        + box(330, 452, 36, 26, BRASS, 5)
        + box(338, 459, 20, 12, p.dark, 2)
    )
    return Drawing(
        body=twice("M400 206 C500 206 544 246 552 330 L572 586 Q574 650 506 654 L400 656"),
        back=line("M356 210 C356 148 444 148 444 210", LEATHER, 18)
        + both(line("M552 330 C606 350 622 470 590 600", p.deep, 26)),
        front=both(shape("M556 470 Q610 470 606 540 L602 620 Q590 636 570 632 Z", p.dark))
        + box(296, 452, 208, 158, p.light, 30)
        + line("M310 494 L490 494", p.dark, 6, 0.8)
        + line("M296 482 Q296 452 326 452 L474 452 Q504 452 504 482 L504 580 Q504 610 474 610 L326 610 Q296 610 296 "
               "580 Z",
               p.dark, 4, 0.5)
        + shape("M250 320 C256 246 300 206 400 206 C500 206 544 246 550 320 L556 382 Q480 416 400 416 Q320 416 244 "
                "382 Z", p.light)
        + line("M244 382 Q320 416 400 416 Q480 416 556 382", p.dark, 6, 0.7)
        + both(strap)
        + box(368, 296, 64, 46, CREAM, 6) + line("M378 328 L392 308 L404 324 L412 314 L424 330", p.dark, 4),
        ground=(400, 656, 220),
    )  # fmt: skip


def tote(p: Paint) -> Drawing:
    """Draw a tote bag with a small print."""
    return Drawing(
        body="M258 340 L542 340 L566 636 Q400 664 234 636 Z",
        back=line("M322 350 C318 150 482 150 478 350", p.deep, 20),
        front=line("M258 352 L542 352", p.dark, 4, 0.6, STITCH)
        + line("M306 380 C302 176 498 176 494 380", p.dark, 22)
        + both(box(480, 356, 28, 46, p.dark, 3) + line("M484 362 L504 396 M504 362 L484 396", p.ink, 2, 0.8))
        + ring(400, 500, 74, 74, p.ink, 0.9)
        + shape("M334 530 L372 470 L398 506 L424 462 L468 532 Q440 574 400 574 Q358 574 334 530 Z", p.main)
        + ring(424, 450, 10, 10, p.main)
        + shape("M500 340 L542 340 L566 636 L520 644 Q530 500 500 340 Z", NIGHT, 0.08),
        ground=(400, 648, 200),
    )
