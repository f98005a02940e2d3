"""Choosing a variant by option values, over all variants of a product in order of position. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID


class Variant(Protocol):
    """What choosing needs to know of a variant."""

    @property
    def id(self) -> UUID:
        """Its key."""

    @property
    def available(self) -> bool:
        """Whether it can be bought."""

    @property
    def selected_options(self) -> Sequence[Mapping[str, str]]:
        """Its value of each option."""


Options = Sequence[Mapping[str, Any]]
"""A product's options, `{name, values: [{name}]}`, in order."""
Chosen = dict[str, str]
"""A value for some or all options, by name, spelt as the product spells them."""


def known_choice(
    options: Options, wanted: Sequence[tuple[str, str]], *, ignore_unknown: bool, any_case: bool
) -> Chosen | None:
    """Return the part of a selection that the product has; None if it may not ignore the rest and there is one."""

    def same(one: str, other: str) -> bool:
        return one.casefold() == other.casefold() if any_case else one == other

    chosen: Chosen = {}
    for name, value in wanted:
        option = next((option for option in options if same(option["name"], name)), None)
        values = [] if option is None else [each["name"] for each in option["values"]]
        found = next((each for each in values if same(each, value)), None)
        if option is not None and found is not None:
            chosen[option["name"]] = found
        elif not ignore_unknown:
            return None
    return chosen


def values_of(variant: Variant) -> Chosen:
    """Return a variant's value of each option."""
    return {pair["name"]: pair["value"] for pair in variant.selected_options}


def _fits(variant: Variant, chosen: Chosen) -> bool:
    return chosen.items() <= values_of(variant).items()


def exactly(variants: Sequence[Any], chosen: Chosen | None) -> Any | None:
    """Return the first variant with every chosen value, None where nothing is chosen or nothing fits."""
    return next((each for each in variants if _fits(each, chosen)), None) if chosen else None


def chosen_or_first(variants: Sequence[Any], chosen: Chosen | None) -> Any | None:
    """Return the variant of a selection, else the first that can be bought, else the first.

    Where a selection leaves several, one that can be bought goes before one that cannot.
    """
    fitting = [each for each in variants if _fits(each, chosen)] if chosen else []
    candidates = fitting or variants
    return next((each for each in candidates if each.available), candidates[0] if candidates else None)


def adjacent(variants: Sequence[Any], options: Options, chosen: Chosen | None) -> list[Any]:
    """Return the variants that differ in exactly one option from a selection, in order of id.

    A selection that leaves options open is completed by the variant that `chosen_or_first` finds for it.
    """
    base = chosen or {}
    if len(base) < len(options):
        found = chosen_or_first(variants, chosen)
        base = values_of(found) if found is not None else {}
    near = [each for each in variants if len(base.items() - values_of(each).items()) == 1]
    return sorted(near, key=lambda variant: variant.id)


def positions(variant: Variant, options: Options) -> tuple[int, ...]:
    """Return the place of a variant's value in each option; a value that is not listed comes last."""
    values = values_of(variant)
    places: list[int] = []
    for option in options:
        names = [each["name"] for each in option["values"]]
        value = values.get(option["name"])
        places.append(names.index(value) if value in names else len(names))
    return tuple(places)


def first_with(variants: Sequence[Any], options: Options, name: str, value: str) -> Any | None:
    """Return the variant with one option's value whose other values come first in their options."""
    fitting = [each for each in variants if _fits(each, {name: value})]
    return min(fitting, key=lambda variant: positions(variant, options), default=None)
