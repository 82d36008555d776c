import socket
import threading
import time

import pytest

from errors import UserError
from serving.safe_fetch import FetchLimits, fetch, judged_addresses
from tests.fakes.http_server import content, redirect, serve

HERE = ("127.0.0.0/8",)


def limits(port, **changes):
    facts = {"size_bytes": 1000, "time_s": 5.0, "ports": (port,), "private_networks": HERE} | changes
    return FetchLimits(**facts)


def test_a_file_and_its_name(tmp_path):
    with serve({"/a/scene%20one.zip": content(b"x" * 1000)}) as (port, asked):
        name = fetch(f"http://127.0.0.1:{port}/a/scene%20one.zip?token=1", tmp_path / "f", limits(port))
    assert (name, (tmp_path / "f").read_bytes()) == ("scene one.zip", b"x" * 1000)
    assert asked == [f"127.0.0.1:{port} /a/scene%20one.zip?token=1"]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "10.1.2.3", "192.168.0.1",
     "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "[fe80::1]",
     "[fec0::1]", "[fd00::1]", "[ff02::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::]", "[::127.0.0.1]"],
)  # fmt: skip
def test_only_public_addresses(tmp_path, host):
    with serve({"/": content(b"secret")}) as (port, asked):
        with pytest.raises(UserError, match=r"not a public address|there is no host"):
            fetch(f"http://{host}:{port}/", tmp_path / "f", limits(port, private_networks=()))
        assert asked == []
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_public_addresses_pass(address):
    assert judged_addresses(address, 80, FetchLimits(1, 1)) == [address]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("file:///etc/passwd", "found 'file:'"),
        ("ftp://example.org/a", "found 'ftp:'"),
        ("http:///a", "expected http"),
        ("http://user:word@example.org/a", "user name"),
        ("http://example.org:22/a", "found port 22"),
        ("http://example.org/a b", "spaces"),
        ("http://example.org/a\r\nX: y", "control"),
        ("http://[::1/a", "not a URL"),
        ("http://example.org:99999/", "not a URL"),
        ("http://no-such-host.invalid/a", "no host 'no-such-host.invalid'"),
    ],
)
def test_only_urls_of_the_web(tmp_path, url, sentence):
    with pytest.raises(UserError, match=sentence):
        fetch(url, tmp_path / "f", FetchLimits(10, 5))


def test_a_redirect_is_judged_too(tmp_path):
    with serve({"/secret": content(b"secret")}, address="127.0.0.2") as (inner, asked):
        pages = {"/": redirect(f"http://127.0.0.2:{inner}/secret"), "/file": redirect("file:///etc/passwd")}
        with serve(pages) as (port, _):
            allowed = limits(port, ports=(port, inner), private_networks=("127.0.0.1/32",))
            with pytest.raises(UserError, match="not a public address"):
                fetch(f"http://127.0.0.1:{port}/", tmp_path / "f", allowed)
            with pytest.raises(UserError, match="found 'file:'"):
                fetch(f"http://127.0.0.1:{port}/file", tmp_path / "f", allowed)
        assert asked == []


def test_redirects_are_followed_and_counted(tmp_path):
    pages = {
        "/1": redirect("/2", 301),
        "/2": redirect("3", 308),
        "/3": content(b"here"),
        "/o": redirect("/o"),
    }
    with serve(pages) as (port, _):
        assert fetch(f"http://127.0.0.1:{port}/1", tmp_path / "f", limits(port)) == "3"
        with pytest.raises(UserError, match="more than 5 redirects"):
            fetch(f"http://127.0.0.1:{port}/o", tmp_path / "g", limits(port))
    assert (tmp_path / "f").read_bytes() == b"here"


def test_a_name_is_resolved_once_and_the_judged_address_is_reached(tmp_path, monkeypatch):
    resolve, answers = socket.getaddrinfo, iter(["127.0.0.1", "127.0.0.2"])

    def rebinding(host, *arguments, **options):
        return resolve(next(answers) if host == "rebinding.test" else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with serve({"/": content(b"here")}) as (port, asked):
        allowed = limits(port, private_networks=("127.0.0.1/32",))
        fetch(f"http://rebinding.test:{port}/", tmp_path / "f", allowed)
        assert asked == [f"rebinding.test:{port} /"]
    assert next(answers) == "127.0.0.2"


@pytest.mark.parametrize("length", [None, 10])
def test_too_much_is_cut_off(tmp_path, length):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"x" * 5000)

    page = endless if length is None else content(b"x" * 5000)
    with serve({"/": page}) as (port, _), pytest.raises(UserError, match="expected at most"):
        fetch(f"http://127.0.0.1:{port}/", tmp_path / "f", limits(port))
    assert not (tmp_path / "f").exists()


def test_a_file_that_breaks_off_is_not_kept(tmp_path):
    broken = content(b"x" * 10, length=500)
    with serve({"/": broken}) as (port, _), pytest.raises(UserError, match="did not answer as expected"):
        fetch(f"http://127.0.0.1:{port}/", tmp_path / "f", limits(port))
    assert not (tmp_path / "f").exists()


def test_a_server_that_drips_is_hung_up_on(tmp_path):
    stop = threading.Event()

    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "900")
        handler.end_headers()
        while not stop.wait(0.05):
            handler.wfile.write(b"x")

    with serve({"/": drip}) as (port, _):
        started = time.monotonic()
        with pytest.raises(UserError, match="not loaded within"):
            fetch(f"http://127.0.0.1:{port}/", tmp_path / "f", limits(port, time_s=0.4))
        stop.set()
    assert time.monotonic() - started < 3
    assert not (tmp_path / "f").exists()


def test_an_error_of_the_server_is_told(tmp_path):
    with serve({}) as (port, _), pytest.raises(UserError, match="answered 404"):
        fetch(f"http://127.0.0.1:{port}/a", tmp_path / "f", limits(port))


def test_proxies_of_the_environment_are_not_asked(tmp_path, monkeypatch):
    with serve({"/": content(b"proxy")}) as (proxy, asked), serve({"/": content(b"here")}) as (port, _):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy}")
        fetch(f"http://127.0.0.1:{port}/", tmp_path / "f", limits(port))
        assert asked == []


def test_https_is_verified(tmp_path, monkeypatch):
    certificate = self_signed(tmp_path / "both.pem")
    with serve({"/": content(b"here")}, certificate=certificate) as (port, _):
        with pytest.raises(UserError, match="SSLCertVerificationError"):
            fetch(
                f"https://localhost:{port}/",
                tmp_path / "f",
                limits(port, private_networks=[*HERE, "::1/128"]),
            )
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        fetch(f"https://localhost:{port}/", tmp_path / "f", limits(port, private_networks=[*HERE, "::1/128"]))
        with pytest.raises(UserError, match="SSLCertVerificationError"):
            fetch(f"https://127.0.0.1:{port}/", tmp_path / "g", limits(port))
    assert (tmp_path / "f").read_bytes() == b"here"


def self_signed(path):
    """Key and certificate of `localhost`."""
    x509 = pytest.importorskip("cryptography.x509")
    from datetime import UTC, datetime, timedelta

    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
