"""Sources and outputs in a bucket, on an S3 server of this machine: the same files as on a disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from augkit.datasets import read
from augkit.errors import FileError
from augkit.expand import replay, verify
from augkit.storage.bucket import Bucket
from support.folders import done, fill, lines, outputs, tree

pytest.importorskip("s3fs", reason="buckets are not tested without s3fs")
server = pytest.importorskip("moto.server", reason="buckets are not tested without moto[server]")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # botocore's and moto's own


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    import fsspec  # type: ignore[import-untyped]

    running = server.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    port = running.get_host_and_port()[1]
    for name, value in {
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }.items():
        monkeypatch.setenv(name, value)
    fsspec.filesystem("s3").clear_instance_cache()
    files = fsspec.filesystem("s3", use_listings_cache=False)
    files.mkdir("bucket")
    yield files
    files.rm("bucket", recursive=True)
    fsspec.filesystem("s3").clear_instance_cache()
    running.stop()


def test_without_credentials_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import fsspec

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    fsspec.filesystem("s3").clear_instance_cache()
    with pytest.raises(FileError, match=r"s3://nobucket/x.*must be readable, got: .*credentials"):
        read("s3://nobucket/x")


def put_all(files: Any, folder: Path, url: str) -> None:
    for path in folder.rglob("*.*"):
        files.pipe_file(f"{url}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def got(files: Any, url: str) -> dict[str, bytes]:
    found = {path.removeprefix(f"{url}/"): files.cat_file(path) for path in files.find(url)}
    found.pop(".augkit/source.txt")
    return found


def test_in_and_out_of_a_bucket(bucket: Any, tmp_path: Path) -> None:
    src = fill(tmp_path / "src", 10)
    done(src, tmp_path / "here")
    put_all(bucket, src, "bucket/src")
    for workers in (0, 2):
        summary = done("s3://bucket/src", f"s3://bucket/out{workers}", workers=workers)  # type: ignore[arg-type]
        assert summary.written == 30
        assert got(bucket, f"bucket/out{workers}") == tree(tmp_path / "here")
        assert verify(f"s3://bucket/out{workers}").is_sound
    for entry in lines(tmp_path / "here")[::8]:
        made = replay("s3://bucket/out0", entry["id"])
        assert made.is_identical
        assert made.data == outputs(tmp_path / "here")[entry["id"]]
    bucket.rm_file(f"bucket/out0/{lines(tmp_path / 'here')[4]['id']}")
    assert verify("s3://bucket/out0").missing == (lines(tmp_path / "here")[4]["id"],)


@pytest.mark.parametrize("form", ["folder", "webdataset"])
def test_a_run_that_was_killed_is_made_whole(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    src = fill(tmp_path / "src")
    done(src, tmp_path / "here", form=form)
    real, puts = Bucket.put, 0

    class Death(BaseException):
        pass

    def dying(self: Bucket, id: str, spool: Any) -> None:
        nonlocal puts
        puts += 1
        if puts % 17 == 0:
            raise Death
        real(self, id, spool)

    monkeypatch.setattr(Bucket, "put", dying)
    deaths = 0
    while True:
        try:
            done(src, "s3://bucket/out", form=form)  # type: ignore[arg-type]
            break
        except Death:
            deaths += 1
    assert deaths >= 2
    assert got(bucket, "bucket/out") == tree(tmp_path / "here")


def test_parts_and_additions_in_a_bucket(bucket: Any, tmp_path: Path) -> None:
    src = fill(tmp_path / "src", 10)
    put_all(bucket, src, "bucket/src")
    options: dict[str, Any] = {"split": "train=0.7,val=0.3", "form": "webdataset"}
    for number in (2, 0, 1):
        summary = done("s3://bucket/src", "s3://bucket/out", shards=(number, 3), **options)  # type: ignore[arg-type]
    assert summary.is_complete
    done(src, tmp_path / "here", **options)
    assert got(bucket, "bucket/out") == tree(tmp_path / "here")
    for change in ({"copies": 5, "extend": True}, {"copies": 2, "fresh": True}):
        done("s3://bucket/src", "s3://bucket/out", **options, **change)  # type: ignore[arg-type]
        done(src, tmp_path / "here", **options, **change)
        assert got(bucket, "bucket/out") == tree(tmp_path / "here")
        assert verify("s3://bucket/out").is_sound


@pytest.mark.filterwarnings("ignore")  # Ray warns of files and of itself
def test_ray_works_from_a_bucket_into_it(bucket: Any, tmp_path: Path) -> None:
    ray = pytest.importorskip("ray", reason="the engine `ray` is not tested without Ray")
    src = fill(tmp_path / "src", 10)
    put_all(bucket, src, "bucket/src")
    done(src, tmp_path / "here")
    assert not ray.is_initialized()
    done("s3://bucket/src", "s3://bucket/out", workers=2, engine="ray")  # type: ignore[arg-type]
    assert got(bucket, "bucket/out") == tree(tmp_path / "here")
    assert not ray.is_initialized()
