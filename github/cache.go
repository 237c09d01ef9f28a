package github

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
)

// ActionsCaches completes caches of the type gha, as docker buildx does. GitHub gives the address and the token of the cache
// to actions alone, in their environment. Other caches stay as they are.
func ActionsCaches(specs []string, getenv func(string) string) ([]string, error) {
	var all []string
	for _, spec := range specs {
		fields, err := pack.Fields(spec)
		full := spec
		if err == nil && slices.ContainsFunc(fields, func(f pack.Field) bool { return f.Text == "type=gha" }) {
			full, err = actionsCache(fields, getenv)
		}
		if err != nil {
			return nil, exit.Usagef("cache %q: %w", spec, err)
		}
		all = append(all, full)
	}
	return all, nil
}

func actionsCache(fields []pack.Field, getenv func(string) string) (string, error) {
	given := map[string]string{}
	var texts []string
	for _, field := range fields {
		given[field.Key] = field.Value
		texts = append(texts, field.Text)
	}
	if second, _ := strconv.ParseBool(getenv("ACTIONS_CACHE_SERVICE_V2")); second && given["version"] == "" {
		texts, given["version"] = append(texts, "version=2"), "2"
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
			return "", exit.Usagef("it works in actions of GitHub alone, which have a token for it: %s is not known", w.key)
		}
		texts = append(texts, w.key+"="+w.value)
	}
	return pack.JoinFields(texts)
}
