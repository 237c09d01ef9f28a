package pack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// TestResultPredicate is the predicate type of in-toto for what tests came to.
const TestResultPredicate = "https://in-toto.io/attestation/test-result/v0.1"

// SmokeAnnotation is the annotation that says the result of a smoke run, on the manifest that refers to the image. Its value is one
// of the results. Statements about other tests do not have it.
const SmokeAnnotation = "io.seedpack.smoke"

// Results of a test, as the predicate has them.
const (
	TestPassed = "PASSED"
	TestWarned = "WARNED" // no case passed, and at least one was inconclusive
	TestFailed = "FAILED"
)

// A TestResult is what a smoke run of an image came to. It has no time, no version and no machine, so the same result of the same
// image gives the same statement each time.
type TestResult struct {
	Image  string // the name that the manifest gives, without a registry: it is the same wherever the image is
	Digest string // of the image manifest, or of the index
	Result string
	// Config are the files that say what was tried, by their names. If there is none, the image's own manifest says it.
	Config map[string][]byte
	// Names of cases. One that was skipped is in none of the lists.
	Passed, Warned, Failed []string
}

// A testStatement is the JSON form: an in-toto statement, version 1.
type testStatement struct {
	Type      string         `json:"_type"`
	Subject   []testResource `json:"subject"`
	Predicate string         `json:"predicateType"`
	Result    struct {
		Result string         `json:"result"`
		Config []testResource `json:"configuration"`
		Passed []string       `json:"passedTests"`
		Warned []string       `json:"warnedTests"`
		Failed []string       `json:"failedTests"`
	} `json:"predicate"`
}

// A testResource is in-toto's descriptor of an image or a file. The digest is by algorithm, in hexadecimal.
type testResource struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// Statement returns the in-toto statement as JSON. Lists without an entry are empty, not null.
func (t *TestResult) Statement() ([]byte, error) {
	algorithm, value, _ := strings.Cut(t.Digest, ":")
	s := testStatement{Type: "https://in-toto.io/Statement/v1", Predicate: TestResultPredicate,
		Subject: []testResource{{t.Image, map[string]string{algorithm: value}}}}
	r := &s.Result
	r.Result, r.Config = t.Result, []testResource{}
	for _, name := range slices.Sorted(maps.Keys(t.Config)) {
		sum := sha256.Sum256(t.Config[name])
		r.Config = append(r.Config, testResource{name, map[string]string{"sha256": hex.EncodeToString(sum[:])}})
	}
	r.Passed, r.Warned, r.Failed = append([]string{}, t.Passed...), append([]string{}, t.Warned...), append([]string{}, t.Failed...)
	return json.Marshal(s)
}
