#!/bin/sh
# Runs all checks, the fastest first. Needs the environment that the Makefile sets.
set -eu

staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2
actionlint=github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
languageservice=@actions/languageservice@0.3.61

# The Makefile builds the program so, and what is built alike is compiled once. Only the race detector needs cgo.
export CGO_ENABLED=0
flags=$(go env GOFLAGS)
export GOFLAGS="$flags -trimpath"

# step prints the name of the next step, and how long the last one took.
began=
step() {
	now=$(date +%s)
	[ -z "$began" ] || printf '   %s s\n' "$((now - began))"
	began=$now
	printf '== %s\n' "$*"
}

step gofmt
unformatted=$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || { echo "not formatted: $unformatted"; exit 1; }

step shellcheck
git ls-files -co --exclude-standard '*.sh' .ci/run | xargs shellcheck

step workflows
shown=.cache/shown/.github/workflows # the tools expect workflows in such a directory
node setup/workflows/extract.mjs "$shown" README.md docs/action.md
go run "$actionlint"
go run "$actionlint" "$shown"/*.yml
modules=.cache/languageservice/${languageservice#*e@}
[ -f "$modules/node_modules/.package-lock.json" ] || npm --loglevel=error --no-audit --no-fund --prefix "$modules" install "$languageservice"
node setup/workflows/check.mjs "$modules/node_modules" action.yml .github/workflows/*.yml "$shown"/*.yml

step go vet
go vet ./...

step staticcheck
go run "$staticcheck" ./...

step generated files
before=$(git diff | sha256sum)
go generate ./...
after=$(git diff | sha256sum)
[ "$before" = "$after" ] || { echo "go generate changes files: run it and commit what it writes"; git diff --stat; exit 1; }

step race detector
CGO_ENABLED=1 GOFLAGS=$flags go test -race -short ./exit ./git ./disk ./secret ./job ./pipeline ./github ./cli ./seed ./diag/... ./lint/... ./export/... ./verify/... ./pack ./pack/engine ./pack/registry ./catalogue ./page ./overview

step go test
go test -timeout 60m ./...
step finished
