#!/bin/sh
# Runs the benchmarks of the packages, then compares whole processes with buildctl. It builds buildctl from the module that
# pins buildkitd, so that both sides use the same daemon.
set -eu

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for file in pack/engine/buildkitd/*.txt; do
	cp "$file" "$scratch/$(basename "$file" .txt)"
done
for program in buildctl buildkitd; do
	CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=mod go -C "$scratch" build -trimpath -o "$PWD/.cache/bin/$program" \
		"github.com/moby/buildkit/cmd/$program"
done

go test -run '^$' -bench . -benchtime 200ms ./seed ./diag/... ./lint/...
go test -run '^$' -bench . -benchtime 5x ./verify

# A clone, as a runner has it. Git is several times slower with the loose objects of a working copy.
git clone -q --no-local . "$scratch/checkout"
programs=$PWD
cd "$scratch/checkout"
# The docker of Docker's own package can build. Another one may need a plugin.
PATH=/usr/bin:$PATH:/usr/sbin "$programs/.cache/bin/bench" "$programs/seedpack" "$programs/.cache/bin/buildctl" "$programs/.cache/bin/buildkitd"
