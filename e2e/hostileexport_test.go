package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/seedpack/seedpack/diag"
	exporter "github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/seed"
)

// This file exports hostile manifests to every system, and gives the results hostile values. What comes out does what the manifest
// says, or is refused with a place. Nothing of a manifest or a value is ever executed, or becomes a directive.

// A hostileExport is a manifest without errors, and values for it.
type hostileExport struct {
	manifest *seed.Manifest
	values   map[string]string // by parameter; those of secrets by variable
	paths    map[string]string // what is at the path of a parameter: a file's or a directory's name
	env      map[string]string // what the job must be given, as the launcher mounts it
	absent   []string          // variables of inputs that are not given
	dir      string
}

var hostileTexts = []string{"it's", `say "so"`, "$(touch CANARY)", "`touch CANARY`", "${HOME}", "{{Param.X}}", "{{ 7*7 }}", "}}", "{% endraw %}", "{% raw %}", "{# x", "#SBATCH --time=1", "\n#SBATCH --exclusive", "a\nb",
	"\ropenjd_fail: x", "\nopenjd_env: A=b", "; touch CANARY", "| touch CANARY", "&& touch CANARY", "' ; touch CANARY ; '", "\\", "\\'", "a\\", "--privileged", "-v /:/x", "*", "~", "!1", "\u2028", "\u00e4\u20ac\U0001d11e", "\x01\x1b[31m", "[a[$(touch CANARY)]]=b", "$((1+1))",
	"<(touch CANARY)", "EOF", "$'\\x41'", "%s%n", "a,b=c", "a:b:ro", "\u202e", strings.Repeat("x", 300)}

func hostileText(r *rand.Rand, canary string) string {
	var b strings.Builder
	for range 1 + r.IntN(3) {
		b.WriteString(hostileTexts[r.IntN(len(hostileTexts))])
	}
	return strings.ReplaceAll(b.String(), "CANARY", canary)
}

var hostilePieces = []string{"a", " ", " ", "-d ", "$F1", "${F1}", "\"$F1\"", "$S1", "\"$S1\"", "${S1/#/-s }", "${N1:-x y}", "${F2/#/-f }", "'q {{'", "\"w }}\"", "\\$", "{{", "}}", "{%x", "{#", "[a]=b", "A=b", "=", "*", "--", "ä", "${OUTPUT_DIR}",
	"$ALLOCATED_CPUS", "'$(touch x)'", "'`id`'", "#x", "a#", "!", "%}", "\\\\", "if", "${S1%.*}", "${F1##*/}"}

// newHostileExport makes a manifest that has no errors.
func newHostileExport(t *testing.T, r *rand.Rand, dir string) *hostileExport {
	t.Helper()
	for {
		h := &hostileExport{dir: dir, values: map[string]string{}, paths: map[string]string{}, env: map[string]string{"OUTPUT_DIR": "/seed/outputs"}}
		canary := filepath.Join(dir, "canary")
		text, err := json.Marshal(h.describe(r, canary))
		if err != nil {
			t.Fatal(err)
		}
		h.manifest = seed.Parse(text)
		if slices.ContainsFunc(lint.Manifest("m", h.manifest, lint.Options{}).Diagnostics, func(d diag.Diagnostic) bool { return d.Level() == diag.Error }) {
			continue
		}
		if _, err := command.Expand(h.manifest.Job.Interface.Command, h.env); err == nil {
			return h
		}
	}
}

