"""What a plot of the page is: its name, what it says, and its description in Vega-Lite."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair

# The look of every plot.
CONFIG = {
    "background": None,
    "view": {"stroke": None},
    "font": "system-ui, sans-serif",
    "axis": {"gridColor": "#ececec", "domainColor": "#767676", "tickColor": "#767676",
             "labelColor": "#333", "titleColor": "#333", "titleFontWeight": "normal",
             "labelFontSize": 11, "titleFontSize": 12, "labelLimit": 220},
    "legend": {"labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": "normal"},
}


@dataclass(frozen=True)
class Chart:
    """A plot of the page.

    name   of its element
    title  what is seen
    plot   Altair's description; its width may be that of the page's column
    note   how to read it; may be empty
    wide   whether it takes the page's whole width
    """

    name: str
    title: str
    plot: "altair.TopLevelMixin"
    note: str = ""
    wide: bool = False

    def description(self) -> dict[str, Any]:
        """The plot in Vega-Lite, without the address of its schema and the look of all."""
        plot = self.plot.to_dict(validate=False)  # its parts have been
        del plot["$schema"], plot["config"]
        return {**plot, "description": self.title}
