package pack

import (
	"strings"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

func manifest(name, jobVersion, packageVersion string) *seed.Manifest {
	m := seed.Parse([]byte("{}"))
	m.Job.Name, m.Job.JobVersion, m.Job.PackageVersion = name, jobVersion, packageVersion
	return m
}

func TestName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, jobVersion, packageVersion, registry, want string }{
		{"random-number-gen", "0.1.0", "0.1.0", "", "random-number-gen-0.1.0-seed:0.1.0"},
		{"a", "1.0.0-rc.1", "1.0.0-RC1", "localhost:5000/x/y", "localhost:5000/x/y/a-1.0.0-rc.1-seed:1.0.0-RC1"},
		{"My-Job", "1.0.0", "1.0.0", "", ""},
		{"a", "1.0.0+b", "1.0.0", "", ""},
		{"a", "1.0.0", "1.0.0+b", "", ""},
		{"-a", "1.0.0", "1.0.0", "", ""},
		{"a", "1.0.0-a.-b", "1.0.0", "", ""},
		{"a", "1.0.0", "", "", ""},
		{strings.Repeat("a", 250), "1.0.0", "1.0.0", "", ""},
	} {
		got, err := Name(manifest(c.name, c.jobVersion, c.packageVersion), c.registry)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("Name(%q, %q, %q, %q) = %q, %v", c.name, c.jobVersion, c.packageVersion, c.registry, got, err)
		}
	}
}

func TestCheckRegistry(t *testing.T) {
	t.Parallel()
	for registry, want := range map[string]string{
		"":                          "",
		"localhost":                 "",
		"localhost:5000":            "",
		"registry.example.com/a/b":  "",
		"team":                      `registry "team" has no host: for Docker Hub write "docker.io/team"`,
		"https://r.example.com":     `registry "https://r.example.com": leave out the scheme: "r.example.com"`,
		"r.example.com/a/":          `registry "r.example.com/a/" ends in a slash: write "r.example.com/a"`,
		"r.example.com/Team":        `registry "r.example.com/Team" must be in lower case behind the host: write "r.example.com/team"`,
		"r.example.com/a b":         `registry "r.example.com/a b": host "r.example.com" or namespace "a b" cannot be part of an image reference: invalid reference format`,
		"r.example.com/a\n::x::y":   "registry \"r.example.com/a\\n::x::y\": host \"r.example.com\" or namespace \"a\\n::x::y\" cannot be part of an image reference: invalid reference format",
		"r.example.com:5000/ns/sub": "",
	} {
		got := ""
		if err := CheckRegistry(registry); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("CheckRegistry(%q) = %q, not %q", registry, got, want)
		}
	}
}
