"""Elements that were drawn before: what a browser gets is what Streamlit makes of them, and made once for all."""

import threading
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.errors import StreamlitDuplicateElementKey
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import ScriptRunContext, add_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import SCRIPT_RUN_CONTEXT_ATTR_NAME
from streamlit.runtime.state import SafeSessionState, SessionState

from app import server
from app.ui.state.runs import containers, drawn_before, menu
from app.ui.state.runs.drawn_before import again, drawn_once
from app.ui.state.runs.plain_arguments import Labels, plain

assert server.app, "it installs what is tested here"
pressed = []


def press(what=""):
    pressed.append(what)


@pytest.fixture
def made(monkeypatch):
    """The names of what Streamlit has made."""
    names = []
    monkeypatch.setattr(drawn_before, "_kept", type(drawn_before._kept)())

    def counted(name):
        def draw(*given, **named):
            names.append(name)
            return drawn_before._streamlits[name](*given, **named)

        draw.__name__ = name
        return drawn_once(draw)

    for name in drawn_before.ELEMENTS:
        monkeypatch.setattr(st, name, counted(name))
    return names


class Visitor:
    """A session whose runs draw what the test says."""

    def __init__(self):
        self.sent = []
        self.state = SafeSessionState(SessionState(), lambda: None)
        self.context = ScriptRunContext(
            session_id="one",
            _enqueue=self._hear,
            query_string="",
            session_state=self.state,
            uploaded_file_mgr=None,
            main_script_path="frame.py",
            user_info={},
            fragment_storage=MemoryFragmentStorage(),
            pages_manager=PagesManager("frame.py"),
        )

    def _hear(self, message):
        drawn_before.hear(message)
        self.sent.append(message)

    def run(self, draw, *clicked, page="page", query=""):
        """What `draw` returns, and the messages of that run."""
        self.sent = []
        states = WidgetStates(widgets=[WidgetState(**each) for each in clicked])
        add_script_run_ctx(threading.current_thread(), self.context)
        try:
            self.context.reset(query_string=query, page_script_hash=page)
            self.state.on_script_will_rerun(states)
            with self.context.run_with_active_hash(page):
                returned = draw()
            self.state.on_script_finished(self.context.shared.widget_ids_this_run.snapshot())
        finally:
            delattr(threading.current_thread(), SCRIPT_RUN_CONTEXT_ATTR_NAME)
        return returned, [message.SerializeToString(deterministic=True) for message in self.sent]


def button(label="Next", **named):
    return lambda: st.button(label, key="next", on_click=press, args=("next",), **named)


def choice():
    labels = Labels(((1, "story"), (2, "detail")))
    return st.segmented_control("Depth", [1, 2], key="depth", format_func=labels, required=True, on_change=press)


def page():
    """Some of each, in a place of their own."""
    st.html("<p>words</p>")
    with st.container(horizontal=True):
        st.caption("small")
        clicked = button()()
    st.title("Title", anchor=False)
    return clicked, choice()


def inside(draw):
    def drawn():
        with again():
            return draw()

    return drawn


def test_a_browser_gets_what_streamlit_makes_each_time(made):
    here, plain = Visitor(), Visitor()
    ids = {}
    for clicks in (
        (),
        (),
        ({"id": "button", "trigger_value": True},),
        (),
        ({"id": "button_group", "string_array_value": {"data": ["detail"]}},),
        (),
    ):
        known = [{**each, "id": ids[each["id"]]} for each in clicks]
        ours, streamlits = here.run(inside(page), *known), plain.run(page, *known)
        assert ours == streamlits, f"after {clicks}"
        ids = {
            kind: getattr(message.delta.new_element, kind).id
            for message in here.sent
            if (kind := message.delta.new_element.WhichOneof("type")) in ("button", "button_group")
        }
    assert ours[0] == (False, 2)
    assert pressed.count("next") == 2, "once for each of the two"


def test_what_was_drawn_before_is_made_once_for_all_visitors(made):
    for visitor in (Visitor(), Visitor()):
        for _ in range(2):
            visitor.run(inside(page))
    assert sorted(made) == ["button", "caption", "html", "segmented_control", "title"]


@st.fragment
def in_a_fragment():
    with again(), st.container(key="inner"):
        st.caption("small")


