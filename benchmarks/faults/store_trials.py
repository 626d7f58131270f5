"""Trials in a store: a job from a bucket into it while the store fails, then the same command undisturbed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augkit.expand.expand_config import ExpandConfig
from benchmarks.faults.forks import Forks
from benchmarks.faults.jobs import SMALL
from benchmarks.faults.schedules import Outage, complaints, unlike
from benchmarks.faults.store_proxy import StoreProxy, StoreRule, credentials, drawn, store_proxy

FORMS = ("folder", "webdataset", "parquet", "coco")
ONCE = {"AWS_MAX_ATTEMPTS": "1"}  # botocore's own; s3fs tries five times, too
LIMIT_S = 180.0


@dataclass(frozen=True)
class StoreBench:
    """A bucket behind a proxy, with a data set in ``src``.

    Args:
        proxy: before the store.
        files: the store, as fsspec has it, reached around the faults.
        work: a folder.
        forks: runs commands.
        pipeline: a file.
    """

    proxy: StoreProxy
    files: Any
    work: Path
    forks: Forks
    pipeline: Path

    def words(self, out: str, form: str) -> list[str]:
        """Return a command that expands ``src``."""
        source = "s3://bucket/boxes/boxes.jsonl" if form == "coco" else "s3://bucket/src"
        how = ("--pipeline", str(self.pipeline), "--copies", "2", "--workers", "0", "--format", form)
        return ["expand", source, f"s3://bucket/{out}", *how]

    def tree(self, out: str) -> dict[str, bytes]:
        """Return the files of an output."""
        found = {path: self.files.cat_file(path) for path in self.files.find(f"bucket/{out}")}
        files = {path.removeprefix(f"bucket/{out}/"): data for path, data in found.items()}
        return {path: data for path, data in files.items() if path != ".augkit/source.txt"}

    def prepare(self, form: str) -> int:
        """Do a job undisturbed; return how many requests it makes."""
        self.proxy.arm()
        ended = self.forks.run(*self.words(f"whole-{form}", form), cwd=self.work, timeout_s=LIMIT_S)
        if ended.code:
            raise RuntimeError(f"{form}: must end well undisturbed, got {ended.code}: {ended.text}")
        return len(self.proxy.requests)

    def trial(self, form: str, rules: Sequence[Sequence[StoreRule]], name: str, wait: float) -> tuple[list[str], int]:
        """Disturb a job once for each set of rules, then not; return what was wrong, and how much was struck."""
        wrong, struck, code = list[str](), 0, 1
        words = self.words(name, form)
        for some in rules:
            self.proxy.arm(some)
            told = ("--wait", str(wait)) if "wait" in ExpandConfig.model_fields else ()
            ended = self.forks.run(*words, *told, cwd=self.work, timeout_s=LIMIT_S)
            self.proxy.arm()
            struck += sum(rule.struck for rule in some)
            is_absent = any(isinstance(rule.value, tuple) and rule.value[0] == 404 for rule in some)
            wrong += [] if is_absent and ended.code == 2 else complaints(ended, Outage((), None))
            code = ended.code
            if not code:
                break
        if code:
            ended = self.forks.run(*words, cwd=self.work, timeout_s=LIMIT_S)
            if ended.code:
                wrong.append(f"the same command ended with {ended.code} after the outage: {ended.text[-400:]}")
        if not wrong:
            wrong += unlike(self.tree(f"whole-{form}"), self.tree(name))
        self.files.rm(f"bucket/{name}", recursive=True)
        return wrong, struck


def drawn_rules(seed: int, requests: int) -> list[list[StoreRule]]:
    """Return the rules of a seed, for one run after the other."""
    draw = random.Random(f"store {seed}")
    return [[drawn(draw, requests) for _ in range(draw.choice((1, 1, 2)))] for _ in range(draw.randint(1, 3))]


@contextmanager
def store_bench(work: Path, source: Path) -> Iterator[StoreBench]:
    """Give a bench whose data set is that of `jobs.lay_sources`, laid into a bucket.

    Args:
        work: an empty folder.
        source: where that lies.
    """
    import fsspec  # type: ignore[import-untyped,unused-ignore]

    with store_proxy() as proxy:
        known = credentials(f"http://127.0.0.1:{proxy.behind}")
        client = {"endpoint_url": known["AWS_ENDPOINT_URL"], "region_name": "us-east-1"}
        secrets = {"key": known["AWS_ACCESS_KEY_ID"], "secret": known["AWS_SECRET_ACCESS_KEY"]}
        files = fsspec.filesystem("s3", use_listings_cache=False, client_kwargs=client, **secrets)
        files.call_s3("create_bucket", Bucket="bucket")
        for place, name in ((source / "folder", "src"), (source / "labelled", "boxes")):
            for path in place.rglob("*.*"):
                if path.is_file() and not path.name.startswith("mask"):
                    files.pipe_file(f"bucket/{name}/{path.relative_to(place).as_posix()}", path.read_bytes())
        pipeline = work / "stored.yaml"
        pipeline.write_text(SMALL)
        forks = Forks({**credentials(proxy.url), **ONCE}, ("augkit.expand.expansion", "s3fs"))
        try:
            yield StoreBench(proxy, files, work, forks, pipeline)
        finally:
            forks.end()


__all__ = ["FORMS", "StoreBench", "drawn_rules", "store_bench"]
