package scaffold

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/lint/glob"
	"github.com/seedpack/seedpack/seed"
)

func TestName(t *testing.T) {
	t.Parallel()
	for folder, want := range map[string]string{
		"My Job_1": "my-job-1", "cell-count": "cell-count", "--x--": "x", "Größe 2": "gr-e-2", "v1.2": "v1-2", "___": "", "日本": "",
	} {
		if got := Name(folder); got != want {
			t.Errorf("%q gives %q, not %q", folder, got, want)
		}
	}
}

func TestTitle(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"cell-count": "Cell count", "x": "X", "3d-model": "Job 3d model", "7": "Job 7"} {
		if got := titleOf(name); got != want || got == name {
			t.Errorf("%q gives %q, not %q", name, got, want)
		}
	}
}

// A .dockerignore beside a Dockerfile that was there takes nothing from its build.
func TestIgnore(t *testing.T) {
	t.Parallel()
	for dockerfile, want := range map[string]string{
		"FROM a\nCOPY . /app\n":                            "seed.smoke.yaml inputs/ outputs/ output-*/",
		"FROM a\nCOPY inputs/model.bin /\n":                "seed.smoke.yaml outputs/ output-*/",
		"FROM a\nCOPY seed.manifest.json /\n":              "inputs/ outputs/ output-*/",
		"FROM a\nCOPY [\"outputs\", \"inputs\", \"/x\"]\n": "seed.smoke.yaml output-*/",
		"FROM a\nCOPY seed.* inputs outputs output-a /\n":  "",
	} {
		var got []string
		for _, f := range Ignore([]byte(dockerfile), func(name string) bool { return name == "out" }) {
			for _, line := range strings.Split(strings.TrimSpace(string(f.Content)), "\n") {
				if !strings.HasPrefix(line, "#") {
					got = append(got, line)
				}
			}
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%q: %q, want %q", dockerfile, got, want)
		}
	}
}

// The output captures the file that the script writes.
func TestFileName(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"*.csv": "result.csv", "*_marked.png": "result_marked.png", "out/*.csv": "out/result.csv", "result.json": "result.json",
		"table-[0-9].csv": "table-0.csv", "d?m.tif": "dam.tif", "[!a]*.x": "result.x", "*result*": "result", "*/b.txt": "a/b.txt",
	} {
		got := fileName(seed.OutputFile{Name: "RESULT", Pattern: pattern})
		if !glob.Match(pattern, got) {
			t.Errorf("%q does not match %q", pattern, got)
		}
		if got != want {
			t.Errorf("%q gives %q, not %q", pattern, got, want)
		}
	}
}

// A real shell prints the content from the script's format.
func TestFormat(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell")
	}
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, content := range [][]byte{all, []byte("100%, it's \\n\n\"$HOME\" `x`\n"), []byte("grün\t7")} {
		got, err := exec.Command(sh, "-c", "printf "+format(content)).Output()
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%q is printed as %q: %v", content, got, err)
		}
	}
}
