#!/bin/sh
# Fuzzes one target after the other. Targets that read and fix the texts of users get ten minutes each or somewhat less, all others a
# minute each. A failing input is written below the testdata of its package and should be committed there.
set -eu

targets() {
	cat <<-'END'
		./seed FuzzParse 10m
		./lint FuzzFix 10m
		./lint FuzzManifest 4m
		./lint/schema FuzzKeywords 5m
		./lint/command FuzzParse 10m
		./pack FuzzLabel 4m
	END
	git ls-files '*_test.go' | xargs grep -HoE '^func Fuzz[A-Za-z]+' | sed -E 's|^(.*)/[^/]*:func (.*)$|./\1 \2 1m|'
}

targets | awk '!seen[$1, $2]++' | while read -r package target time; do
	printf '== fuzz %s %s for %s\n' "$package" "$target" "$time"
	said=$(go test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "$time" 2>&1 </dev/null) || {
		printf '%s\n' "$said"
		exit 1
	}
	printf '%s\n' "$said" | tail -n 1
done
