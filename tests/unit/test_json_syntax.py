"""Go's words for what is no JSON, as kube-apiserver 1.20 answered to a JSON patch with these bodies."""

import json

import pytest

from app.world.apiserver.types.json_syntax import SCANNED, syntax_error

RECORDED = [
    (b"{bad", "invalid character 'b' looking for beginning of object key string"),
    (b"", "unexpected end of JSON input"),
    (b"{", "unexpected end of JSON input"),
    (b"{}x", "invalid character 'x' after top-level value"),
    (b'{"a":}', "invalid character '}' looking for beginning of value"),
    (b"[", "unexpected end of JSON input"),
    (b"x", "invalid character 'x' looking for beginning of value"),
    (b'"x"', ""),
    (b"1", ""),
    (b"[]", ""),
    (b"null", ""),
    (b'{"a":1,}', "invalid character '}' looking for beginning of object key string"),
    (b"{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
    (b'{"a" 1}', "invalid character '1' after object key"),
    (b'{"a":tru}', "invalid character '}' in literal true (expecting 'e')"),
    (b'{"a":"\n"}', "invalid character '\\n' in string literal"),
    (b"[1]", ""),
    (b'{"metadata":"x"}', ""),
    (b'{"a":1}{', "invalid character '{' after top-level value"),
    (b'{"a":1.}', "invalid character '}' after decimal point in numeric literal"),
    (b"\xff", "invalid character 'ÿ' looking for beginning of value"),
    (b'{"a":01}', "invalid character '1' after object key:value pair"),
    (b"NaN", "invalid character 'N' looking for beginning of value"),
    (b'{"a":"\\q"}', "invalid character 'q' in string escape code"),
    (b"[1 2]", "invalid character '2' after array element"),
    (b"-", "invalid character ' ' in numeric literal"),
    (b'{"a":-x}', "invalid character 'x' in numeric literal"),
    (b" {bad", "invalid character 'b' looking for beginning of object key string"),
    (b'{"a":1e}', "invalid character '}' in exponent of numeric literal"),
    (b'"abc', "unexpected end of JSON input"),
    (b'{"a', "unexpected end of JSON input"),
    (b"nul", "invalid character ' ' in literal null (expecting 'l')"),
    (b'{"a":"x"', "unexpected end of JSON input"),
    (b"[1,]", "invalid character ']' looking for beginning of value"),
    (b"{,}", "invalid character ',' looking for beginning of object key string"),
    (b'{"a":{"b":2]}', "invalid character ']' after object key:value pair"),
    (b'{"a":\x01}', "invalid character '\\x01' looking for beginning of value"),
    (b'{"a":"\\u12x4"}', "invalid character 'x' in \\u hexadecimal character escape"),
    (b"{\xc3\xa9:1}", "invalid character 'Ã' looking for beginning of object key string"),
]


@pytest.mark.parametrize(("raw", "said"), RECORDED)
def test_the_words_are_those_of_a_real_server(raw, said):
    assert syntax_error(raw) == said


@pytest.mark.parametrize(
    "value", [{}, [], [[]], {"a": [{"b": {}}, 1.5e-3, -0, True, None, 'é\n\\"\u2028']}, "x", [{}, {"": ""}]]
)
@pytest.mark.parametrize("indent", [None, 2])
def test_nothing_is_wrong_in_json(value, indent):
    text = json.dumps(value, indent=indent)
    assert syntax_error(text.encode()) == ""
    assert not [at for at in range(1, len(text)) if text[0] in '{["' and not syntax_error(text[:at].encode())]


def test_what_is_deep_or_long_costs_no_time():
    assert syntax_error(b"[" * SCANNED) == "unexpected end of JSON input"
    assert syntax_error(b"[" * (SCANNED + 1)) == ""
