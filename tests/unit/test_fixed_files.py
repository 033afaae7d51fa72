"""Scripts and the style sheet at addresses that hold the hash of what is there: kept for a year, and no other hash."""

import re

import pytest

from app.locations import ASSETS
from app.ui.draw.browser_files import PREFIX, BrowserFiles, browser_files, streamlits
from app.ui.frame import first_picture
from tests.unit.whole_server import ask

BLOCK = browser_files.address("block")


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_browser_keeps_a_script_for_a_year_and_never_asks_again(encoding):
    answer = ask(BLOCK, **{"accept-encoding": encoding})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers.get("content-encoding", "identity") == encoding
    assert answer.text.endswith((ASSETS / "scripts" / "block.js").read_text(encoding="utf-8"))
    assert "set-cookie" not in answer.headers  # what may be kept for all is nothing of one reader's


@pytest.mark.parametrize("encoding", ["gzip, br", "identity"])
@pytest.mark.parametrize("kind", ["js", "css"])
def test_streamlits_own_scripts_and_sheets_go_packed_and_are_kept_as_well(kind, encoding):
    path, file = next(it for it in streamlits().items() if it[0].endswith(kind))
    for _ in range(2):  # packed, and as it was packed
        answer = ask(path, **{"accept-encoding": encoding})
        assert (answer.status_code, answer.content) == (200, file.read_bytes())
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers.get("content-encoding", "identity") in encoding
        assert answer.headers["content-type"].startswith({"js": "text/javascript", "css": "text/css"}[kind])


@pytest.mark.parametrize("path", ["/static/js/", "/static/js/none.js", "/static/css/%2e%2e/%2e%2e/index.html"])
def test_what_streamlit_does_not_have_is_not_found(path):
    assert ask(path).status_code == 404


def test_it_has_the_headers_of_everything_else():
    answer = ask(BLOCK)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        BLOCK.replace(".js", "0.js"),
        re.sub(r"\.[0-9a-f]+\.", f".{'0' * 20}.", BLOCK),
        re.sub(r"\.[0-9a-f]+\.", ".", BLOCK),
        PREFIX,
        f"{PREFIX}%2e%2e/frame.css",
    ],
)
def test_another_hash_is_not_found_and_that_is_not_kept(path):
    answer = ask(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


@pytest.mark.parametrize("refused", [{"host": "evil.example"}, {"origin": "http://evil.example"}])
def test_who_may_not_ask_for_a_page_may_not_ask_for_a_script(refused):
    assert ask(BLOCK, **refused).status_code in (403, 421)


def test_a_script_is_only_read():
    assert ask(BLOCK, "HEAD").status_code == 200
    assert ask(BLOCK, "POST").status_code == 405


def test_what_a_page_loads_at_once_is_there():
    links = re.findall(r'(?:href|src)="([^"]+)"', first_picture.head() + browser_files.in_page)
    assert {BLOCK, *first_picture.files()} <= set(links)
    assert [ask(link).status_code for link in links] == [200] * len(links)


def test_every_script_needs_the_style_sheet_before_it_draws():
    sheet = browser_files.address("styles").removeprefix(PREFIX)
    for path, text in browser_files.files.items():
        assert sheet in path or text.startswith(f'import "./{sheet}"\n')
    assert browser_files.files[PREFIX + sheet].count("--line") > 1


@pytest.fixture
def copied(tmp_path):
    """Assets of one's own: a component that is a file, one that is a folder, and a style sheet."""

    def written(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_css", ".css").replace("_js", ".js")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        found = BrowserFiles(tmp_path)
        return {name: (found.address(name), found.files[found.address(name)]) for name in ("styles", "one", "many")}

    return lambda **changed: written(
        **{
            "frame_css": "", "styles__b_css": ".b {}", "styles__base_css": ".base {}", "scripts__styles_js": "S;",
            "scripts__shared_js": "shared;", "scripts__one_js": "one;", "scripts__many__a_js": "a;",
            "scripts__many__b_js": "b;", **changed,
        }
    )  # fmt: skip


def test_a_folder_is_one_script_in_the_order_of_its_names(copied):
    made = copied()
    assert made["many"][1].endswith("\nshared;a;b;")
    assert made["one"][1].endswith("\nshared;one;")
    assert '".base {}.b {}"' in made["styles"][1]


def test_another_content_is_another_address(copied):
    before, script, sheet = copied(), copied(scripts__one_js="two;"), copied(styles__b_css=".c {}")
    changed = lambda after: {name for name in before if before[name][0] != after[name][0]}  # noqa: E731
    assert changed(script) == {"one"}
    assert changed(sheet) == {"styles", "one", "many"}  # they import it by its address


def test_the_presenter_is_built_on_the_map_and_is_one_module():
    script = browser_files.script("presenter")
    assert script.count("export default ") == 1
    assert "const filmMap = " in script
    assert "export default " in browser_files.script("map")
