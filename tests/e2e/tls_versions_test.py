#!/usr/bin/env python3
"""Which versions of TLS a real service speaks, with a client that speaks one version only."""

import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest
import warnings

import harness

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
EMPTY_SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
SETTINGS = 4  # the type of the frame with which a server of HTTP/2 begins


def only(version, context):
    context.set_alpn_protocols(["h2"])
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that is why it is tried
        context.minimum_version = context.maximum_version = version
    return context


class TlsVersionsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="sv-tls-", dir="/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        subprocess.run([harness.ROOT / "deploy/certs", cls.place / "tls", "--server",
                        "server=localhost"], check=True, stdout=subprocess.DEVNULL)
        cls.service = harness.Service()
        cls.service.flags += [f"--listen.tls_certificate={cls.place}/tls/server.pem",
                              f"--listen.tls_key={cls.place}/tls/server.key"]
        cls.addClassCleanup(cls.service.remove)
        cls.service.start()

    def connect(self, plain, version):
        """Makes a plain connection one of this version of TLS, which may be old and weak."""
        self.addCleanup(plain.close)
        plain.settimeout(harness.PATIENCE)
        context = only(version, ssl.create_default_context(cafile=self.place / "tls/ca.pem"))
        connection = context.wrap_socket(plain, server_hostname="localhost")
        self.addCleanup(connection.close)
        return connection

    def connect_to_service(self, version):
        plain = socket.create_connection(("127.0.0.1", self.service.port),
                                         timeout=harness.PATIENCE)
        return self.connect(plain, version)

    def connect_to_one_that_speaks(self, version):
        """Shows that the client here can."""
        context = only(version, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        context.load_cert_chain(self.place / "tls/server.pem", self.place / "tls/server.key")
        here, there = socket.socketpair()
        there.settimeout(harness.PATIENCE)
        serving = threading.Thread(
            target=lambda: self.addCleanup(context.wrap_socket(there, server_side=True).close))
        serving.start()
        try:
            return self.connect(here, version)
        finally:
            serving.join()

    def test_tls_1_2_and_1_3_are_served(self):
        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            with self.subTest(name):
                connection = self.connect_to_service(version)
                self.assertEqual(connection.version(), name)
                self.assertEqual(connection.selected_alpn_protocol(), "h2")
                connection.sendall(PREFACE + EMPTY_SETTINGS)
                self.assertEqual(connection.recv(9)[3], SETTINGS)

    def test_older_versions_are_refused_by_the_service(self):
        for version, name in ((ssl.TLSVersion.TLSv1, "TLSv1"), (ssl.TLSVersion.TLSv1_1, "TLSv1.1")):
            with self.subTest(name):
                self.assertEqual(self.connect_to_one_that_speaks(version).version(), name)
                # gRPC hangs up without a word.
                with self.assertRaises((ssl.SSLZeroReturnError, ssl.SSLEOFError,
                                        ConnectionResetError)):
                    self.connect_to_service(version)
        harness.eventually(lambda: "handshake_failed reason=other" in self.service.log(),
                           "the service says so")


if __name__ == "__main__":
    unittest.main()
