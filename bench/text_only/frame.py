"""Two pages of text and nothing else, each with a button to the other: what a change of step is measured against."""

import streamlit as st

PARAGRAPHS = (
    "A Pod that calls AWS needs credentials. It could carry an access key, or borrow the role of the node it runs on.",
    "With a role for its ServiceAccount it has neither: Kubernetes signs a token, and STS takes that for credentials.",
    "The token says who the Pod is, which audience it was made for and when it expires. The role says who may use it.",
)


def draw(title: str, other: st.Page) -> None:
    """A title, some text, and the button."""
    st.title(title, anchor=False)
    for paragraph in PARAGRAPHS:
        st.markdown(paragraph)
    st.markdown(f"The end of {title}.")
    if st.button("Next", key="next", type="primary"):
        st.switch_page(other)


def one() -> None:
    """The first page."""
    draw("Page one", second)


def two() -> None:
    """The second page."""
    draw("Page two", first)


first = st.Page(one, title="Page one", default=True)
second = st.Page(two, title="Page two")
st.navigation([first, second]).run()
