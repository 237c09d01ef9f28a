package pack

import (
	"errors"
	"strings"
	"testing"
)

// What a step failed of is put into words, and it is said who can put it right.
func TestCauseOf(t *testing.T) {
	t.Parallel()
	const chain = "failed to solve: failed to compute cache key: failed to calculate checksum of ref ab12::cd34: "
	for _, c := range []struct {
		message, tail string
		fault         Fault
		text, hint    string // the hint begins so
	}{
		{`failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 2`, "make: *** no rule", Author, "the command ended with exit code 2", ""},
		{`executor failed running [/bin/sh -c echo because of this; exit 3]: exit code: 3`, "", Author, "the command ended with exit code 3", ""},
		{`executor failed running [/bin/sh -c make]: exit code: 137`, "", Elsewhere, "the command was ended from outside: exit code 137", "is there enough memory"},
		{`process "/bin/sh -c make" did not complete successfully: exit code: 137`, "", Elsewhere, "the command was ended from outside: exit code 137", "is there enough memory"},
		{`process "x" did not complete successfully: exit code: 6`, "curl: (6) Could not resolve host: x", Elsewhere, "the command ended with exit code 6", "its output speaks of the network"},
		{`process "x" did not complete successfully: exit code: 1`, "tar: write error: No space left on device", Elsewhere, "the command ended with exit code 1", "its output speaks of"},
		{`failed to copy: write /x: no space left on device`, "", Elsewhere, "no space left on device", "the builder's disk is full"},
		{chain + `"/src": not found`, "", Author, `"/src" is not among the files of the build`, "a path counts from the context"},
		{`"/src" not found: not found`, "", Author, `"/src" is not among the files of the build`, "a path counts from the context"}, // 20.10
		{`failed to parse stage name "a::b": invalid reference format`, "", Author, `"a::b" names no image and no stage`, ""},
		{`lstat /src: no such file or directory`, "", Author, `"/src" is not there`, ""},
		{`secret api key: not found`, "", Caller, "the secret api key is not given", "give it with --secret id=api key,"},
		{`no SSH key "" forwarded from the client`, "", Caller, "no SSH agent or key is given", "give one with --ssh"},
		{`failed to load LLB: security.insecure is not allowed`, "", Caller, "the step asks for security.insecure, which the build is not allowed", "allow it with --allow security.insecure"},
		{`a/b:1: failed to resolve source metadata for docker.io/a/b:1: docker.io/a/b:1: not found`, "", Author, "there is no image docker.io/a/b:1", ""},
		{`r.test/b:1: failed to resolve source metadata for r.test/b:1: failed to do request: Head "https://r.test/": dial tcp: lookup r.test: no such host`, "", Elsewhere,
			`the image r.test/b:1 could not be looked up: Head "https://r.test/": dial tcp: lookup r.test: no such host`, ""},
		{`x: failed to resolve source metadata for docker.io/library/x:latest: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`, "",
			Elsewhere, "the registry does not show the image: x: ", "is its name right?"},
		{`docker.io/library/x:latest: no match for platform in manifest: not found`, "", Author, "docker.io/library/x:latest is not there for this platform", ""},
		{`failed to load cache key: invalid response status 404`, "", Author, "the server answers 404", ""},
		{`failed to load cache key: invalid response status 429`, "", Elsewhere, "the server answers 429", "a builder or a registry"},
		{`failed to load cache key: invalid response status 503`, "", Elsewhere, "the server answers 503", "a builder or a registry"},
		{`failed to load cache key: Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused`, "", Elsewhere, `Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused`, ""},
		{`process "/bin/sh -c true" did not complete successfully: unable to find user x: no matching entries in passwd file`, "", Author, `process "/bin/sh -c true" did not complete successfully: unable to find user x`, ""},
		{`failed to create shim task: something odd`, "", Elsewhere, "failed to create shim task: something odd", ""},
		{`rpc error: code = Unavailable desc = error reading from server: EOF`, "", Elsewhere, "error reading from server: EOF", ""},
		{`failed to authorize: rpc error: code = Unknown desc = the credential helper x, which Docker's configuration names for r.test, did not answer within 30s`, "", Elsewhere,
			"failed to authorize: the credential helper x", ""},
	} {
		e := &StepError{File: "Dockerfile", Line: 1, Source: strings.Repeat("s", 200), Err: errors.New(c.message), Tail: []string{c.tail, "end"}}
		why := e.why()
		if why.fault != c.fault || !strings.HasPrefix(why.text, c.text) || !strings.HasPrefix(why.hint, c.hint) || (c.hint == "") != (why.hint == "") {
			t.Errorf("%s: %+v", c.message, why)
		}
		if said := e.Error(); strings.Contains(said, "rpc error") || strings.Contains(said, "ref ab12") || len(said) > 500 {
			t.Errorf("%s: it is said: %s", c.message, said)
		}
	}
}
