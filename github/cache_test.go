package github

import (
	"strings"
	"testing"
)

func TestActionsCaches(t *testing.T) {
	t.Parallel()
	env := map[string]string{"ACTIONS_RUNTIME_TOKEN": "tok", "ACTIONS_RESULTS_URL": "https://results/", "ACTIONS_CACHE_SERVICE_V2": "True"}
	first := map[string]string{"ACTIONS_RUNTIME_TOKEN": "tok", "ACTIONS_RESULTS_URL": "https://results/", "ACTIONS_CACHE_URL": "https://cache/"}
	for _, tt := range []struct {
		env        map[string]string
		spec, want string
	}{
		{env, "type=gha", "type=gha,version=2,token=tok,url=https://results/,url_v2=https://results/"},
		{env, "type=gha,scope=x,mode=max,token=mine,version=1", "type=gha,scope=x,mode=max,token=mine,version=1,url=https://results/"},
		{first, "type=gha", "type=gha,token=tok,url=https://cache/"},
		{env, "example.com/cache", "example.com/cache"},
		{env, "type=local,dest=x", "type=local,dest=x"},
		{nil, "type=gha", "token is not known"},
	} {
		got, err := ActionsCaches([]string{tt.spec}, func(name string) string { return tt.env[name] })
		if err != nil && strings.Contains(err.Error(), tt.want) && tt.env == nil {
			continue
		}
		if err != nil || strings.Join(got, "") != tt.want {
			t.Errorf("%q: %q, %v, want %q", tt.spec, got, err, tt.want)
		}
	}
}