def test_a_container_is_what_streamlit_makes_each_time_and_made_once(made, monkeypatch):
    calls, make = [], containers._streamlits
    monkeypatch.setattr(containers, "_streamlits", lambda **options: calls.append(options) or make(**options))

    def draw():
        with st.container(key="outer", border=True):
            in_a_fragment()
            with st.container(horizontal=True):
                st.caption("beside")
        st.container().caption("below")

    here, plain = Visitor(), Visitor()
    for _ in range(3):
        assert here.run(inside(draw)) == plain.run(draw)
    first = [{"key": "outer", "border": True}, {}, {"key": "inner"}, {"horizontal": True}, {}]
    assert calls[:5] == first
    assert len(calls) == 5 + 3 * 4, "of Streamlit's own, all but the inner one, for which the fragment asks"


def fold():
    return st.expander("More", key="fold", on_change="rerun")


def rows():
    """Elements in containers, a widget whose value decides what is drawn, and a part within."""
    with st.container(key="row"):
        st.caption("small")
        if button()():
            st.html("<p>pressed</p>")
        drawn_before.part("fold", fold)
    st.html("<p>below</p>")


def with_rows():
    drawn_before.part(("rows", "ja"), rows)
    return choice()


def plainly():
    rows()
    return choice()


def test_a_part_is_what_streamlit_makes_each_time(made):
    here, plain = Visitor(), Visitor()
    for clicked in ("", "", "button", "", "expander", "", "button_group", ""):
        ids = {
            kind: widget.id
            for message in here.sent
            for kind, widget in (
                ("button", message.delta.new_element.button),
                ("button_group", message.delta.new_element.button_group),
                ("expander", message.delta.add_block),
            )
            if widget.id
        }
        value = {
            "button": {"trigger_value": True},
            "button_group": {"string_array_value": {"data": ["detail"]}},
            "expander": {"bool_value": True},
        }
        clicks = [{"id": ids[clicked], **value[clicked]}] if clicked else []
        assert here.run(inside(with_rows), *clicks) == plain.run(plainly, *clicks), f"after {clicked}"


def test_a_part_is_made_once_for_all_visitors(made):
    calls = []

    def counted():
        calls.append(1)
        rows()

    def draw(language):
        drawn_before.part(("rows", language), counted)

    for visitor in (Visitor(), Visitor()):
        for _ in range(2):
            visitor.run(inside(lambda: draw("ja")))
    assert len(calls) == 1
    visitor.run(inside(lambda: draw("en")))
    assert len(calls) == 2
    visitor.run(inside(lambda: draw("en")), query="depth=3")  # its links repeat it
    assert len(calls) == 3


def test_a_part_with_a_secret_in_it_is_kept_nowhere(made):
    def draw():
        with drawn_before.secretly():
            st.html("<p>a signature</p>")
        st.html("<p>words</p>")

    Visitor().run(inside(lambda: drawn_before.part("outer", lambda: drawn_before.part("inner", draw))))
    assert "a signature" not in str(drawn_before._kept)
    assert "words" in str(drawn_before._kept)


def test_a_part_that_calls_a_function_of_one_run_is_kept_nowhere(made):
    called = []

    def draw(reader):
        st.button("Answer", key="answer", on_click=lambda: called.append(reader))

    one, other = Visitor(), Visitor()
    for visitor, reader in ((one, "one"), (other, "other")):
        visitor.run(inside(lambda reader=reader: drawn_before.part("answer", lambda: draw(reader))))
    pressed = {"id": other.sent[-1].delta.new_element.button.id, "trigger_value": True}
    other.run(inside(lambda: drawn_before.part("answer", lambda: draw("other"))), pressed)
    assert called == ["other"]


def test_a_part_is_refused_where_another_element_has_a_key_of_it(made):
    visitor = Visitor()
    visitor.run(inside(with_rows))

    def twice():
        st.container(key="row")
        with_rows()

    with pytest.raises(StreamlitDuplicateElementKey):
        visitor.run(inside(twice))


