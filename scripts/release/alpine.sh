#!/bin/sh
# `ALPINE=IMAGE scripts/release/alpine.sh COMMAND...`: runs a command in a container with musl, in this repository.
set -eu
exec docker run --rm --volume "$PWD:/package" --workdir /package "$ALPINE" \
  sh -c 'apk add --quiet --no-progress openssl tar git && exec "$@"' sh "$@"
