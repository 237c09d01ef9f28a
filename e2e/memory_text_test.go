package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// yamlBomb is a YAML document whose aliases stand for a billion values.
func yamlBomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := range 9 {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
	}
	return b.String() + "cases: *a9\nrules: *a9\nignore: *a9\n"
}

// hostileTextFiles are the files of a job besides its manifest, and settings.
func hostileTextFiles() (rows []hostileInput) {
	good := goodJob(`,"interface":{"command":"run","outputs":{"files":[{"name":"A","pattern":"*.txt","mediaType":"text/plain"}]}}`)
	job := func(t *testing.T, dir string) {
		t.Helper()
		put(t, dir, "seed.manifest.json", good)
		put(t, dir, "Dockerfile", "FROM scratch\nCOPY run /\n")
	}
	for name, texts := range map[string]map[string]func() string{
		"Dockerfile": {
			"comments":        func() string { return strings.Repeat("# x\n", 4*mega) },
			"instructions":    func() string { return strings.Repeat("RUN x\n", mega/6) },
			"stages":          func() string { return strings.Repeat("FROM a AS b\n", mega/12) },
			"a line":          func() string { return "RUN " + strings.Repeat("x", 15*mega) },
			"continued lines": func() string { return strings.Repeat("RUN x \\\n", mega/8) },
			"labels":          func() string { return "FROM scratch\nLABEL " + strings.Repeat(`a="b" `, mega/6) },
			"heredocs":        func() string { return "FROM a\n" + strings.Repeat("RUN <<A\n", mega/8) },
			"variables":       func() string { return "FROM a\nENV " + strings.Repeat("$a=${a:-$b} ", mega/12) },
			"words":           func() string { return "FROM a\n" + strings.Repeat("x\n", mega/2) },
			"a manifest": func() string {
				return "FROM a\nLABEL com.ngageoint.seed.manifest=\"" + strings.Repeat(`\\\"`, mega) + "\"\n"
			},
		},
		"seed.smoke.yaml": {
			"aliases":      func() string { return yamlBomb() },
			"cases":        func() string { return "cases:\n" + strings.Repeat("- {}\n", mega/5) },
			"names":        func() string { return "cases:\n" + strings.Repeat("- name: a\n", mega/10) },
			"brackets":     func() string { return "cases: " + strings.Repeat("[", mega) },
			"keys":         func() string { return strings.Repeat("a: 1\n", mega/5) },
			"unknown keys": func() string { return number(mega/20, "", "k%d: 1\n", "") },
			"maps":         func() string { return "cases: " + strings.Repeat("{a: ", mega/4) },
			"text":         func() string { return "a: |\n" + strings.Repeat("  x\n", mega) },
			"tabs":         func() string { return strings.Repeat("\t", mega) },
			"documents":    func() string { return strings.Repeat("---\n", mega/4) },
			"anchors":      func() string { return strings.Repeat("&a ", mega/3) },
			"quotes":       func() string { return strings.Repeat(`"`, mega) },
		},
		".seedpack.yaml": {
			"aliases":      func() string { return yamlBomb() },
			"rules":        func() string { return "rules:\n" + strings.Repeat("  x: off\n", mega/9) },
			"paths":        func() string { return "ignore:\n" + strings.Repeat("- path: x\n", mega/10) },
			"brackets":     func() string { return "rules: " + strings.Repeat("[", mega) },
			"unknown keys": func() string { return number(mega/20, "", "k%d: 1\n", "") },
			"text":         func() string { return "a: |\n" + strings.Repeat("  x\n", mega) },
		},
	} {
		for what, text := range texts {
			rows = append(rows, hostileInput{name: name + " of " + what, args: func(t *testing.T, dir string) []string {
				job(t, dir)
				put(t, dir, name, text())
				return []string{"lint", dir}
			}, any: true})
		}
	}
	for _, name := range []string{"seed.manifest.json", "Dockerfile", "seed.smoke.yaml", ".seedpack.yaml"} {
		rows = append(rows, hostileInput{name: name + " of 1 GB", args: func(t *testing.T, dir string) []string {
			job(t, dir)
			put(t, dir, name, int64(1<<30))
			return []string{"lint", dir}
		}})
	}
	return append(rows,
		hostileInput{name: "ignore file of 1 GB", args: func(t *testing.T, dir string) []string {
			job(t, dir)
			put(t, dir, ".dockerignore", int64(1<<30))
			return []string{"pack", "--dry-run", "--registry", "localhost:1", dir}
		}, any: true},
		hostileInput{name: "credentials of 1 GB", args: func(t *testing.T, dir string) []string {
			put(t, dir, "config.json", int64(1<<30))
			return []string{"verify", "127.0.0.1:1/x/my-job-1.0.0-seed:1.0.0"}
		}, env: []string{"DOCKER_CONFIG=."}},
		hostileInput{name: "credentials of millions", args: func(t *testing.T, dir string) []string {
			put(t, dir, "config.json", number(mega, `{"auths":{`, `"h%d":{}`, `}}`))
			return []string{"verify", "127.0.0.1:1/x/my-job-1.0.0-seed:1.0.0"}
		}, env: []string{"DOCKER_CONFIG=."}},
		hostileInput{name: "old Dockerfile of 1 GB", args: func(t *testing.T, dir string) []string {
			return []string{"migrate", put(t, dir, "Dockerfile", int64(1<<30))}
		}},
		hostileInput{name: "old code of 1 GB", args: func(t *testing.T, dir string) []string {
			put(t, dir, "jobpack.json", `{"version":"0.1","jobs":[]}`)
			put(t, dir, "run.sh", int64(1<<30))
			return []string{"migrate", dir}
		}},
		hostileInput{name: "references of 1 GB", args: func(t *testing.T, dir string) []string {
			return []string{"discover", "--references", put(t, dir, "refs", int64(1<<30))}
		}},
		hostileInput{name: "millions of references", says: "more than 200000 references", args: func(t *testing.T, dir string) []string {
			return []string{"discover", "--references", put(t, dir, "refs", strings.Repeat("a/b\n", 5*mega))}
		}},
		hostileInput{name: "references in a long comment", says: "more than 33554432 bytes", args: func(t *testing.T, dir string) []string {
			return []string{"discover", "--references", put(t, dir, "refs", strings.Repeat("# x\n", 9*mega))}
		}},
		hostileInput{name: "lint of a million files", args: func(t *testing.T, dir string) []string {
			for i := range 3000 {
				put(t, dir, fmt.Sprintf("%d/seed.manifest.json", i), "{")
			}
			return []string{"lint", dir}
		}},
	)
}

