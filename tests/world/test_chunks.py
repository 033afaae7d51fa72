"""Lists in chunks: `limit` and `continue`."""

import pytest

from tests.world.kubernetes_world import CONFIGMAPS

pytestmark = pytest.mark.one_world
NAMES = [f"c-{number}" for number in range(5)]


@pytest.fixture
def many(api):
    for name in NAMES:
        api.post(CONFIGMAPS, {"metadata": {"name": name, "labels": {"of": "many"}}})


def names(answer):
    return [item["metadata"]["name"] for item in answer.body["items"]]


def test_the_chunks_of_a_list_are_of_one_moment(api, many):
    first = api.get(CONFIGMAPS, limit="2")
    assert (names(first), first.body["metadata"]["remainingItemCount"]) == (NAMES[:2], 4)
    api.delete(f"{CONFIGMAPS}/c-3")
    api.post(CONFIGMAPS, {"metadata": {"name": "c-22"}})
    second = api.get(CONFIGMAPS, limit="10", **{"continue": first.body["metadata"]["continue"]})
    assert names(second) == [*NAMES[2:], "kube-root-ca.crt"]
    assert second.body["metadata"] == {"resourceVersion": first.body["metadata"]["resourceVersion"]}


def test_selectors_tables_and_a_limit_that_is_not_reached(api, many):
    selected = api.get(CONFIGMAPS, limit="3", labelSelector="of=many").body["metadata"]
    assert "continue" in selected
    assert "remainingItemCount" not in selected
    table = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    page = api.get(CONFIGMAPS, headers=table, limit="1").body
    assert (len(page["rows"]), page["metadata"]["remainingItemCount"]) == (1, 5)
    assert "continue" not in api.get(CONFIGMAPS, limit="6").body["metadata"]


def test_a_token_that_is_no_longer_known_is_gone(api, many, world):
    token = api.get(CONFIGMAPS, limit="2").body["metadata"]["continue"]
    world.cluster.changes._history.clear()
    api.post(CONFIGMAPS, {"metadata": {"name": "later"}})
    api.post(CONFIGMAPS, {"metadata": {"name": "later-still"}})
    world.cluster.changes._history.popleft()
    answer = api.get(CONFIGMAPS, **{"continue": token})
    assert (answer.status, answer.body["reason"]) == (410, "Expired")


@pytest.mark.parametrize("token", ["x", "e30", "bnVsbA", "W10", "\u3042", "A" * 5000])
def test_a_token_that_is_none(api, token):
    answer = api.get(CONFIGMAPS, **{"continue": token})
    assert (answer.status, answer.body["message"]) == (400, "continue key is not valid: invalid continue token")
