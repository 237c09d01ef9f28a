package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// plainFlags hold a text that is no path of this machine. A new flag with a text is declared with pathVar or pathsVar, or
// it has a place here, so that --root forgets none.
var plainFlags = strings.Fields(`
	add-host allow annotation api attest base build-arg builder builder-tls-server-name cgroup-parent description entrypoint fail-on form format identifier if-exists
	input job-version json json-input json-output kind label maintainer-email maintainer-name name network no-cache-filter package-version platform progress provenance provides publish push query registry repository rule run-as runtime sbom seed-version set setting shm-size smoke tag target title to ulimit username with`)

// plainOfInit have the names of flags of other commands that hold paths of this machine.
var plainOfInit = []string{"init --output", "init --mount"}

// plainCommands have no arguments that are paths of this machine.
var plainCommands = strings.Fields("action cache completion doctor explain help login logout rules schema version")

func TestEveryTextSaysWhetherItIsAPath(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, cmd := range Commands() {
		if _, ok := cmd.Annotations[pathsKey]; ok == slices.Contains(plainCommands, cmd.Name()) {
			t.Errorf("%s: are its arguments paths? Declare them with pathArgs, or name it in plainCommands", cmd.Name())
		}
		visitFlags(cmd, func(f *pflag.Flag) {
			if slices.Contains([]string{"bool", "int", "int64", "duration"}, f.Value.Type()) || slices.Contains(plainOfInit, cmd.Name()+" --"+f.Name) {
				return
			}
			seen[f.Name] = true
			if _, ok := f.Annotations[pathsKey]; ok == slices.Contains(plainFlags, f.Name) {
				t.Errorf("%s --%s: is there a path in it? Declare it with pathVar or pathsVar, or name it in plainFlags", cmd.Name(), f.Name)
			}
		})
	}
	for _, name := range plainFlags {
		if !seen[name] {
			t.Errorf("plainFlags names --%s, which no command has", name)
		}
	}
}

func visitFlags(cmd *cobra.Command, visit func(*pflag.Flag)) {
	cmd.Flags().VisitAll(visit)
	cmd.PersistentFlags().VisitAll(visit)
}

// pathsOf has, for each flag and each command whose text holds paths, a text and the paths in it.
var pathsOf = map[string]map[string]string{
	"--against":          {"../x": "../x"},
	"--build-context":    {"base=oci-layout:///a/b:tag": "/a/b", "base=oci-layout://a@sha256:00": "a", "base=docker-image://busybox": "", "base=../c": "../c"},
	"--builder-tls-ca":   {"../x": "../x"},
	"--builder-tls-cert": {"../x": "../x"},
	"--builder-tls-key":  {"../x": "../x"},
	"--cache":            {"../x": "../x"},
	"--references":       {"../x": "../x", "-": "-"},
	"--buildkitd-config": {"../x": "../x"},
	"--ca-file":          {"../x": "../x"},
	"--cache-from":       {"example.com/x": "", "type=local,src=../x": "../x", "type=registry,ref=a/b": ""},
	"--cache-to":         {"type=local,DEST=../x": "../x", "type=inline": ""},
	"--cases":            {"../x": "../x"},
	"--config":           {"none": "", "../x.yaml": "../x.yaml"},
	"--context":          {"https://example.com/x.git": "", "../x": "../x", "git@example.com:x": ""},
	"--file":             {"../x": "../x"},
	"--gitlab-file":      {"../x": "../x"},
	"--html":             {"../x": "../x"},
	"--iidfile":          {"../x": "../x"},
	"--image":            {"oci:../x": "../x", "docker-archive:../x": "../x", "example.com/x:1": ""},
	"--input-file":       {"A=../x": "../x"},
	"--junit-file":       {"../x": "../x"},
	"--keep-outputs":     {"../x": "../x"},
	"--manifest":         {"../x": "../x"},
	"--metadata-file":    {"../x": "../x"},
	"--mount":            {"A=../x": "../x"},
	"--mount-output":     {"A=../x": "../x"},
	"--output":           {"type=oci,dest=../x.tar": "../x.tar", "../x": "../x", "type=tar,dest=-": "-"},
	"--output-dir":       {"../x": "../x"},
	"--predecessor":      {"oci:../x": "../x", "example.com/x:1": ""},
	"--sarif-file":       {"../x": "../x"},
	"--secret":           {"id=x,src=../s": "../s", `id=x,"source=a,b"`: "a,b", "id=x,env=Y": ""},
	"--ssh":              {"default": "", "id=../k1,../k2,raw=true": "../k1 ../k2"},
	"discover":           {"../x": "../x", "x.json": "x.json", "example.com/x": "", "-": ""},
	"bump":               {"../x": "../x"},
	"diff":               {"oci:../x": "../x", "../x": "../x", "git:main": "", "git:main:../x": "", "example.com/x:1": ""},
	"export":             {"../x": "../x", "oci:../x": "../x", "example.com/x:1": ""},
	"init":               {"../x": "../x"},
	"label":              {"../x": "../x"},
	"lint":               {"../x": "../x"},
	"list":               {"../x": "../x"},
	"migrate":            {"../x": "../x", "x.json": "x.json", "-": "-", "oci:../x": "../x", "example.com/x:1": "", "testdata": ""},
	"name":               {"../x": "../x"},
	"pack":               {"../x": "../x"},
	"publish":            {"oci:../x": "../x", "example.com/x:1": ""},
	"run":                {"../x": "../x", "oci:../x": "../x", "example.com/x:1": ""},
	"smoke":              {"../x": "../x"},
	"verify":             {"oci:../x": "../x", "example.com/x:1": ""},
}

// Every flag and command that holds paths finds them in its text.
func TestPathsInFlagsAndArguments(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	check := func(command, what string, form pathForm) {
		seen[what] = true
		if len(pathsOf[what]) == 0 {
			t.Errorf("%s %s: pathsOf has no text for it", command, what)
		}
		for text, want := range pathsOf[what] {
			if got := strings.Join(form.in(text), " "); got != want {
				t.Errorf("%s %s %s: %q, want %q", command, what, text, got, want)
			}
		}
	}
	for _, cmd := range Commands() {
		if form, ok := cmd.Annotations[pathsKey]; ok {
			check(cmd.Name(), cmd.Name(), pathForm(form))
		}
		visitFlags(cmd, func(f *pflag.Flag) {
			if form, ok := f.Annotations[pathsKey]; ok {
				check(cmd.Name(), "--"+f.Name, pathForm(form[0]))
			}
		})
	}
	for what := range pathsOf {
		if !seen[what] {
			t.Errorf("pathsOf names %s, which holds no paths", what)
		}
	}
}
