#!/bin/sh
# Fuzzes, one target after the other: for half an hour in all where the texts of users are read and mended, and a minute
# each elsewhere. What is found is written below the testdata of its package, to be kept there.
set -eu

while read -r package target time; do
	printf '== fuzz %s %s for %s\n' "$package" "$target" "$time"
	said=$(go test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "$time" 2>&1 </dev/null) || {
		printf '%s\n' "$said"
		exit 1
	}
	printf '%s\n' "$said" | tail -n 1
done <<'END'
./lint/seed FuzzParse 6m
./lint FuzzMend 8m
./lint FuzzManifest 4m
./lint/schema FuzzKeywords 5m
./lint/command FuzzParse 3m
./pack FuzzLabel 4m
./lint/dockerfile FuzzCheck 1m
./lint/report FuzzEscape 1m
./lint/report FuzzWriters 1m
./lint/report FuzzSARIF 1m
./lint/report FuzzJUnit 1m
./verify FuzzReadCases 1m
./pack/supervisor/wire FuzzReadOutcome 1m
END
