#!/bin/sh
# Builds what a release holds: release.sh VERSION DIRECTORY
#
# The same source gives the same bytes wherever it is built, so the sums in DIRECTORY/release.sums can be committed
# before the tag is made, and whoever uses the action can check what was downloaded against the action's own tree.
set -eu

version=$1
mkdir -p "$2"
out=$(cd "$2" && pwd)

export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off

build() { # DIRECTORY PACKAGE NAME LDFLAGS
	for platform in $platforms; do
		suffix=
		[ "${platform%/*}" != windows ] || suffix=.exe
		GOOS=${platform%/*} GOARCH=${platform#*/} go -C "$1" build -trimpath -buildvcs=false -ldflags "$4" \
			-o "$out/$3_${platform%/*}_${platform#*/}$suffix" "$2"
	done
}

platforms='linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64'
build . . seedpack "-s -X main.version=$version"

# A buildkitd for runners that have neither one nor Docker: Seedpack finds it beside itself.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for file in pack/buildkitd/*.txt; do
	cp "$file" "$scratch/$(basename "$file" .txt)"
done
platforms='linux/amd64 linux/arm64'
build "$scratch" github.com/moby/buildkit/cmd/buildkitd buildkitd -s

cd "$out"
printf '# %s\n' "$version" >release.sums
sha256sum seedpack_* buildkitd_* >>release.sums
