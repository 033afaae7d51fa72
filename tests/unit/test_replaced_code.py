"""The functions of Streamlit, uvicorn, botocore and urllib3 that ours replace, extend or rely on: they are what they
were when ours were written. Where a new version has changed one, read it beside our module, and then write down its new
hash.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache, reduce
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("botocore", "streamlit", "urllib3", "uvicorn")
DEFINITION = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
READ = {
    "app/clients/aws/bounds.py": {
        "botocore.awsrequest": {"AWSConnection": "e401db613b8d"},
        "botocore.httpsession": {"URLLib3Session": "0c0c30f2192e"},
    },
    "app/clients/aws/sources.py": {
        "botocore.utils": {"ContainerMetadataFetcher": "7cab1f3fa5f5", "JSONFileCache": "d6992fdecaf2"},
    },
    "app/clients/aws/sdk.py": {
        "botocore.credentials": {"Credentials.get_frozen_credentials": "6625e4161fea"},
    },
    "app/clients/bounds.py": {
        "urllib3.connectionpool": {"HTTPConnectionPool.urlopen": "8b39b2598030"},
    },
    "app/clients/whole_answers.py": {
        "urllib3.connection": {"HTTPConnection.getresponse": "967779653683", "HTTPConnection.request": "4c2afdd97568"},
        "urllib3.response": {"HTTPResponse.data": "d13b68f73272", "HTTPResponse.stream": "55b655a6b164"},
    },
    "app/service_models.py": {
        "botocore.loaders": {"Loader": "9ba44d90b5aa"},
    },
    "app/commands/serve.py": {
        "uvicorn.server": {
            "Server.handle_exit": "7f4ef8a81b5e",
            "Server.shutdown": "e371d885220b",
            "Server.startup": "f48144d7ef7b",
        },
    },
    "app/world/servers/metered_connections.py": {
        "uvicorn.protocols.http.httptools_impl": {"HttpToolsProtocol": "ae3ad6c54108"},
        "uvicorn.protocols.websockets.websockets_sansio_impl": {"WebSocketsSansIOProtocol": "069193728e96"},
    },
    "app/world/servers/servers.py": {
        "uvicorn.server": {"Server.shutdown": "e371d885220b", "Server.startup": "f48144d7ef7b"},
    },
    "app/world/node/programs/aws_clients.py": {
        "botocore.credentials": {"Credentials.get_frozen_credentials": "6625e4161fea"},
    },
    "app/world/node/programs/node_time.py": {
        "botocore.auth": {"S3SigV4Auth": "230535c368b2", "SigV4Auth": "e6c271e12368"},
    },
    "app/world/node/programs/credential_chain.py": {
        "botocore.credentials": {
            "AssumeRoleWithWebIdentityProvider": "f8977b7bd2ee",
            "ContainerProvider": "8f1166e0d0f6",
            "RefreshableCredentials": "c67b6c73f43b",
        },
        "botocore.utils": {"IMDSFetcher": "87001c0de9da"},
    },
    "app/world/node/programs/instance_metadata.py": {
        "botocore.utils": {"IMDSFetcher": "87001c0de9da"},
    },
    "app/serving/transport/protocols.py": {
        "uvicorn.protocols.http.httptools_impl": {"HttpToolsProtocol": "ae3ad6c54108"},
        "uvicorn.protocols.websockets.websockets_sansio_impl": {"WebSocketsSansIOProtocol": "069193728e96"},
    },
    "app/serving/uploads.py": {
        "streamlit.runtime.memory_uploaded_file_manager": {"MemoryUploadedFileManager": "ff832d4134b5"},
    },
    "app/ui/state/runs/left_sessions.py": {
        "streamlit.runtime.session_manager": {"SessionStorage": "5fc987694ae1"},
        "streamlit.runtime.websocket_session_manager": {"WebsocketSessionManager.disconnect_session": "fc3160c8db83"},
    },
    "app/ui/state/runs/browser_messages.py": {
        "streamlit.runtime.scriptrunner_utils.script_requests": {"_coalesce_widget_states": "f7a61e9f1bfc"},
        "streamlit.runtime.state.session_state": {"WStates.__getitem__": "1756d60cb711"},
    },
    "app/ui/state/runs/clicks.py": {
        "streamlit.elements.widgets.button_group": {"_SingleSelectButtonGroupSerde": "7185c645195a"},
        "streamlit.elements.widgets.radio": {"RadioSerde": "3822f9814153"},
        "streamlit.elements.widgets.selectbox": {"SelectboxSerde": "b0a928be719a"},
        "streamlit.runtime.scriptrunner_utils.script_requests": {"_has_active_trigger_value": "a3b88d521106"},
    },
    "app/ui/state/runs/containers.py": {
        "streamlit.delta_generator": {"DeltaGenerator._block": "83fd6714cf7e"},
        "streamlit.elements.layouts": {"LayoutsMixin.container": "984c96606007"},
    },
    "app/ui/state/runs/script_threads.py": {
        "streamlit.runtime.app_session": {"_close_script_event_loop": "ea4e31d1b78f"}
    },
    "app/ui/state/runs/outgoing_messages.py": {
        "streamlit.runtime.forward_msg_queue": {
            "ForwardMsgQueue": "1fa1ec2dfad2",
            "_is_composable_message": "d3b197e08578",
            "_maybe_compose_delta_msgs": "15c7a8926804",
        },
        "streamlit.web.server.starlette.starlette_websocket": {
            "StarletteSessionClient": "83a7a701ea78",
            "create_websocket_handler": "03bf2c4e409b",
        },
    },
    "app/ui/state/runs/drawn_before.py": {
        "streamlit.delta_generator": {"DeltaGenerator._enqueue": "5247a2f7b490"},
        "streamlit.elements.lib.utils": {
            "_register_element_id": "723aeae9a311",
            "compute_and_register_element_id": "65ad1e409a73",
        },
        "streamlit.runtime.fragment": {"_fragment": "28d72bc56f18"},
        "streamlit.runtime.scriptrunner_utils.script_run_context": {"ScriptRunContext.enqueue": "8825b4ab4e38"},
        "streamlit.runtime.scriptrunner_utils.thread_safe_set": {"ThreadSafeSet": "a3bc525e0ca8"},
        "streamlit.runtime.state.safe_session_state": {"SafeSessionState.register_widget": "c1b2cf823cbf"},
    },
    "app/ui/state/runs/made_files.py": {
        "streamlit.runtime.media_file_manager": {
            "MediaFileManager.clear_session_refs": "72b06103fda9",
            "MediaFileManager.execute_deferred": "56c18164fe84",
            "MediaFileManager.remove_orphaned_files": "0806cf57aa82",
        },
    },
    "app/ui/state/runs/menu.py": {
        "streamlit.commands.navigation": {"_navigation": "d728618162b7"},
        "streamlit.runtime.pages_manager": {"PagesManager.set_pages_and_resolve": "753b8d8d1356"},
    },
    "app/ui/state/runs/runner.py": {
        "streamlit.runtime.scriptrunner.script_runner": {
            "ScriptRunner.__init__": "7100c2f7d50b",
            "ScriptRunner._enqueue_forward_msg": "10d7e987fa2f",
            "ScriptRunner._maybe_handle_execution_control_request": "f89282027623",
            "ScriptRunner._run_script": "f90c6015bb61",
            "ScriptRunner._run_script_thread": "c21d0cb9f35b",
            "ScriptRunner._set_execing_flag": "a4d52eecd4a4",
            "ScriptRunner.request_rerun": "2671ebf75065",
            "ScriptRunner.request_stop": "c7ad5fb9629d",
            "ScriptRunner.start": "2f4e9f8dee80",
        },
        "streamlit.runtime.scriptrunner_utils.script_requests": {"ScriptRequests": "52f957470330"},
    },
    "app/ui/state/runs/streamlit_shortcuts.py": {
        "streamlit.components.v2.presentation": {"make_bidi_component_presenter": "6ddbaff7b93a"},
        "streamlit.cursor": {"RunningCursor": "8adeb0ce0708"},
        "streamlit.delta_generator": {"DeltaGenerator.__init__": "4de9bb836fe6"},
        "streamlit.elements.lib.form_utils": {"FormData": "e81c73dc2a3a"},
        "streamlit.runtime.app_session": {
            "_populate_config_msg": "8a0bf8af278e",
            "_populate_theme_msg": "2aa5e522b615",
        },
        "streamlit.runtime.state.session_state": {
            "SessionState.__contains__": "bf9a3ab6ae0e",
            "SessionState.__getitem__": "c7b6469053fc",
            "SessionState.__iter__": "8625998da858",
            "SessionState._compact_state": "cac779c729ec",
            "SessionState._getitem": "92b0495af130",
            "SessionState._remove_stale_widgets": "e46d875e500b",
            "SessionState._reset_triggers": "f4961efe2eb8",
            "SessionState.register_widget": "9d8f54e5b8be",
            "KeyIdMapper": "8f72b92379af",
            "PersistedWidgetTracker": "bdf8f6f6e5d9",
        },
        "streamlit.runtime.state.presentation": {"apply_presenter": "b0ef07a716b3"},
        "streamlit.runtime.state.query_params_proxy": {"QueryParamsProxy.to_dict": "5483bb74cb6c"},
        "streamlit.runtime.state.session_state_proxy": {
            "SessionStateProxy.__getitem__": "be346ecce202",
            "SessionStateProxy.__setitem__": "5f57bb39243c",
            "get_session_state": "6e2b773c831a",
        },
        "streamlit.util": {"AttributeDictionary": "2128d9102622"},
    },
    "app/ui/state/runs/streamlit_sessions.py": {
        "streamlit.runtime.app_session": {
            "AppSession.__init__": "9dcb22acfbf6",
            "AppSession._call_soon_on_event_loop": "c09a3ad9b310",
            "AppSession._create_new_session_message": "528b0cd3911e",
            "AppSession._create_scriptrunner": "821da669a971",
            "AppSession._enqueue_forward_msg": "6622b3e7f7dc",
            "AppSession._handle_backend_operation_request": "b8e3b2918d81",
            "AppSession._handle_scriptrunner_event_on_event_loop": "e3d64263c005",
            "AppSession._handle_stop_script_request": "bf19ad5d4bdf",
            "AppSession._on_scriptrunner_event": "27390f1fb097",
            "AppSession.disconnect_file_watchers": "4a5a896bf81b",
            "AppSession.flush_browser_queue": "a7f22af6044a",
            "AppSession.handle_backmsg": "b1bd78ad1a0d",
            "AppSession.register_file_watchers": "59dcc6c2417a",
            "AppSession.request_rerun": "5026b3d9a895",
        },
        "streamlit.runtime.runtime": {
            "Runtime._loop_coroutine": "6721b6da1624",
            "Runtime._send_message": "1cc18dccb9ff",
        },
        "streamlit.runtime.websocket_session_manager": {"WebsocketSessionManager.connect_session": "eddc6b9f5852"},
    },
    "app/ui/state/runs/streamlit_start.py": {
        "streamlit.config": {"get_config_files": "3533213e0bae"},
        "streamlit.delta_generator": {"_maybe_print_use_warning": "c4a560dc5041"},
        "streamlit.components.v2.component_manager": {
            "BidiComponentManager.discover_and_register_components": "8a9d136467cd",
        },
        "streamlit.elements.lib.image_utils": {"image_to_url": "0d445f31f739"},
        "streamlit.string_util": {"extract_leading_emoji": "e3babfc61974"},
        "streamlit.web.server.starlette.starlette_auth_routes": {"create_auth_routes": "2e75ef7940dc"},
    },
}
"""By our module what it was written beside: their module, the name, and 12 digits of the SHA-256 of its text."""


@cache
def definitions(module: str) -> dict[str, str]:
    """The text of each function, class and method of a module, as its file has it: in this process ours may have
    replaced some."""
    package = find_spec(module.partition(".")[0])
    assert package is not None
    assert package.origin is not None
    text = (Path(package.origin).parents[1] / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    lines = text.splitlines()
    found = {}
    for outer in ast.parse(text).body:
        if isinstance(outer, DEFINITION):
            methods = [it for it in outer.body if isinstance(it, DEFINITION)]
            for name, each in ((outer.name, outer), *((f"{outer.name}.{it.name}", it) for it in methods)):
                found[name] = "\n".join(lines[each.lineno - 1 : each.end_lineno])
    return found


def test_what_ours_was_written_beside_is_what_it_was():
    changed = []
    for ours, modules in READ.items():
        for module, names in modules.items():
            for name, before in names.items():
                text = definitions(module).get(name, "")
                now = hashlib.sha256(text.encode()).hexdigest()[:12] if text else "gone"
                if now != before:
                    changed.append(f"{ours}: {module}.{name} is {now}")
    assert changed == []


def overridden(tree: ast.AST) -> Iterator[tuple[str, str, str]]:
    """The methods of theirs that the classes of a module of ours override: module, class and name of each."""
    imported = {
        alias.asname or alias.name: (node.module, [alias.name])
        if isinstance(node, ast.ImportFrom)
        else (alias.name, [])
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        for base in node.bases if isinstance(node, ast.ClassDef) else ():
            first, *more = ast.unparse(base).split(".")
            module, names = imported.get(first, ("", []))
            if module.partition(".")[0] in PACKAGES:
                own = {it.name for it in node.body if isinstance(it, DEFINITION)} - {"__init__"}
                for theirs in reduce(getattr, [*names, *more], import_module(module)).__mro__:
                    found = own & vars(theirs).keys() if theirs.__module__.partition(".")[0] in PACKAGES else set()
                    yield from ((theirs.__module__, theirs.__name__, name) for name in found)
                    own -= found


def test_what_ours_overrides_is_listed():
    missing = []
    for ours in Path("app").rglob("*.py"):
        text = ours.read_text(encoding="utf-8")
        if not any(f"import {name}" in text or f"from {name}" in text for name in PACKAGES):
            continue
        for module, owner, name in overridden(ast.parse(text)):
            if not {owner, f"{owner}.{name}"} & READ.get(str(ours), {}).get(module, {}).keys():
                missing.append(f"{ours}: {module}.{owner}.{name}")
    assert missing == []
