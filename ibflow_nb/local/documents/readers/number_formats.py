"""Numbers as a spreadsheet shows them: the format codes of cells applied to their values.

Source: the SpreadsheetML standard (ECMA-376 part 1, 18.8.30 and 18.8.31). Formats of dates,
fractions, exponents and conditions are left alone.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

BUILT_IN = {
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    5: '"$"#,##0_);("$"#,##0)',
    6: '"$"#,##0_);("$"#,##0)',
    7: '"$"#,##0.00_);("$"#,##0.00)',
    8: '"$"#,##0.00_);("$"#,##0.00)',
    9: "0%",
    10: "0.00%",
    37: "#,##0_);(#,##0)",
    38: "#,##0_);(#,##0)",
    39: "#,##0.00_);(#,##0.00)",
    40: "#,##0.00_);(#,##0.00)",
    41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)',
    42: '_("$"* #,##0_);_("$"* (#,##0);_("$"* "-"_);_(@_)',
    43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
    44: '_("$"* #,##0.00_);_("$"* (#,##0.00);_("$"* "-"??_);_(@_)',
}
_MAX_VALUE = 1e15  # above, not all digits are exact
_SECTION = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|[_*].|\[\$(?P<currency>[^\]-]*)[^\]]*\]'
    r"|\[(?:Black|Blue|Cyan|Green|Magenta|Red|White|Yellow|Color ?\d+)\]"
    r"|(?P<digits>\??[#0.][#0?,.]*)|\?+|(?P<literal>[-+ $€£¥()%:'!&~{}<>=])|(?P<unknown>.)",
    re.IGNORECASE,
)


def format_number(value: float, code: str) -> str | None:
    """Show a number as a format code asks for.

    Args:
        value: the cell's value.
        code: such as ``#,##0.00``, ``0.0%`` or ``[$€-407] 0.00;[Red]-0.00``.

    Returns:
        The text, or None where the code is none for plain numbers.
    """
    if not abs(value) < _MAX_VALUE:
        return None
    sections = _SECTION.split(code)
    section, sign = sections[0], "-" if value < 0 else ""
    if value < 0 and len(sections) > 1:
        section, sign = sections[1], ""
    elif value == 0 and len(sections) > 2:
        section = sections[2]
    tokens = list(_TOKEN.finditer(section))
    numbers = [token["digits"] for token in tokens if token["digits"]]
    if any(token["unknown"] for token in tokens) or len(numbers) > 1:
        return None
    percents = sum(token["literal"] == "%" for token in tokens)
    shown = [
        _digits(abs(Decimal(repr(value))).scaleb(2 * percents), token["digits"])
        if token["digits"]
        else token["quoted"] or token["escaped"] or token["currency"] or token["literal"] or ""
        for token in tokens
    ]
    return sign + "".join(shown).strip()


def _digits(value: Decimal, pattern: str) -> str:
    """Write a positive number with the decimals, grouping and zeros of a pattern."""
    scaled = pattern.rstrip(",")
    whole, _, decimals = scaled.partition(".")
    value = value.scaleb(-3 * (len(pattern) - len(scaled)))
    rounded = value.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP)
    text = f"{rounded:,f}" if "," in whole else f"{rounded:f}"
    before, _, after = text.partition(".")
    while len(after) > decimals.count("0") and after.endswith("0"):
        after = after[:-1]
    least = whole.count("0")
    before = before.zfill(least) if least or before != "0" else ""
    return f"{before}.{after}" if after else before
