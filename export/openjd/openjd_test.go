package openjd

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/seed"
)

// job returns a manifest with inputs of a type, and scalars.
func job(inputs []string, scalars ...string) *export.Job {
	var all, amounts []string
	for _, name := range inputs {
		all = append(all, fmt.Sprintf(`{"name": %q, "type": "string", "required": false}`, name))
	}
	for _, name := range scalars {
		amounts = append(amounts, fmt.Sprintf(`{"name": %q, "value": 1.5}`, name))
	}
	text := fmt.Sprintf(`{"seedVersion": "1.0.0", "job": {"name": "trial", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": "t", "description": "d\u0001\r\n\u0085x",
		"maintainer": {"name": "n", "email": "n@example.com"}, "timeout": 60, "interface": {"inputs": {"json": [%s]}}, "resources": {"scalar": [%s]}}}`,
		strings.Join(all, ", "), strings.Join(amounts, ", "))
	return export.New(seed.Parse([]byte(text)), export.Image{Reference: "x", Platforms: []string{"linux/arm64", "linux/amd64"}}, export.Options{})
}

// What no template can hold is refused, with the place of the member.
func TestRefused(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("IN%d", i))
	}
	tests := []struct {
		name string
		job  *export.Job
		at   seed.Pointer
		says string
	}{
		{"60 inputs", job(many), "/job/interface", "the job has 63 parameters, and a template takes 50"},
		{"50 parameters", job(many[:47]), "", ""},
		{"long name", job([]string{"A", strings.Repeat("x", 65)}), "/job/interface/inputs/json/1", "has 65 characters, and a template takes 64"},
		{"64 characters", job([]string{strings.Repeat("x", 64)}), "", ""},
		{"digit and 64 characters", job([]string{"1" + strings.Repeat("x", 63)}), "/job/interface/inputs/json/0", "has 65 characters"},
		{"digit and underscore", job([]string{"1", "_1"}), "/job/interface/inputs/json/1", `"_1" and another value would both be the parameter _1`},
		{"resources of one name", job(nil, "a-b", "a_b"), "/job/resources/scalar/1", "would both be amount.seed.a_b"},
		{"long resource", job(nil, strings.Repeat("x", 100)), "/job/resources/scalar/0", "has 112 characters, and a template takes 100"},
	}
	for _, tt := range tests {
		p := Target.Export(tt.job)
		if tt.says == "" {
			if len(p.Refused) > 0 {
				t.Errorf("%s: %v", tt.name, p.Refused)
			}
			continue
		}
		if !slices.ContainsFunc(p.Refused, func(n export.Note) bool { return n.Pointer == tt.at && strings.Contains(n.Message, tt.says) }) {
			t.Errorf("%s: %v", tt.name, p.Refused)
		}
	}
}

// Requirements have the names and units of the specification.
func TestRequirements(t *testing.T) {
	t.Parallel()
	p := Target.Export(job(nil, "cpus", "mem", "disk", "gpus", "x-y"))
	var read template
	if err := json.Unmarshal([]byte(p.Files[0].Text), &read); err != nil {
		t.Fatal(err)
	}
	r := read.Steps[0].HostRequirements
	if want := []amount{{"amount.worker.vcpu", 1.5}, {"amount.worker.memory", 1.5}, {"amount.worker.disk.scratch", 1}, {"amount.worker.gpu", 2}, {"amount.seed.x_y", 1.5}}; !slices.Equal(r.Amounts, want) {
		t.Errorf("%v, want %v", r.Amounts, want)
	}
	if a := r.Attributes; len(a) != 2 || !slices.Equal(a[1].AnyOf, []string{"arm64", "x86_64"}) {
		t.Errorf("%v", a)
	}
	if strings.ContainsAny(read.Description, "\x01\r\u0085") {
		t.Errorf("%q", read.Description)
	}
}

// The filter marks lines as they come, keeps what is UTF-8, and replaces other bytes.
func TestFilter(t *testing.T) {
	t.Parallel()
	bash := needs.Program(t, "bash")
	for in, want := range map[string]string{
		"a\nopenjd_fail: x\n":           "| a\n| openjd_fail: x\n",
		"\u00e4\u20ac\U0001d11e\n":      "| \u00e4\u20ac\U0001d11e\n",
		"a\xffb\xc3\n":                  "| a?b?\n",
		"\xed\xa0\x80\xc0\xaf\xf5\n":    "| ??????\n",
		"\xe2\x82":                      "| ??",
		"a\rb\r\n":                      "| a\r| b\r\n",
		"a\u2028openjd_env: A\x0bb\n":   "| a\u2028| openjd_env: A\x0b| b\n",
		"\x00?\n\n":                     "| ??\n| \n",
		"\xe2\x80\xa8\xe2\x80\xa9x\x85": "| \u2028| \u2029| x?",
		"a\r\ropenjd_fail: x\r\n":       "| a\r| \r| openjd_fail: x\r\n",
	} {
		cmd := exec.Command(bash, "-c", frame+"\nfilter_lines")
		cmd.Stdin, cmd.Stderr = strings.NewReader(in), os.Stderr
		if got, err := cmd.Output(); err != nil || string(got) != want {
			t.Errorf("%q became %q, want %q (%v)", in, got, want, err)
		}
	}
	// A line comes through while the input is still open.
	cmd := exec.Command(bash, "-c", frame+"\nfilter_lines")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("first\n")); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 100)
	if n, err := out.Read(buffer); err != nil || string(buffer[:n]) != "| first\n" {
		t.Errorf("%q %v", buffer[:n], err)
	}
	_ = in.Close()
	_ = cmd.Wait()
}
