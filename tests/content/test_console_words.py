"""Every reason for which the console refuses a line has its words, and no words are left without a reason."""

import re
from pathlib import Path

import pytest

from app.content import LANGUAGES, load

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "app" / "console").rglob("*.py"))]
SOCKET = (ROOT / "app" / "serving" / "console_socket.py").read_text(encoding="utf-8")
REASONS = {
    *(code for text in (*SOURCES, SOCKET) for code in re.findall(r'LineRefused\(\s*"(\w+)"', text)),
    *(code for text in SOURCES for code in re.findall(r'"[\w-]+": "(\w+)",?', text) if code in {
        "needs_editor", "opens_port", "other_program", "kustomization", "other_server", "other_file", "no_profiles",
        "needs_terminal", "needs_pager", "needs_browser",
    }),
    *("stream", "operator", "writes_settings", "missing_kubectl", "missing_aws", "system"),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_reason_has_words_and_each_words_a_reason(language):
    written = {key.removeprefix("console.refused.") for key in load(language).messages if "console.refused." in key}
    assert written == REASONS


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_words_for_why_there_is_no_console(language):
    codes = set(re.findall(r'code="(console_\w+)"', SOCKET))
    assert len(codes) == 6
    assert {f"errors.{code}.title" for code in codes} <= set(load(language).messages)
