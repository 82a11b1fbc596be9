#!/bin/sh
# A list with curl: each URL into a file of its own, fifty at a time (curl's default), five retries, whose waits curl chooses itself.
set -eu
awk '{ printf "url = \"%s\"\noutput = \"pages/%d\"\n", $0, NR }' urls.txt > urls.curl
exec curl --silent --parallel --retry 5 --create-dirs --config urls.curl
