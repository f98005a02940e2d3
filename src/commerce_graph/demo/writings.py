"""What the demo shop has written: its pages, and the articles of its journal. Pure data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from uuid import UUID

from commerce_graph.demo.dice import OPENED, Kind, key
from commerce_graph.demo.goods import SHOP_EMAIL
from commerce_graph.kernel.texts import handle_of, text_of

BLOG_ID = key(Kind.BLOG, 1)
BLOG_TITLE = "The Larkmoor Journal"
BLOG_HANDLE = "journal"
BLOG_TOLD = "Notes on things, on how they are made, and on where to take them."


@dataclass(frozen=True, slots=True)
class Writing:
    """A page or an article. A paragraph that begins with `# ` is a heading.

    `days`: how long after the shop opened it was published, None for a draft.
    """

    kind: Kind
    number: int
    title: str
    paragraphs: tuple[str, ...]
    days: int | None = 0
    handle: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    picture: str = ""

    @property
    def id(self) -> UUID:
        """Its key."""
        return key(self.kind, self.number, self.written_at)

    @property
    def written_at(self) -> datetime:
        """When it was written."""
        return OPENED + timedelta(days=self.days or 0)

    @property
    def published_at(self) -> datetime | None:
        """When it was published."""
        return None if self.days is None else self.written_at

    @property
    def name(self) -> str:
        """Its name in addresses."""
        return self.handle or handle_of(self.title, "page")

    @property
    def html(self) -> str:
        """What it says, as HTML."""
        return "".join(map(_element, self.paragraphs))

    @property
    def text(self) -> str:
        """What it says, without markup."""
        return text_of(self.html)


def _element(paragraph: str) -> str:
    mark, told = ("h2", paragraph[2:]) if paragraph.startswith("# ") else ("p", paragraph)
    return f"<{mark}>{escape(told, quote=False)}</{mark}>"


def _pages(*told: tuple[str, str, int | None, Sequence[str]]) -> tuple[Writing, ...]:
    return tuple(
        Writing(Kind.PAGE, number, title, tuple(paragraphs), days, handle)
        for number, (title, handle, days, paragraphs) in enumerate(told, 1)
    )


PAGES = _pages(
    ("About us", "about", 0, (
        "Larkmoor makes and gathers things for the hills, and for coming home from them. We began with one jacket, "
        "which was for ourselves, and a table at a market, where it was sold from our shoulders.",
        "# What we make", "Shirts, hoodies, packs and bottles to our own drawings, in five workshops that we can reach "
        "by train. What others do better, we buy from them: wool from Ostra and Halden Mill, clay from Iska, lamps and "
        "chairs from Juniper Works and Lumen & Oak.",
        "# What we do not make", "Anything that cannot be mended. If we do not know how to repair it, we do not sell "
        "it.",
    )),
    ("Shipping", "shipping", 0, (
        "We pack on working days until noon, in Hamburg and in Portland. What you order before that leaves the same "
        "day; what is made to order leaves when it is made, and we write to you then.",
        "# Where we deliver", "To Germany and Austria in 2 to 3 working days, to the rest of Europe in 3 to 8, to the "
        "United States and Canada in 3 to 5, to Japan in 4 to 6. A courier is faster, and there are parcel shops where "
        "nobody is at home.",
        "# Large things", "Chairs and the larger tents travel by themselves. The driver calls before coming.",
        "# Customs", "Prices for Europe and Japan include tax. Outside of them duties may be added at the border.",
    )),
    ("Returns and refunds", "returns", 0, (
        "Send back what you do not want to keep within 30 days. It should be as you would like to find it yourself: "
        "tried on, but not walked in.",
        "# How to return something", f"Write to {SHOP_EMAIL} with the number of your order. We answer with a label; "
        "put it on the box that it came in. A return to a parcel shop costs nothing inside the European Union.",
        "# When the money comes back", "Three working days after the parcel, by the way you paid. The shipping of the "
        "first delivery is refunded if you return all of it.",
        "# What cannot be returned", "Digital guides once they were opened, candles once they were lit, and what was "
        "engraved for you.",
    )),
    ("Size guide", "size-guide", 0, (
        "Measure over a thin shirt, with a tape that hangs loose. Between two sizes, take the larger one for jackets "
        "and sweaters and the smaller one for T-shirts.",
        "# Tops and jackets", "XS fits a chest of 84 to 88 centimetres, S of 88 to 94, M of 94 to 100, L of 100 to "
        "108, XL of 108 to 116 and XXL of 116 to 126.",
        "# Trousers", "Sizes are waists in inches. Leave room for a hand.",
        "# Boots", "Stand on a sheet of paper in the socks that you will wear, draw around the longer foot and add a "
        "centimetre. Boots of waxed leather give a little; those with a membrane do not.",
    )),
    ("Care and washing", "care", 30, (
        "Most things last longest when they are left alone. Air wool overnight, brush off dry mud, and wash when it is "
        "needed, not when it was worn.",
        "# Wool and merino", "Thirty degrees, wool programme, no softener. Dry it flat: a wet sweater on a line "
        "becomes a dress.",
        "# Waxed cotton", "Never in a machine. Sponge it with cold water and wax it again once a year, with a hair "
        "dryer and some patience.",
        "# Down and membranes", "Wash with a soap made for it, rinse twice, then tumble dry on low heat with two "
        "tennis balls.",
        "# Wood, leather and clay", "Oil wood twice a year, grease leather before winter, and let stoneware warm up "
        "before you pour.",
    )),
    ("Repairs", "repairs", 60, (
        "We mend what we sold, however old it is. Zips, buckles, seams and soles cost what the part costs; the work is "
        "on us.",
        "Tell us what broke and send a photograph. Spare buckles, tent pegs, lamp switches and lids of bottles go out "
        "by post and need no workshop.",
        "Boots are resoled in spring, when they are not missed.",
    )),
    ("Questions and answers", "faq", 90, (
        "# Can I change my order?", "Until it is packed. Write at once, with the number in the subject.",
        "# Do you wrap gifts?", "In paper that can be drawn on. Say so in the note of your cart.",
        "# Is there a shop that I can visit?", "One table at the Saturday market in Hamburg, and whoever stands behind "
        "it.",
        "# How do I pay?", "By card, when the parcel leaves. Made-to-order things are paid when you order them.",
        "# What does made to order mean?", "That it is not there yet. It takes about three weeks, and it is exactly "
        "yours.",
    )),
    ("Contact", "contact", 0, (
        f"Write to {SHOP_EMAIL}; a person answers, usually the same day and never on a Sunday.",
        "Post reaches us at Am Sandtorkai 30, 20457 Hamburg.",
    )),
    ("Materials", "materials", 200, (
        "# Cotton", "Organic, from mills that show us their water bills.", "# Wool", "From flocks that are not "
        "mulesed; merino where it touches the skin, lambswool where it meets the wind.",
        "# Recycled nylon and polyester", "Old fishing nets and bottles, in shells, linings and packs. We use it where "
        "nothing that grows would stay dry.",
        "# Wood", "Oak, birch and walnut from forests with a certificate, air-dried for two years.",
        "# Down", "Certified, traced to the farm, and only where it can be kept from the rain.",
    )),
    ("Wholesale", "wholesale", None, (
        "For shops that would like to stand beside us. Terms are being written; ask meanwhile.",
    )),
)  # fmt: skip


def _articles(*told: tuple[str, str, int, str, str, Sequence[str]]) -> tuple[Writing, ...]:
    return tuple(
        Writing(
            Kind.ARTICLE, number, title, tuple(paragraphs), days, author=author, tags=tuple(tags.split()),
            picture=f"/media/{picture}.svg",
        )
        for number, (title, author, days, tags, picture, paragraphs) in enumerate(told, 1)
    )  # fmt: skip


ARTICLES = _articles(
    ("How to layer for a day that cannot decide", "Mina Okafor", 40, "apparel outdoor", "jacket-forest-plain-b1", (
        "It rains at seven, shines at nine and hails at noon. Three thin things beat one thick one on such a day.",
        "# Against the skin", "A T-shirt of merino, because it dries while you walk and forgives a second day.",
        "# In the middle", "A sweater or a hoodie that opens at the neck. You will open it on every climb.",
        "# On top", "A rain jacket, packed where you can reach it without taking off the rucksack.",
    )),
    ("Waxing a jacket at the kitchen table", "Jonas Brandt", 95, "care apparel", "jacket-ochre-plain-c2", (
        "Waxed cotton goes grey at the elbows first. Then it is time, once a year, best on an evening in September.",
        "Warm the tin in hot water. Rub the wax along the seams, then over the cloth, thinly. Chase it with a hair "
        "dryer until the cloth is dark and even.",
        "Hang the jacket up overnight, away from everything that you do not want to smell of it.",
    )),
    ("A first night in a tent", "Mina Okafor", 150, "camping outdoor guide", "tent-ochre-plain-b3", (
        "Sleep outside once in the garden before you do it on a hill. The mistakes are the same, and the kettle is "
        "near.",
        "Pitch before dark, on ground a little higher than the rest. Put on tomorrow's socks tonight. Keep a lantern "
        "where your hand falls.",
        "A sleeping bag is as warm as what lies under it: on a thin mat the best down freezes from below.",
    )),
    ("What a teapot taught us", "Aiko Tanabe", 210, "kitchen makers", "teapot-sage-plain-d4", (
        "A good pour is a question of three millimetres. Iska Ceramics threw eleven spouts for us before one did not "
        "drip.",
        "The lid must stay when the pot is tipped, the handle must be cool when the tea is not, and the whole must "
        "weigh less than the water in it.",
        "Rinse stoneware with hot water, never with soap. After a year the pot makes better tea than you do.",
    )),
    ("Boots worth resoling", "Jonas Brandt", 280, "boots repair makers", "boots-walnut-plain-c5", (
        "A glued sole is thrown away with the boot. A stitched one comes off with a knife and goes on again with a "
        "needle.",
        "We walked with the cobbler of Pelham Leather through his store of lasts. Ours has stood there for two years; "
        "the one beside it since 1961.",
        "Grease the leather before winter, change the laces before they break, and send us the boots when the heel is "
        "round.",
    )),
    ("Light for reading", "Elin Vestergaard", 340, "lighting home guide", "lamp-brass-plain-c6", (
        "A lamp should be lower than you think. Put it beside your shoulder, its edge at the height of your eyes, and "
        "the page is bright while the room stays dark.",
        "Warm bulbs are for evenings. Dimmable ones are for two people in one room of whom one is asleep.",
    )),
    ("Nine parts, no screws", "Elin Vestergaard", 400, "furniture makers home", "chair-oak-plain-d7", (
        "Juniper Works builds a chair out of nine pieces of oak. Its joints are wedged: the more you lean, the tighter "
        "they hold.",
        "Made to order means that the tree has stood in the yard for two years, and the chair for three weeks on the "
        "bench.",
        "When the seat is worn, it is woven anew. The frame will not notice.",
    )),
    ("Mending a sweater so that it shows", "Aiko Tanabe", 460, "repair knitwear apparel", "sweater-rust-plain-b2", (
        "A hole in an elbow is a place for another colour. Take yarn of the same weight, a blunt needle and a wooden "
        "mushroom, or an orange.",
        "Weave up and down, not too tight. Wool felts with wearing, and after a month the patch has always been there.",
    )),
    ("Five guides for a long weekend", "Mina Okafor", 540, "digital travel outdoor", "guide-forest-plain-b1", (
        "No parcel, no customs: our digital guides arrive before you have closed the window. Each has maps to print, "
        "trains to catch and one place to be turned away from by rain.",
        "Begin with the coast if you have children with you, with the ridge if you have not.",
    )),
    ("Gifts that are used up", "Jonas Brandt", 610, "gift home", "candle-honey-plain-b0", (
        "The best present leaves nothing to dust. A candle that burns for forty evenings; a notebook that is full by "
        "summer; socks.",
        "Write the date inside the cover of the notebook. It will be the only sentence in it that is never crossed "
        "out.",
    )),
)  # fmt: skip
