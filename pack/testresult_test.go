package pack

import "testing"

// A statement has the form of in-toto, and the same bytes each time.
func TestTestResultStatement(t *testing.T) {
	t.Parallel()
	digest := "sha256:6dcd4ce23d88e2ee9568ba546c007c63d9131c1b5e0b0e2e5b6b1f3c7d8e9f01"
	for what, c := range map[string]struct {
		result TestResult
		want   string
	}{
		"cases of a file": {
			TestResult{Image: "a-1.0.0-seed:1.0.0", Digest: digest, Result: TestPassed, Config: map[string][]byte{"seed.smoke.yaml": []byte("cases: []\n")},
				Passed: []string{"one", "two <\x1b>"}, Warned: []string{"three"}},
			`{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a-1.0.0-seed:1.0.0","digest":{"sha256":"6dcd4ce23d88e2ee9568ba546c007c63d9131c1b5e0b0e2e5b6b1f3c7d8e9f01"}}],` +
				`"predicateType":"https://in-toto.io/attestation/test-result/v0.1","predicate":{"result":"PASSED",` +
				`"configuration":[{"name":"seed.smoke.yaml","digest":{"sha256":"67fd4cc91da7c4d6870049981fed4d367327a4bb687e73666652796d80b533b8"}}],` +
				`"passedTests":["one","two \u003c\u001b\u003e"],"warnedTests":["three"],"failedTests":[]}}`,
		},
		"cases of the manifest": {
			TestResult{Image: "a-1.0.0-seed:1.0.0", Digest: digest, Result: TestWarned, Warned: []string{"required inputs"}},
			`{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a-1.0.0-seed:1.0.0","digest":{"sha256":"6dcd4ce23d88e2ee9568ba546c007c63d9131c1b5e0b0e2e5b6b1f3c7d8e9f01"}}],` +
				`"predicateType":"https://in-toto.io/attestation/test-result/v0.1","predicate":{"result":"WARNED","configuration":[],` +
				`"passedTests":[],"warnedTests":["required inputs"],"failedTests":[]}}`,
		},
	} {
		if got, err := c.result.Statement(); err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", what, err, got, c.want)
		}
	}
}
