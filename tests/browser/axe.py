"""axe-core in the page that is open: what keeps readers out of it, in our components' shadow roots as well."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

SCRIPT = Path(__file__).with_name("node_modules") / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")

STREAMLITS_OWN: dict[str, tuple[str, str]] = {}
"""By rule: a selector of Streamlit's own elements that break it and that nothing of ours can fix, and why."""

# Rules whose violations are never grave are left out: a third of the work. Each rule says how grave (axe-core 4.14).
_RUN = """
async ({ grave, own, contrast }) => {
  const wanted = ({ id, impact }) => grave.includes(impact) && (contrast || id !== "color-contrast")
  const rules = Object.fromEntries(
    axe._audit.rules.filter((rule) => !wanted(rule)).map(({ id }) => [id, { enabled: false }]))
  const found = await axe.run(document, { resultTypes: ["violations"], elementRef: true, rules })
  return found.violations
    .flatMap(({ id, nodes }) => nodes
      .filter(({ element }) => !(own[id] && element.matches(own[id])))
      .map(({ target, html, any, all, none }) => {
        const why = [...any, ...all, ...none].map(({ message }) => message).join("; ")
        return `${id}: ${target.flat().join(" >> ")} ${html.slice(0, 160)} (${why})`
      }))
}
"""


def violations(page: Page, *, contrast: bool = True) -> list[str]:
    """Every serious or critical violation, one line each: the rule, where, and what is wrong. No axe-core: skips.

    Waits for what our components draw, for what they fix in Streamlit's navigation, and for the end of a run that makes
    Streamlit show what is there in pale. `contrast`: whether it looks at colours as well, which takes half its time;
    `tests.browser.contrast` looks at more in a fifth of that.
    """
    if not SCRIPT.exists():
        pytest.skip("axe-core is not installed: `make test` brings it where there is npm")
    page.locator(".root").last.wait_for(state="attached")
    page.wait_for_function("() => !document.querySelector('[data-testid=stSidebarNavItems]:not([role])')")
    page.wait_for_function("() => !document.querySelector('[data-stale=true]')")
    if not page.evaluate("'axe' in window"):
        page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    own = {rule: selector for rule, (selector, _) in STREAMLITS_OWN.items()}
    found: list[str] = page.evaluate(_RUN, {"grave": GRAVE, "own": own, "contrast": contrast})
    return found
