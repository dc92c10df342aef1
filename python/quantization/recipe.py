"""What is quantized how: bit widths, a method, and the method's options."""

from dataclasses import asdict, fields
from typing import Any

from vit2rtl.quantization.method import Method
from vit2rtl.quantization.methods import METHODS
from vit2rtl.quantization.settings import OPTIONS, default_method
from vit2rtl.quantization.widths import Given, fewest, parse_bits, preset, rules_of


class Recipe:
    """A quantization setting, checked by its method; options are attributes, too.

    Parameters
    ----------
    values, named : weight bits, activation bits, then the method's options, in the order in which
        its class states them or by name: ``Recipe(4, 4, profile="paper")``. ``bits_of`` gives
        other bits to single quantities: ``Recipe(4, 4, bits_of={"*.fc2.input": 5})``
    method : a name in :data:`vit2rtl.quantization.methods.METHODS`; by default what
        :func:`vit2rtl.quantization.settings.default_method` says. Without it, options that are not
        named are those of RepQ-ViT

    Equal settings are equal and hash alike.
    """

    def __init__(self, *values: Any, method: str | None = None, **named: Any) -> None:
        method = _default_method(values, named) if method is None else str(method)
        kind = METHODS[method]
        options = [field.name for field in fields(kind)]
        unknown = next((name for name in named if name not in options), None)
        if unknown:
            raise TypeError(f"Method {method} has no option {unknown!r}, only {', '.join(options)}")
        self.method: str = method
        self.setting: Method = kind(*values, **named)

    @classmethod
    def of(cls, bits: str, *, bits_of: Given = (), **named: Any) -> "Recipe":
        """By what ``--bits`` takes: ``Recipe.of("w4a4+", method="closed-form")``; rules of
        ``bits_of`` come behind those of a preset."""
        weight_bits, activation_bits, rules = parse_bits(bits)
        return cls(weight_bits, activation_bits, bits_of=(*rules, *rules_of(bits_of)), **named)

    def __getattr__(self, name: str) -> Any:
        """An option of the method."""
        if name.startswith("_") or name == "setting":
            raise AttributeError(name)
        return getattr(self.setting, name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recipe) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        arguments = (f"{name}={value!r}" for name, value in self.as_dict().items())
        return f"Recipe({', '.join(arguments)})"

    def _key(self) -> tuple[str, Method]:
        return self.method, self.setting

    @property
    def bits(self) -> str:
        """``w4a4``, or a preset's name, and how many rules there are besides: ``w4a4 (2 rules)``"""
        bits, rules = (self.setting.weight_bits, self.setting.activation_bits), self.setting.bits_of
        presets = [(more, preset(*bits, more)) for more in (2, 1)]
        more = next((more for more, own in presets if rules[:len(own)] == own), 0)
        others = len(rules) - len(preset(*bits, more))
        counted = f" ({others} rule{'s' * (others > 1)})" if others else ""
        return "w{}a{}".format(*bits) + "+" * more + counted

    @property
    def title(self) -> str:
        """For tables: the bits, and by what."""
        profile = getattr(self.setting, "profile", "hardware")
        return f"{self.bits} {self.method}" + ("" if profile == "hardware" else f" {profile}")

    @property
    def integer(self) -> bool:
        """See :attr:`vit2rtl.quantization.method.Method.integer`."""
        return self.setting.integer

    def require_integers(self, what: str) -> None:
        """A ValueError, in one sentence, unless every matmul and code is an integer one."""
        reason = self.setting.lacks_integers()
        if reason:
            raise ValueError(f"{what} integer arithmetic: {reason}")

    def require_units(self, what: str) -> None:
        """A ValueError, in one sentence, unless the integers are also those of the units in RTL."""
        self.require_integers(what)
        if not self.setting.has_units:
            raise ValueError(f"{what} method repq or closed-form; this checkpoint has method "
                             f"{self.method}, which is lowered in variant hardware")

    def as_dict(self) -> dict[str, Any]:
        """Flat, for JSON: ``Recipe(**recipe.as_dict())`` is the same again."""
        return asdict(self.setting) | {
            "bits_of": list(self.setting.bits_of), "method": self.method}


def _default_method(values: tuple[Any, ...], named: dict[str, Any]) -> str:
    """The method of a recipe that names none."""
    widths = ("weight_bits", "activation_bits")
    given = {name: getattr(Method, name) for name in widths} | named
    given |= dict(zip(widths, values, strict=False))
    options = {*named, *OPTIONS["repq"][:max(0, len(values) - len(widths))]}
    weight_bits, activation_bits = (given[name] for name in widths)
    rules = rules_of(named.get("bits_of", ()))
    return default_method(fewest(weight_bits, activation_bits, rules), options)
