"""The demo shop's customers: who they are and where they live."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from commerce_graph.demo.dice import NOW, OPENED, Dice, Kind, key
from commerce_graph.kernel.address import PostalAddress

DEMO_EMAIL = "ada@example.com"
"""The customer to sign in as; every demo customer has the same password."""
DEMO_PASSWORD = "larkmoor-demo"  # noqa: S105
CUSTOMERS = 200
ADDRESSES_PER_CUSTOMER_KEYS = 8


@dataclass(frozen=True, slots=True)
class Country:
    """Names and places of a country. `names` are as written, with the Latin spelling for emails where it differs."""

    code: str
    share: int
    first: tuple[str, ...]
    last: tuple[str, ...]
    streets: tuple[str, ...]
    cities: tuple[str, ...]  # city|zip|province
    phone: str
    number_first: bool = False


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


COUNTRIES = (
    Country("DE", 32, _words("Anna Lena Marie Jonas Felix Paul Clara Emil Greta Moritz Ida Oskar Frieda Anton"),
            _words("Müller=mueller Schmidt Fischer Weber Becker Hoffmann Schäfer=schaefer Koch Bauer Richter Klein "
                   "Wolf "
                   "Neumann Krüger=krueger"),
            _words("Hauptstraße Gartenweg Lindenallee Bahnhofstraße Am_Markt Schillerstraße Bergstraße Kastanienallee"),
            _words("Berlin|10115| Hamburg|20095| München|80331| Köln|50667| Leipzig|04109| Freiburg|79098| "
                   "Bremen|28195|"),
            "+49302312"),
    Country("AT", 8, _words("Sophie Lukas Valentina Elias Johanna Tobias"),
            _words("Gruber Huber Steiner Moser Pichler Egger"),
            _words("Ringstraße Mariahilfer_Straße Kirchengasse Dorfstraße"),
            _words("Wien|1010| Graz|8010| Innsbruck|6020| Salzburg|5020|"),
            "+43720555"),
    Country("FR", 12, _words("Camille Louis Chloé=chloe Hugo Manon Jules Inès=ines Arthur"),
            _words("Martin Bernard Dubois Lefèvre=lefevre Moreau Laurent Girard Roux"),
            _words("rue_des_Lilas avenue_Jean_Jaurès rue_de_la_Paix quai_Voltaire"),
            _words("Paris|75011| Lyon|69002| Nantes|44000| Bordeaux|33000| Annecy|74000|"), "+33199002", True),
    Country("NL", 7, _words("Sanne Daan Lotte Bram Fleur Sem"),
            _words("de_Vries=devries Jansen Bakker Visser Smit Mulder"),
            _words("Dorpsstraat Keizersgracht Molenweg Julianalaan"),
            _words("Amsterdam|1012_AB| Utrecht|3511_CE| Groningen|9711_LM|"),
            "+31970102"),
    Country("IT", 6, _words("Giulia Lorenzo Chiara Matteo Elena Pietro"),
            _words("Rossi Bianchi Ferrari Conti Greco Marini"),
            _words("via_Roma via_Garibaldi corso_Italia viale_Dante"),
            _words("Milano|20121|MI Torino|10121|TO Bolzano|39100|BZ Roma|00184|RM"),
            "+39065550"),
    Country("ES", 6, _words("Lucía=lucia Mateo Carmen Hugo Alba Diego"),
            _words("García=garcia López=lopez Navarro Ortega Vidal Serrano"),
            _words("calle_Mayor calle_del_Sol avenida_de_la_Paz paseo_del_Mar"),
            _words("Madrid|28013|M Barcelona|08002|B Bilbao|48001|BI Granada|18001|GR"), "+34910555"),
    Country("US", 19, _words("Olivia Noah Emma Liam Grace Henry Hazel Miles Ruby Theo Nora Jack"),
            _words("Smith Johnson Brown Davis Miller Wilson Carter Hayes Brooks Reed Foster Quinn"),
            _words("Maple_Street Cedar_Avenue Lakeview_Drive 2nd_Street Juniper_Lane Harbor_Road"),
            _words("Portland|97209|OR Seattle|98101|WA San_Francisco|94110|CA Brooklyn|11201|NY Boulder|80302|CO "
                   "Austin|78701|TX"),
            "+1503555", True),
    Country("CA", 3, _words("Charlotte William Zoé=zoe Owen"), _words("Tremblay MacDonald Singh Gagnon"),
            _words("Queen_Street Rue_Saint-Denis Bay_Street"), _words("Toronto|M5V_2T6|ON Montréal|H2X_1Y4|QC"),
            "+1416555", True),
    Country("JP", 5, _words("陽菜=hina 蓮=ren 結衣=yui 悠斗=yuto さくら=sakura 大輔=daisuke"),
            _words("佐藤=sato 鈴木=suzuki 高橋=takahashi 田中=tanaka 伊藤=ito 山本=yamamoto"),
            _words("神南 本町 青葉台 南青山"),
            _words("渋谷区|150-0041|JP-13 大阪市|541-0053|JP-27 横浜市|227-0062|JP-14"), "+8135550"),
    Country("KR", 2, _words("민준=minjun 서연=seoyeon 지우=jiwoo"), _words("김=kim 이=lee 박=park"),
            _words("세종대로 강남대로 해운대로"), _words("서울|04524|KR-11 부산|48094|KR-26"), "+8225550"),
)  # fmt: skip
_BY_CODE: Mapping[str, Country] = {country.code: country for country in COUNTRIES}


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer with addresses, the default one first."""

    id: UUID
    number: int
    email: str
    first_name: str
    last_name: str
    phone: str | None
    accepts_marketing: bool
    addresses: tuple[tuple[UUID, PostalAddress], ...]
    created_at: datetime

    @property
    def home(self) -> PostalAddress:
        """The default address."""
        return self.addresses[0][1]


