#!/bin/sh
# Measures: benchmarks of the packages, then whole processes beside buildctl, which is built from the module that pins
# buildkitd, so that both sides speak to the same daemon.
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

go test -run '^$' -bench . -benchtime 200ms ./lint/...
go test -run '^$' -bench . -benchtime 5x ./verify

# A checkout as a runner has it: git reads a working copy's loose objects several times slower.
git clone -q --no-local . "$scratch/checkout"
programs=$PWD
cd "$scratch/checkout"
# Docker's own package has a docker that builds; one from elsewhere may want a plugin.
PATH=/usr/bin:$PATH:/usr/sbin "$programs/.cache/bin/bench" "$programs/seedpack" "$programs/.cache/bin/buildctl" "$programs/.cache/bin/buildkitd"
