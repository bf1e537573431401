"""Recipes need packages that plain `pip install vago` does not bring."""

from __future__ import annotations

from importlib.util import find_spec

from vago import VagoError


def need_extra(extra: str, *modules: str) -> None:
    """Raise VagoError unless the modules that the package extra `extra` brings can be imported."""
    if missing := [module for module in modules if find_spec(module) is None]:
        raise VagoError(
            f"{', '.join(missing)} cannot be imported: pip install 'vago[{extra}]' "
            f"(in a checkout: pip install -e '.[{extra}]' -c constraints.txt)"
        )
