#!/usr/bin/env python3
"""One run of Repower on the workers of a Dask cluster.

    dask scheduler --host 127.0.0.1 --port 8790
    dask worker tcp://127.0.0.1:8790 --nthreads 1            # on every machine, as often as it has cores
    deploy/dask/run.py --scheduler tcp://127.0.0.1:8790 --shards 64 --folder shards --out outputs/big -- \
        my.toml --replications 100000

What follows `--` goes to `repower shard`. The folder must be seen by all workers. A shard of a worker that dies is run
again by another and goes on after the blocks that are complete; run this again after a failure, and only what is
missing is done. Needs the package `distributed`.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

# How long to wait for a shard that another process holds: one of a worker that died may still be at work.
HELD_SECONDS = 3600
RETRIES = 5


def shard(index, command):
    """Simulates one shard on a worker; gives its index."""
    began = time.monotonic()
    while True:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return index
        # 75: stopped, or held by another process: try again, it goes on where it was.
        if done.returncode != 75 or time.monotonic() - began > HELD_SECONDS:
            raise RuntimeError(f"shard {index} ended with {done.returncode}: {done.stderr.strip()}")
        time.sleep(1)


def parse(arguments):
    """Splits our own arguments from those of `repower shard`."""
    own, what = arguments, []
    if "--" in arguments:
        cut = arguments.index("--")
        own, what = arguments[:cut], arguments[cut + 1 :]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scheduler", required=True, help="address of the Dask scheduler")
    parser.add_argument("--shards", type=int, required=True, help="shares into which the run is cut")
    parser.add_argument("--folder", type=Path, required=True, help="where shard files go")
    parser.add_argument("--out", type=Path, required=True, help="the run directory")
    parser.add_argument("--repower", default="repower", help="the binary")
    return parser.parse_args(own), what


def main():
    """Runs all shards, then merges them here."""
    from distributed import Client, as_completed

    args, what = parse(sys.argv[1:])
    if args.shards < 1:
        sys.exit("error: --shards must be 1 or more")
    folder = args.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    files = [str(folder / f"{index}.shard") for index in range(args.shards)]
    commands = [
        [args.repower, "shard", *what, "--index", str(index), "--of", str(args.shards), "--out", file]
        + ["--threads", "1", "--quiet"]
        for index, file in enumerate(files)
    ]
    with Client(args.scheduler) as client:
        futures = client.map(shard, range(args.shards), commands, retries=RETRIES, pure=False)
        for done, future in enumerate(as_completed(futures), 1):
            try:
                future.result()
            except Exception as error:  # whatever a worker met: say it, and end with 3
                print(f"error: {error}", file=sys.stderr)
                return 3
            print(f"{done} of {args.shards} shards", file=sys.stderr)
    return subprocess.run([args.repower, "merge", *files, "--out", str(args.out)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
