"""Options and variants: which a product has after an edit. Paths of refusals are those of Admin's inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from commerce_graph.catalog.errors import (
    DUPLICATED_OPTION_NAME,
    DUPLICATED_OPTION_VALUE,
    INVALID_INPUT,
    INVALID_VARIANT,
    PRODUCT_VARIANT_DOES_NOT_EXIST,
    VARIANT_ALREADY_EXISTS,
    VARIANTS_INPUT_MISSING,
    VARIANTS_OVER_LIMIT,
)
from commerce_graph.catalog.rules.texts import checked
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import OPTIONS_PER_PRODUCT_MAX, VARIANTS_PER_PRODUCT_MAX

DEFAULT_OPTION = ("Title", ("Default Title",))
"""What a product without options has, as Shopify has it."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option with its values in order. `id` names the stored option that it goes on from, None goes by the name."""

    name: str
    values: tuple[str, ...]
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of one variant: which one it is and the options it shall have, None to keep those it has."""

    id: UUID | None
    options: tuple[tuple[str, str], ...] | None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """A variant's place in the product: `id` None for a new one, `values` in the order of the options."""

    id: UUID | None
    values: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Assortment:
    """The options of a product, its variants in the order of the wishes, and the variants that go."""

    options: tuple[Option, ...]
    variants: tuple[Settled, ...]
    removed: tuple[UUID, ...]


def check_options(options: Sequence[Option]) -> tuple[Option, ...]:
    """Return options with tidy names.

    Limits: OPTIONS_PER_PRODUCT_MAX, TITLE_CHARS_MAX characters a name, VARIANTS_PER_PRODUCT_MAX values.
    Raises: Rejected(DUPLICATED_OPTION_NAME | DUPLICATED_OPTION_VALUE | INVALID_INPUT).
    """
    if len(options) > OPTIONS_PER_PRODUCT_MAX:
        raise Rejected(INVALID_INPUT, ["productOptions"], f"there can be {OPTIONS_PER_PRODUCT_MAX} options")
    names: set[str] = set()
    tidy = []
    for index, option in enumerate(options):
        at = ["productOptions", str(index)]
        name = checked(option.name, [*at, "name"])
        if not name:
            raise Rejected(INVALID_INPUT, [*at, "name"], "an option needs a name")
        if name.casefold() in names:
            raise Rejected(DUPLICATED_OPTION_NAME, [*at, "name"], f"there is another option `{name}`")
        names.add(name.casefold())
        if len(option.values) > VARIANTS_PER_PRODUCT_MAX:
            raise Rejected(INVALID_INPUT, [*at, "values"], f"there can be {VARIANTS_PER_PRODUCT_MAX} values")
        values: dict[str, None] = {}
        for number, given in enumerate(option.values):
            value = checked(given, [*at, "values", str(number)])
            if not value:
                raise Rejected(INVALID_INPUT, [*at, "values", str(number)], "a value needs a name")
            if value in values:
                raise Rejected(DUPLICATED_OPTION_VALUE, [*at, "values", str(number)], f"`{value}` is there already")
            values[value] = None
        tidy.append(replace(option, name=name, values=tuple(values)))
    return tuple(tidy)


def assort(
    options: Sequence[Option] | None, stored: Sequence[Option], have: Mapping[UUID, Mapping[str, str]],
    wishes: Sequence[Wish] | None,
) -> Assortment:  # fmt: skip
    """Settle a product's options and variants. `stored` and `have` are what it has now, empty for a new product:
    its options, and its variants' values by option name.

    Each variant has one value of every option, no two have the same values. A wish goes to the variant with its id,
    else to the one with its values, else to a new one. A value that only a variant names is added to its option.
    Limits: VARIANTS_PER_PRODUCT_MAX and those of `check_options`.
    Raises: Rejected(INVALID_VARIANT | VARIANT_ALREADY_EXISTS | VARIANTS_INPUT_MISSING | VARIANTS_OVER_LIMIT |
    PRODUCT_VARIANT_DOES_NOT_EXIST | ...), in `variants`, index, member.
    """
    if wishes is None and have:
        if options is not None:
            raise Rejected(VARIANTS_INPUT_MISSING, ["variants"], "give the variants with the options")
        wishes = [Wish(variant_id, None) for variant_id in have]
    if options is None:
        options = stored or _options_named_by(wishes or ())
    chosen = _going_on(check_options(options) or (Option(*DEFAULT_OPTION),), stored)
    if wishes is None:
        if not all(option.values for option in chosen):
            raise Rejected(INVALID_INPUT, ["productOptions"], "an option of a new product needs a value")
        wishes = [Wish(None, tuple((option.name, option.values[0]) for option in chosen))]
    if not wishes:
        raise Rejected(INVALID_INPUT, ["variants"], "a product has at least one variant")
    if len(wishes) > VARIANTS_PER_PRODUCT_MAX:
        raise Rejected(VARIANTS_OVER_LIMIT, ["variants"], f"there can be {VARIANTS_PER_PRODUCT_MAX} variants")
    names = {option.id: option.name for option in stored}
    now = {
        variant_id: tuple(values[names[option.id]] for option in chosen if option.id in names)
        for variant_id, values in have.items()
    }
    return _settle(chosen, now, wishes)