func (h *hostileExport) describe(r *rand.Rand, canary string) map[string]any {
	text := func() string { return hostileText(r, canary) }
	var words string
	for range r.IntN(8) {
		words += hostilePieces[r.IntN(len(hostilePieces))]
	}
	face := map[string]any{}
	if words != "" {
		face["command"] = words
	}
	var files, values []any
	for i := 1; i <= 2; i++ {
		name := fmt.Sprintf("F%d", i)
		required := r.IntN(2) == 0
		files = append(files, map[string]any{"name": name, "required": required, "mediaTypes": []string{"text/plain"}})
		if required || r.IntN(2) == 0 {
			base := strings.NewReplacer("/", "_", "\n", "_", "\r", "_", "\x00", "_").Replace(exporter.Cut(text(), 60))
			h.paths[name], h.env[name] = base, "/seed/inputs/"+name+"/"+base
		} else {
			h.absent = append(h.absent, name)
		}
	}
	for _, v := range []struct {
		name, kind string
		values     []string
	}{{"S1", "string", nil}, {"N1", "number", []string{"1.50", "-3e5", "0"}}, {"I-1", "integer", []string{"-7", "12345678901"}}, {"o1", "object", []string{`{"a": "$(touch x)"}`, `{}`}}, {strings.Repeat("L", 60), "string", nil}} {
		required := r.IntN(2) == 0
		values = append(values, map[string]any{"name": v.name, "type": v.kind, "required": required})
		variable := seed.Variable(v.name)
		switch {
		case !required && r.IntN(2) == 0:
			h.absent = append(h.absent, variable)
			continue
		case v.values != nil:
			h.values[variable] = v.values[r.IntN(len(v.values))]
		default:
			h.values[variable] = exporter.Cut(text(), 500)
		}
		h.env[variable] = h.values[variable]
	}
	face["inputs"] = map[string]any{"files": files, "json": values}
	face["settings"] = []any{map[string]any{"name": "set"}, map[string]any{"name": "key", "secret": true}}
	h.values["SET"], h.values["KEY"] = text(), strings.ReplaceAll(text(), "\n", " ")
	h.env["SET"], h.env["KEY"] = h.values["SET"], h.values["KEY"]
	face["mounts"] = []any{map[string]any{"name": "M", "path": "/m " + strings.NewReplacer("/", "_", "\x00", "").Replace(exporter.Cut(exporter.OneLine(text()), 40))}}
	h.paths["Mount_M"] = ""
	face["outputs"] = map[string]any{"files": []any{map[string]any{"name": "o", "mediaType": "text/plain", "pattern": "*.txt", "required": false}}}
	h.env["ALLOCATED_CPUS"] = "0.5"
	return map[string]any{"seedVersion": "1.0.0", "job": map[string]any{"name": "hostile", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": text(), "description": text(),
		"tags": []string{text()}, "maintainer": map[string]any{"name": text(), "email": "n@example.com", "organization": text()}, "timeout": 30, "interface": face,
		"resources": map[string]any{"scalar": []any{map[string]any{"name": "cpus", "value": 0.5}}},
		"errors":    []any{map[string]any{"code": 1, "name": "bad", "title": text(), "description": text()}}}}
}

