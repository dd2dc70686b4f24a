"""Runs `true` so many times on HyperQueue: run-on-hyperqueue.py CORES COUNT."""

import sys

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig

cores, count = int(sys.argv[1]), int(sys.argv[2])
with LocalCluster() as cluster:
    cluster.start_worker(WorkerConfig(cores=cores))
    client = cluster.client()
    job = Job()
    for _ in range(count):
        job.program(["true"], stdout=None, stderr=None)
    client.wait_for_jobs([client.submit(job)])
