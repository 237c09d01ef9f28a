package cli

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// plainFlags hold a text that is no path of this machine. A new flag with a text is declared with pathVar or pathsVar, or
// it has a place here, so that --root forgets none.
var plainFlags = strings.Fields(`
	add-host allow annotation attest base build-arg builder builder-tls-server-name description fail-on form format if-exists
	input job-version json label maintainer-email maintainer-name name network no-cache-filter package-version platform progress
	provenance provides push registry rule run-as sbom seed-version setting shm-size smoke tag target title ulimit`)

// outputsOfInit is a flag of the name of pack's --output, and holds no path.
const outputsOfInit = "init --output"

// plainCommands have no arguments that are paths of this machine.
var plainCommands = strings.Fields("action completion doctor explain help rules schema version")

func TestEveryTextSaysWhetherItIsAPath(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, cmd := range Commands() {
		if _, ok := cmd.Annotations[pathsKey]; ok == slices.Contains(plainCommands, cmd.Name()) {
			t.Errorf("%s: are its arguments paths? Declare them with pathArgs, or name it in plainCommands", cmd.Name())
		}
		visitFlags(cmd, func(f *pflag.Flag) {
			if slices.Contains([]string{"bool", "int", "int64", "duration"}, f.Value.Type()) || cmd.Name()+" --"+f.Name == outputsOfInit {
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

// Every form of paths that is declared can be read.
func TestPathFormsAreRead(t *testing.T) {
	t.Parallel()
	forms := map[pathForm]bool{}
	for _, cmd := range Commands() {
		if form, ok := cmd.Annotations[pathsKey]; ok {
			forms[pathForm(form)] = true
		}
		visitFlags(cmd, func(f *pflag.Flag) {
			if form, ok := f.Annotations[pathsKey]; ok {
				forms[pathForm(form[0])] = true
			}
		})
	}
	for form := range maps.Keys(forms) {
		_ = form.in("a=b") // panics if it cannot
	}
	if len(forms) < 10 {
		t.Errorf("only %d forms of paths are declared: are they found?", len(forms))
	}
}

func visitFlags(cmd *cobra.Command, visit func(*pflag.Flag)) {
	cmd.Flags().VisitAll(visit)
	cmd.PersistentFlags().VisitAll(visit)
}

func TestPathsInFlags(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		form        pathForm
		value, want string
	}{
		{namedBuild, "base=oci-layout:///a/b:tag", "/a/b"},
		{namedBuild, "base=oci-layout://a@sha256:00", "a"},
		{namedBuild, "base=docker-image://busybox", ""},
		{namedBuild, "base=../c", "../c"},
		{sourcePath, "https://example.com/x.git", ""},
		{srcPath, "id=x,src=../s", "../s"},
		{srcPath, `id=x,"source=a,b"`, "a,b"},
		{srcPath, "id=x,env=Y", ""},
		{outputPath, "type=oci,dest=../x.tar", "../x.tar"},
		{outputPath, "../x", "../x"},
		{destPath, "type=local,DEST=../x", "../x"},
		{srcOnlyPath, "example.com/x", ""},
		{srcOnlyPath, "type=local,src=../x", "../x"},
		{namedPath, "A=../x", "../x"},
		{policyPath, "none", ""},
		{policyPath, "../x.yaml", "../x.yaml"},
		{imagePath, "oci:../x", "../x"},
		{imagePath, "example.com/x:1", ""},
		{jobPath, "../x", "../x"},
		{sshPath, "default", ""},
		{sshPath, "id=../k1,../k2,raw=true", "../k1 ../k2"},
	} {
		if got := strings.Join(tt.form.in(tt.value), " "); got != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.form, tt.value, got, tt.want)
		}
	}
}