// hostileCatalogues are catalogues that discover printed, or did not.
func hostileCatalogues() (rows []hostileInput) {
	const head = `{"schemaVersion":1,"complete":true,`
	for name, text := range map[string]func() string{
		"empty images":  func() string { return fill(30*mega, head+`"images":[`, `{}`, `]}`) },
		"empty skips":   func() string { return fill(30*mega, head+`"images":[],"skipped":[`, `{}`, `]}`) },
		"registries":    func() string { return fill(30*mega, head+`"images":[],"registries":[`, `""`, `]}`) },
		"other values":  func() string { return fill(30*mega, head+`"other":[`, `{}`, `],"images":[]}`) },
		"platforms":     func() string { return fill(30*mega, head+`"images":[{"platforms":[`, `""`, `]}]}`) },
		"nested values": func() string { return head + `"images":` + strings.Repeat("[", 30*mega) },
		"a long name":   func() string { return head + `"images":[{"reference":"` + strings.Repeat("x", 30*mega) + `"}]}` },
		"large manifest": func() string {
			return fill(30*mega, head+`"images":[{"reference":"h/x-1.0.0-seed:1.0.0","name":"x-1.0.0-seed:1.0.0","manifest":{"job":{"name":"x","tags":[`, `1`, `]}}}]}`)
		},
	} {
		rows = append(rows, hostileInput{name: "catalogue of " + name, args: func(t *testing.T, dir string) []string {
			return []string{"discover", put(t, dir, "catalogue.json", text()), "--format", "json"}
		}, any: name == "other values"})
	}
	return rows
}
