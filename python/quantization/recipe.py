"""What is quantized how: bit widths, a method, and the method's options."""

from dataclasses import asdict, fields
from typing import Any

from vit2rtl.quantization.method import Method
from vit2rtl.quantization.methods import DEFAULT, METHODS
from vit2rtl.quantization.widths import Given, parse_bits, preset, rules_of


class Recipe:
    """A quantization setting, checked by its method; options are attributes, too.

    Parameters
    ----------
    values, named : weight bits, activation bits, then the method's options, in the order in which
        its class states them or by name: ``Recipe(4, 4, profile="paper")``. ``bits_of`` gives
        other bits to single quantities: ``Recipe(4, 4, bits_of={"*.fc2.input": 5})``
    method : a name in :data:`vit2rtl.quantization.methods.METHODS`

    Equal settings are equal and hash alike.
    """

    def __init__(self, *values: Any, method: str = DEFAULT, **named: Any) -> None:
        kind = METHODS[str(method)]
        options = [field.name for field in fields(kind)]
        unknown = next((name for name in named if name not in options), None)
        if unknown:
            raise TypeError(f"Method {method} has no option {unknown!r}, only {', '.join(options)}")
        self.method = method
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
        """``w4a4``, the name of a preset, or ``w4a4 mixed``."""
        bits, rules = (self.setting.weight_bits, self.setting.activation_bits), self.setting.bits_of
        plain = "w{}a{}".format(*bits)
        if not rules:
            return plain
        names = {preset(*bits, more): f"{plain}{'+' * more}" for more in (1, 2)}
        return names.get(rules, f"{plain} mixed")

    @property
    def integer(self) -> bool:
        """See :attr:`vit2rtl.quantization.method.Method.integer`."""
        return self.setting.integer

    def require_integers(self, what: str) -> None:
        """A ValueError, in one sentence, unless every matmul and code is an integer one."""
        reason = self.setting.lacks_integers()
        if reason:
            raise ValueError(f"{what} integer arithmetic: {reason}")

    def as_dict(self) -> dict[str, Any]:
        """Flat, for JSON: ``Recipe(**recipe.as_dict())`` is the same again. The method's name is
        left out where it is ``repq``, as before there were others."""
        name = {} if self.method == DEFAULT else {"method": self.method}
        return asdict(self.setting) | {"bits_of": list(self.setting.bits_of)} | name
