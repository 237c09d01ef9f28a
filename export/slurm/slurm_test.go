package slurm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/seed"
)

// Directives have whole numbers, and a job's name that is one word.
func TestHead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		timeout int64
		scalars string
		want    []string
		not     string
	}{
		{"tiler", 60, `{"name": "cpus", "value": 0.25}, {"name": "mem", "value": 63.5}, {"name": "sharedMem", "value": 16}, {"name": "disk", "value": 0.5}`,
			[]string{"job-name=tiler", "cpus-per-task=1", "mem=80M", "tmp=1M", "time=3", "signal=B:TERM@30"}, "gres"},
		{"tiler", 10, `{"name": "cpus", "value": 2.5}, {"name": "gpus", "value": 1.2}, {"name": "mem", "value": 0}`, []string{"cpus-per-task=3", "gres=gpu:2", "time=2"}, "mem="},
		{"a b\n#SBATCH --x", 3600, "", []string{"job-name=a_b__SBATCH_--x", "time=62"}, "\n#SBATCH --x"},
		{strings.Repeat("x", 300), 50, "", []string{"job-name=" + strings.Repeat("x", 300), "output=" + strings.Repeat("x", 200) + "-%j.out", "time=2"}, "mem="},
		{"%%", 9_000_000_000_000_000_000, "", []string{"job-name=__", "output=%x-%j.out", "time=35791393"}, ""},
	}
	for _, tt := range tests {
		text := fmt.Sprintf(`{"job": {"name": %q, "timeout": %d, "resources": {"scalar": [%s]}}}`, tt.name, tt.timeout, tt.scalars)
		head := Head(export.New(seed.Parse([]byte(text)), export.Image{Reference: "x"}, export.Options{}))
		for _, want := range tt.want {
			if !strings.Contains(head, "\n#SBATCH --"+want+"\n") {
				t.Errorf("%s has no %s:\n%s", text, want, head)
			}
		}
		if tt.not != "" && strings.Contains(head, tt.not) {
			t.Errorf("%s has %s:\n%s", text, tt.not, head)
		}
	}
}