def _going_on(options: Sequence[Option], stored: Sequence[Option]) -> tuple[Option, ...]:
    """Give each option the id of the stored one it goes on from: the one it names by id, else its namesake."""
    named = {option.id for option in options}
    known = {one.id for one in stored}
    free = {one.name.casefold(): one.id for one in stored if one.id not in named}
    found = [option.id if option.id in known else free.get(option.name.casefold()) for option in options]
    for index, one in enumerate(found):
        if one is not None and one in found[:index]:
            raise Rejected(INVALID_INPUT, ["productOptions", str(index), "id"], "another option has this id")
    return tuple(replace(option, id=one) for option, one in zip(options, found, strict=True))


def _settle(options: tuple[Option, ...], have: Mapping[UUID, tuple[str, ...]], wishes: Sequence[Wish]) -> Assortment:
    values = [_values(options, wish, have, ["variants", str(index)]) for index, wish in enumerate(wishes)]
    taken: set[UUID] = set()
    for index, wish in enumerate(wishes):
        if wish.id in taken:
            raise Rejected(INVALID_VARIANT, ["variants", str(index), "id"], "another one has this id")
        taken |= {wish.id} if wish.id else set()
    _refuse_repetition(values, wishes)
    free = {chosen: variant_id for variant_id, chosen in reversed(list(have.items())) if variant_id not in taken}
    order = sorted(range(len(wishes)), key=lambda index: (wishes[index].position or index + 1, index))
    places = {index: place for place, index in enumerate(order, 1)}
    settled = tuple(
        Settled(wish.id or free.get(chosen), chosen, places[index])
        for index, (wish, chosen) in enumerate(zip(wishes, values, strict=True))
    )
    kept = {variant.id for variant in settled}
    full = (_with_values(option, [chosen[place] for chosen in values]) for place, option in enumerate(options))
    return Assortment(tuple(full), settled, tuple(variant_id for variant_id in have if variant_id not in kept))


def _refuse_repetition(values: Sequence[tuple[str, ...]], wishes: Sequence[Wish]) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for index, chosen in enumerate(values):
        other = seen.setdefault(chosen, index)
        if other != index:
            # Of the two, the one that keeps what it has is not at fault.
            culprit = other if wishes[index].options is None else index
            told = f"another variant is `{' / '.join(chosen)}`"
            raise Rejected(VARIANT_ALREADY_EXISTS, ["variants", str(culprit), "optionValues"], told)


def _options_named_by(wishes: Sequence[Wish]) -> list[Option]:
    names = dict.fromkeys(name for wish in wishes[:1] for name, _ in wish.options or ())
    return [Option(name, ()) for name in names]


def _with_values(option: Option, used: Sequence[str]) -> Option:
    return replace(option, values=tuple(dict.fromkeys([*option.values, *used])))


def _values(
    options: Sequence[Option], wish: Wish, have: Mapping[UUID, tuple[str, ...]], at: list[str]
) -> tuple[str, ...]:
    if wish.id is not None and wish.id not in have:
        raise Rejected(PRODUCT_VARIANT_DOES_NOT_EXIST, [*at, "id"], "the product has no such variant")
    if wish.options is None and wish.id is not None and len(have[wish.id]) == len(options):
        return have[wish.id]
    given: dict[str, str] = {}
    names = {option.name.casefold(): option.name for option in options}
    for index, (name, value) in enumerate(wish.options or ()):
        here = [*at, "optionValues", str(index)]
        known = names.get(name.strip().casefold())
        if known is None:
            raise Rejected(INVALID_VARIANT, [*here, "optionName"], f"the product has no option `{name[:100]}`")
        if known in given:
            raise Rejected(INVALID_VARIANT, [*here, "optionName"], f"`{known}` is given twice")
        given[known] = checked(value, [*here, "name"])
        if not given[known]:
            raise Rejected(INVALID_VARIANT, [*here, "name"], f"a value of `{known}` needs a name")
    if not given and [(option.name, option.values) for option in options] == [DEFAULT_OPTION]:
        return DEFAULT_OPTION[1]
    missing = [option.name for option in options if option.name not in given]
    if missing:
        raise Rejected(INVALID_VARIANT, [*at, "optionValues"], f"a value is missing for {', '.join(missing)}")
    return tuple(given[option.name] for option in options)
