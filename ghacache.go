package main

import (
	"cmp"
	"encoding/csv"
	"slices"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/exit"
)

// actionsCaches completes caches of the type gha, as docker buildx does: GitHub tells actions alone, in their environment,
// where the cache is and how to get in. Other caches stay as they are.
func actionsCaches(specs []string, getenv func(string) string) ([]string, error) {
	var all []string
	for _, spec := range specs {
		fields, err := csv.NewReader(strings.NewReader(spec)).Read()
		if err == nil && slices.Contains(fields, "type=gha") {
			spec, err = actionsCache(fields, getenv)
		}
		if err != nil {
			return nil, exit.Usagef("cache %q: %w", spec, err)
		}
		all = append(all, spec)
	}
	return all, nil
}

func actionsCache(fields []string, getenv func(string) string) (string, error) {
	given := map[string]string{}
	for _, field := range fields {
		key, value, _ := strings.Cut(field, "=")
		given[key] = value
	}
	if second, _ := strconv.ParseBool(getenv("ACTIONS_CACHE_SERVICE_V2")); second && given["version"] == "" {
		fields, given["version"] = append(fields, "version=2"), "2"
	}
	results := getenv("ACTIONS_RESULTS_URL")
	wanted := []struct{ key, value string }{
		{"token", getenv("ACTIONS_RUNTIME_TOKEN")},
		{"url", cmp.Or(getenv("ACTIONS_CACHE_URL"), results)},
	}
	if given["version"] == "2" {
		wanted = append(wanted, struct{ key, value string }{"url_v2", results})
	}
	for _, w := range wanted {
		if given[w.key] != "" {
			continue
		}
		if w.value == "" {
			return strings.Join(fields, ","), exit.Usagef("it works in actions of GitHub alone, which have a token for it: %s is not known", w.key)
		}
		fields = append(fields, w.key+"="+w.value)
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.Write(fields); err != nil {
		return "", err
	}
	w.Flush()
	return strings.TrimSpace(b.String()), w.Error()
}
