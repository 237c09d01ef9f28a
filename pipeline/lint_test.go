package pipeline

import "testing"

func TestCaseEnv(t *testing.T) {
	t.Parallel()
	env := caseEnv(func(name string) string { return "value of " + name })
	for name, want := range map[string]string{
		"DB_PASS": "value of DB_PASS", "ACTIONS_RUNTIME_TOKEN": "", "actions_id_token_request_token": "", "INPUT_SECRETS": "", "SEEDPACK_SECRET_1": "",
	} {
		if got := env(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
