import pytest

from annotation.front_door import new_token

PATHS = [
    "/api/session",
    "/api/patches/0",
    "/api/patches/0/layers/mask",
    "/api/patches/0/layers/rgb",
    "/api/alive",
]


def test_tokens_are_long_and_never_the_same():
    tokens = {new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 43  # 256 bits


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", ["", "a-token-of-a-tes", "a-token-of-a-testt", "A-token-of-a-test", "\xe4"])
def test_nothing_is_told_without_the_token(served, path, token):
    answer = served.ask("GET", path, headers={"X-Nadir-Token": token})
    assert answer.status == 401
    assert "token" in answer.message


def test_nothing_is_saved_without_the_token(served, queries):
    answer = served.ask("PUT", "/api/patches/0/mask", bytes(40 * 48), {"X-Nadir-Token": "another"})
    assert answer.status == 401
    assert list((queries.path / "edited").iterdir()) == []


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::1]", "0.0.0.0"]
)
@pytest.mark.parametrize("path", ["/", "/api/session"])
def test_other_hosts_are_refused(served, host, path):
    assert served.ask("GET", path, headers={"Host": host}).status == 403


@pytest.mark.parametrize("host", ["127.0.0.1:1234", "localhost", "LOCALHOST:80"])
def test_this_machine_by_any_port(served, host):
    assert served.ask("GET", "/api/session", headers={"Host": host}).status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"])
def test_other_origins_are_refused(served, origin):
    assert served.ask("GET", "/api/session", headers={"Origin": origin}).status == 403


def test_its_own_origin_is_let_in(served):
    headers = {"Host": f"127.0.0.1:{served.port}", "Origin": f"http://127.0.0.1:{served.port}"}
    assert served.ask("GET", "/api/session", headers=headers).status == 200


@pytest.mark.parametrize("path", ["/", "/main.js", "/api/session", "/nowhere", "/api/patches/99"])
def test_every_answer_forbids_framing_sniffing_and_foreign_resources(served, path):
    headers = served.ask("GET", path).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Access-Control-Allow-Origin" not in headers


def test_pages_elsewhere_may_not_even_ask(served):
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "PUT"}
    assert served.ask("OPTIONS", "/api/patches/0/mask", headers=headers).status == 403
