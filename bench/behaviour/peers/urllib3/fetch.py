"""A list with urllib3: sixteen threads, and the retries that its users copy from one another."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import urllib3

retries = urllib3.Retry(
    total=5,
    backoff_factor=1,
    status_forcelist=[429, 500, 502, 503, 504],
    respect_retry_after_header=True,
)
pool = urllib3.PoolManager(num_pools=64, maxsize=16, retries=retries)


def fetch(url):
    try:
        pool.request("GET", url)
    except urllib3.exceptions.HTTPError:
        pass  # Given up.


with ThreadPoolExecutor(max_workers=16) as threads:
    list(threads.map(fetch, Path("urls.txt").read_text().split()))
