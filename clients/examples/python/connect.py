"""A channel in plain text, or over TLS where SUPERVISION_TLS_CA names a PEM file."""

import os

import grpc


def read(variable):
    path = os.environ.get(variable)
    return open(path, "rb").read() if path else None


def channel(server, options):
    ca = read("SUPERVISION_TLS_CA")
    if ca is None:
        return grpc.insecure_channel(server, options=options)
    # With a certificate of its own, which may stand for a token.
    return grpc.secure_channel(server, grpc.ssl_channel_credentials(
        ca, read("SUPERVISION_TLS_KEY"), read("SUPERVISION_TLS_CERT")), options=options)