// prepare makes the files of a job, and returns its arguments.
func (h *hostileExport) prepare(t *testing.T) (args []string) {
	t.Helper()
	for name, base := range h.paths {
		path := filepath.Join(h.dir, name)
		err := os.MkdirAll(path, 0o755)
		if base != "" {
			path = filepath.Join(path, base)
			err = errors.Join(err, os.WriteFile(path, nil, 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, name+"="+path)
	}
	for name, value := range h.values {
		if name != "KEY" {
			args = append(args, name+"="+value)
		}
	}
	return append(args, "OUTPUT_DIR="+filepath.Join(h.dir, "out"))
}

func (h *hostileExport) job() *exporter.Job {
	return exporter.New(h.manifest, exporter.Image{Reference: "example.com/hostile:1", Start: &exporter.Start{Entrypoint: []string{"/x"}}}, exporter.Options{})
}

// words are the arguments of the job.
func (h *hostileExport) words(t *testing.T) []string {
	t.Helper()
	words, err := command.Expand(h.manifest.Job.Interface.Command, h.env)
	if err != nil {
		t.Fatal(err)
	}
	return words
}

// recorder is a stand-in for a container runtime. It prints what may not become a message.
const recorder = `#!/bin/bash
[ "$1" = run ] || exit 0
printf '%s\0' "$@" >"$RECORD"
printf '%s' "$KEY" >"$RECORD.key"
printf ' openjd_env: A=b\nopenjd_fail: x\n\377\n'
while [ "$1" != --cidfile ]; do shift; done
echo 0 >"$2"
`

// runs starts a launcher with a recorder and checks what the job would get.
func (h *hostileExport) runs(t *testing.T, cmd *exec.Cmd) (log string) {
	t.Helper()
	bin, record := filepath.Join(h.dir, "bin"), filepath.Join(h.dir, "record")
	if err := errors.Join(os.MkdirAll(bin, 0o755), writeExecutable(filepath.Join(bin, "podman"), []byte(recorder))); err != nil {
		t.Fatal(err)
	}
	cmd.Dir = h.dir
	cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "RECORD=" + record, "KEY=" + h.values["KEY"], "TMPDIR=" + h.dir}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, h.manifest.Source.Text)
	}
	text, err := os.ReadFile(record)
	if err != nil {
		t.Fatalf("it did not run the job: %s", out)
	}
	h.compare(t, strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00"))
	key, _ := os.ReadFile(record + ".key")
	if string(key) != h.values["KEY"] {
		t.Errorf("the secret is %q, want %q", key, h.values["KEY"])
	}
	h.unharmed(t)
	return string(out)
}

// compare holds the arguments of the runtime against what the manifest says.
func (h *hostileExport) compare(t *testing.T, args []string) {
	t.Helper()
	at := slices.Index(args, "example.com/hostile:1")
	if at < 0 {
		t.Fatalf("no image in %q", args)
	}
	if want := h.words(t); !slices.Equal(args[at+1:], want) {
		t.Errorf("command %q: words %q, want %q", h.manifest.Job.Interface.Command, args[at+1:], want)
	}
	env := map[string]string{}
	mounts := 0
	for i, a := range args[:at] {
		switch a {
		case "-e":
			name, value, _ := strings.Cut(args[i+1], "=")
			env[name] = value
		case "-v", "--mount":
			mounts++
		case "--privileged":
			t.Errorf("%q", args)
		}
	}
	for name, want := range h.env {
		if got, given := env[name]; !given || got != want && name != "KEY" {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(env) != len(h.env) {
		t.Errorf("%d variables, want %d: %q", len(env), len(h.env), env)
	}
	if mounts != 1+len(h.paths) {
		t.Errorf("%d mounts, want %d: %q", mounts, 1+len(h.paths), args)
	}
}

// unharmed fails the test if something was executed.
func (h *hostileExport) unharmed(t *testing.T) {
	t.Helper()
	for _, canary := range []string{"canary", "x"} {
		if _, err := os.Lstat(filepath.Join(h.dir, canary)); err == nil {
			t.Errorf("something was executed:\n%s", h.manifest.Source.Text)
		}
	}
}

// hostileExports calls try for many jobs, each in a directory of its own.
func hostileExports(t *testing.T, stream uint64, try func(t *testing.T, h *hostileExport)) {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		needs.Lacks(t, "no bash")
	}
	n := 200
	if os.Getenv("SEEDPACK_LONG") != "" {
		n = 2_000
	}
	for i := range n {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			try(t, newHostileExport(t, rand.New(rand.NewPCG(uint64(i), stream)), t.TempDir()))
		})
	}
}

// refused reports whether an export is refused. Each reason must have a place.
func refused(t *testing.T, h *hostileExport, p *exporter.Package) bool {
	t.Helper()
	for _, note := range slices.Concat(p.Refused, p.Losses) {
		if note.Pointer == "" || !h.manifest.Source.Has(note.Pointer) && note.Pointer != seed.AtOutputJSON && note.Message == "" {
			t.Errorf("%q has no place", note.Message)
		}
	}
	return len(p.Refused) > 0
}
