"""Addresses without secrets, and where they would stand: messages, books, settings, reports, models."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from augkit.addresses import shown_address, without_secrets
from augkit.errors import FileError
from augkit.screen_text import printable
from augkit.storage.root import Url

SECRET = "hunter2"
ADDRESSES = [
    f"http://ann:{SECRET}@host/photos",
    f"https://{SECRET}@host/photos.zip",
    f"https://host:8080/a.zip?X-Amz-Signature={SECRET}&X-Amz-Expires=60",
    f"https://host/a.zip?{SECRET}",
    f"https://host/a.zip#access_token={SECRET}",
    f"https://account.blob.core.windows.net/box/a.zip?sv=2021&sig={SECRET}%3D",
    f"s3://KEY:ab/{SECRET}+c@bucket/photos",
    f"s3://KEY:{SECRET}@bucket/photos?versionId={SECRET}",
    f"ftp://ann:{SECRET}@host:21/photos",
    f"zip://a.jpg::https://ann:{SECRET}@host/b.zip?token={SECRET}",
    f"simplecache::ftp://ann:{SECRET}@host/b.zip",
    f"HTTP://ann:p?{SECRET}@host/x",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_secrets_of_addresses_are_in_no_message(address: str) -> None:
    for text in (address, f"{address}: is gone.", f"got <{address}>", f"('{address}', 3)", f"at {address}, {address}."):
        told = without_secrets(text)
        assert SECRET not in told
        assert "host" in told or "bucket" in told or "account" in told
        assert SECRET not in printable(text)
    fault = FileError(f"cannot be read: 403 for {address}.", address)
    assert SECRET not in str(fault) + fault.message + fault.where + repr(fault)
    assert SECRET not in str(Url(address)) + repr(Url(address)) + shown_address(address)


KEPT = ["s3://bucket/a?.jpg", "abfs://box@account.dfs.core.windows.net/x", "sftp://ann@host/x", "file:///a/b@c"]
KEPT += ["http://host:8080/a@b/c.zip", "http://[::1]:80/a@b", "gs://bucket/x y", "C:\\a\\b", "memory://x", "see a://b."]
KEPT += ["a@b:c/d", "?", ""]


@pytest.mark.parametrize("address", KEPT)
def test_what_is_no_secret_stays(address: str) -> None:
    assert without_secrets(address) == shown_address(address) == address


@given(st.text())
def test_texts_without_addresses_stay_and_what_is_left_is_left_again(text: str) -> None:
    told = without_secrets(text)
    assert without_secrets(told) == told
    if "://" not in text:
        assert told == text
