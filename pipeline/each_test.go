package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

// Lines of several jobs never mix, however they are cut.
func TestPrefixWriter(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, job := range []string{"a", "b", "c"} {
		group.Go(func() {
			w := &prefixWriter{mu: &mu, next: &out, prefix: "[" + job + "] "}
			for n := range 100 {
				for _, part := range []string{"line ", fmt.Sprint(n, " of ", job, "\nand"), " another\n\n"} {
					if _, err := w.Write([]byte(part)); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	next := map[string]int{}
	for line := range strings.Lines(out.String()) {
		job := line[1:2]
		want := []string{fmt.Sprintf("[%s] line %d of %s\n", job, next[job]/3, job), "[" + job + "] and another\n", "[" + job + "] \n"}[next[job]%3]
		if line != want {
			t.Fatalf("line is %q, not %q", line, want)
		}
		next[job]++
	}
	if next["a"] != 300 || next["b"] != 300 || next["c"] != 300 {
		t.Errorf("lines of each: %v", next)
	}
}

func tasks(names ...string) (all []Task) {
	for _, name := range names {
		text := fmt.Sprintf(`{"job": {"name": %q, "jobVersion": "1.0.0", "packageVersion": "1.0.0"}}`, name)
		all = append(all, Task{Job: &job.Job{Path: name + "/seed.manifest.json", Dir: name, Manifest: seed.Parse([]byte(text))}})
	}
	return all
}

// Options that do not fit the tasks are refused, before anything is done.
func TestNew(t *testing.T) {
	t.Parallel()
	archive, layout := pack.Output{Type: "oci", Dest: "x.tar"}, pack.Output{Type: "oci", Dest: "x", Dir: true}
	for _, tt := range []struct {
		name  string
		opt   Options
		tasks []Task
		want  string
	}{
		{"one job", Options{Outputs: []pack.Output{archive}}, tasks("a"), ""},
		{"an archive for two jobs", Options{Outputs: []pack.Output{archive}}, tasks("a", "b"), "--output x.tar would be overwritten by each of the 2 jobs"},
		{"a layout for two jobs", Options{Outputs: []pack.Output{layout}}, tasks("a", "b"), ""},
		{"two jobs of one name, one after the other", Options{}, tasks("a", "a"), ""},
		{"two jobs of one name, side by side", Options{Parallel: 2}, tasks("a", "b", "a"), "are both called a-1.0.0-seed:1.0.0"},
		{"two jobs on a terminal", Options{Parallel: 2, Progress: "tty"}, tasks("a", "b"), "--progress tty shows one job at a time"},
		{"one job on a terminal", Options{Parallel: 2, Progress: "tty"}, tasks("a"), ""},
	} {
		_, err := New(tt.opt, Host{}, tt.tasks)
		if (err == nil) != (tt.want == "") || err != nil && (!exit.IsUsage(err) || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// What came of jobs is given in the order of the tasks, however long each takes.
func TestEachKeepsOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, err := New(Options{Parallel: 3}, Host{}, tasks("a", "b", "c", "d"))
		if err != nil {
			t.Fatal(err)
		}
		takes := map[string]time.Duration{"a": 4 * time.Second, "b": time.Second, "c": 2 * time.Second, "d": time.Second}
		var got []string
		start := time.Now()
		for f := range p.Each(t.Context(), func(_ context.Context, task Task) (*Result, error) {
			time.Sleep(takes[task.Dir])
			return &Result{Task: task}, nil
		}) {
			got = append(got, fmt.Sprint(f.Result.Dir, " ", f.Took))
		}
		if want := "[a 4s b 1s c 2s d 1s]"; fmt.Sprint(got) != want || time.Since(start) != 4*time.Second {
			t.Errorf("%v in %v, want %s in 4s", got, time.Since(start), want)
		}
	})
}

// If the reader of Each stops, the jobs that still run end, and Each waits for them.
func TestEachStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, err := New(Options{Parallel: 2}, Host{}, tasks("a", "b", "c"))
		if err != nil {
			t.Fatal(err)
		}
		var begun, ended atomic.Int64
		for range p.Each(t.Context(), func(ctx context.Context, task Task) (*Result, error) {
			if task.Dir == "a" {
				time.Sleep(time.Second) // until b has begun
				return &Result{Task: task}, nil
			}
			begun.Add(1)
			<-ctx.Done()
			ended.Add(1)
			return &Result{Task: task}, ctx.Err()
		}) {
			break
		}
		if begun.Load() == 0 || ended.Load() != begun.Load() {
			t.Errorf("%d jobs were begun, %d ended", begun.Load(), ended.Load())
		}
	})
}