def customers() -> list[Customer]:
    """Return the customers in the order in which they signed up; the first is DEMO_EMAIL."""
    taken: set[str] = set()
    return [_customer(number, taken) for number in range(CUSTOMERS)]


def _customer(number: int, taken: set[str]) -> Customer:
    dice = Dice("customer", number)
    country = _country(dice) if number else _BY_CODE["DE"]
    first, first_plain = _name(dice.pick(country.first) if number else "Ada")
    last, last_plain = _name(dice.pick(country.last) if number else "Byron")
    email = _email(first_plain, last_plain, taken) if number else DEMO_EMAIL
    taken.add(email)
    created_at = OPENED + (NOW - OPENED) * (number + 1) / (CUSTOMERS + 1) * 0.9
    phone = f"{country.phone}{dice.below(10**4):04d}"
    count = 2 if number == 0 else 1 + (dice.below(10) < 3) + (dice.below(10) < 1)
    addresses = tuple(
        (
            key(Kind.ADDRESS, number * ADDRESSES_PER_CUSTOMER_KEYS + index, created_at + timedelta(hours=index)),
            _address(country, first, last, phone, dice, at_work=index == 1),
        )
        for index in range(count)
    )
    return Customer(
        id=key(Kind.CUSTOMER, number, created_at),
        number=number,
        email=email,
        first_name=first,
        last_name=last,
        phone=phone if dice.chance(60) else None,
        accepts_marketing=dice.chance(35),
        addresses=addresses,
        created_at=created_at,
    )


def guest(number: int) -> tuple[str, PostalAddress]:
    """Return the email and the address of somebody who bought without signing up."""
    dice = Dice("guest", number)
    country = _country(dice)
    first, first_plain = _name(dice.pick(country.first))
    last, last_plain = _name(dice.pick(country.last))
    address = _address(country, first, last, f"{country.phone}{dice.below(10**4):04d}", dice, at_work=False)
    return f"{first_plain}.{last_plain}.{number}@example.org", address


def _country(dice: Dice) -> Country:
    card = dice.below(sum(country.share for country in COUNTRIES))
    for country in COUNTRIES:
        card -= country.share
        if card < 0:
            return country
    raise AssertionError("the shares are used up")


def _name(text: str) -> tuple[str, str]:
    shown, _, plain = text.partition("=")
    return shown, plain or shown.lower()


def _email(first: str, last: str, taken: set[str]) -> str:
    name, number = f"{first}.{last}", 1
    while (email := f"{name}{number if number > 1 else ''}@example.com") in taken:
        number += 1
    return email


def _address(country: Country, first: str, last: str, phone: str, dice: Dice, *, at_work: bool) -> PostalAddress:
    city, code, province = dice.pick(country.cities).split("|")
    street, number = dice.pick(country.streets), dice.between(1, 120)
    return PostalAddress(
        first_name=first,
        last_name=last,
        company="Lovelace & Partners" if at_work else None,
        address1=f"{number} {street}" if country.number_first else f"{street} {number}",
        address2=f"{dice.between(1, 9)}. Etage" if country.code == "DE" and dice.chance(15) else None,
        city=city,
        province_code=province or None,
        country_code=country.code,
        zip=code,
        phone=phone,
    )