@pytest.mark.parametrize(
    ("draw", "page_hash"),
    [
        (button("Back"), "page"),
        (button(type="primary"), "page"),
        (button(), "another page"),
        (lambda: (st.empty(), button()()), "page"),
    ],
    ids=["label", "argument", "page", "place"],
)
def test_what_differs_is_made(made, draw, page_hash):
    visitor = Visitor()
    visitor.run(inside(button()))
    _, sent = visitor.run(inside(draw), page=page_hash)
    assert made == ["button", "button"]
    assert sent == Visitor().run(draw, page=page_hash)[1]


def test_what_is_drawn_outside_is_kept_nowhere(made):
    visitor = Visitor()
    for _ in range(2):
        visitor.run(button())
    assert (made, len(drawn_before._kept)) == (["button", "button"], 0)


def test_a_secret_is_kept_nowhere(made):
    def draw():
        with drawn_before.secretly():
            st.html("<p>a signature</p>")
        st.html("<p>words</p>")

    Visitor().run(inside(draw))
    assert "a signature" not in str(drawn_before._kept)
    assert "words" in str(drawn_before._kept)


def test_what_cannot_be_compared_is_made_each_time(made):
    visitor = Visitor()
    for walk in (object(), object()):
        visitor.run(inside(lambda walk=walk: st.button("Answer", key="answer", on_click=press, args=(walk,))))
        visitor.run(inside(lambda: st.button("Answer", key="answer", on_click=lambda: None)))
    assert (len(made), len(drawn_before._kept)) == (4, 0)


def test_two_elements_of_one_key_are_refused_as_always(made):
    visitor = Visitor()
    visitor.run(inside(button()))

    def twice():
        button()()
        button()()

    with pytest.raises(StreamlitDuplicateElementKey):
        visitor.run(inside(twice))


def test_no_more_is_kept_than_there_is_room_for(made, monkeypatch):
    monkeypatch.setattr(drawn_before, "LIMIT", 2)
    visitor = Visitor()
    for text in ("a", "b", "a", "c", "a", "b", "x" * drawn_before.LONGEST, "x" * drawn_before.LONGEST):
        visitor.run(inside(lambda text=text: st.html(text)))
    assert len(made) == 6, "the one that was drawn least lately went, and a long one is never kept"
    assert len(drawn_before._kept) == 2


def test_a_menu_is_made_once_for_all_who_see_the_same(monkeypatch):
    monkeypatch.setattr(menu, "_kept", {})
    asked = []

    def pages():
        asked.append(1)
        return {"Section": [st.Page(lambda: None, title=name, url_path=name, default=name == "a") for name in "abc"]}

    def chosen():
        found = menu.choose("ja", pages)
        return found.url_path, found._can_be_called, found.title

    for visitor in (Visitor(), Visitor()):
        sent = []
        for wanted in ("", "b", "c"):
            visitor.context.pages_manager.set_script_intent("", wanted)
            returned, messages = visitor.run(chosen)
            sent += messages
            assert returned == (wanted, True, wanted or "a")
            assert len(visitor.context.pages_manager.get_pages()) == 3
        assert len({visitor.sent[0].navigation.page_script_hash, visitor.context.page_script_hash}) == 1
    assert (len(asked), len(sent)) == (1, 3)


def test_labels_name_the_options():
    assert [Labels(((1, "one"), ("two", "2")))(option) for option in (1, "two")] == ["one", "2"]
    assert SimpleNamespace(labels=Labels(((1, "one"),))) == SimpleNamespace(labels=Labels(((1, "one"),)))


def test_what_draws_another_thing_is_another_argument():
    apart = [True, 1, 1.0, "1", None, {"a": 1}, [["a", 1]], [], {}]
    assert len({*map(plain, apart)}) == len(apart)
    assert plain({"a": [1, "b"]}) == plain({"a": (1, "b")}), "a list is sent as a tuple is"


def test_a_page_that_there_is_not_is_for_streamlit_to_say(monkeypatch):
    monkeypatch.setattr(menu, "_kept", {})
    visitor = Visitor()

    def chosen():
        page = [st.Page(lambda: None, title="a", url_path="a", default=True)]
        return menu.choose("ja", lambda: {"Section": page}).title

    for wanted, said in (("", ["navigation"]), ("nowhere", ["page_not_found", "navigation"])):
        visitor.context.pages_manager.set_script_intent("", wanted)
        visitor.run(chosen)
        assert [message.WhichOneof("type") for message in visitor.sent] == said
