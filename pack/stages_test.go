package pack

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"
)

// vertex returns the statuses of a vertex that begins, prints a line, and ends.
func vertex(name string) (all []*client.SolveStatus) {
	d, now := digest.FromString(name), time.Now()
	all = append(all, &client.SolveStatus{Vertexes: []*client.Vertex{{Digest: d, Name: name, Started: &now}}})
	all = append(all, &client.SolveStatus{Logs: []*client.VertexLog{{Vertex: d, Data: []byte("printed by " + name + "\n"), Timestamp: now}}})
	return append(all, &client.SolveStatus{Vertexes: []*client.Vertex{{Digest: d, Name: name, Started: &now, Completed: &now}}})
}

// All lines of a stage stand behind the word that it was reached, and before the next one, however fast the stages follow one
// another and in whichever statuses they come.
func TestProgressStageByStage(t *testing.T) {
	t.Parallel()
	for name, node := range map[string]string{"one node": "", "several nodes": "amd64"} {
		for _, joined := range []bool{false, true} {
			var b bytes.Buffer
			p := Progress{Mode: "plain", Writer: &b, Escape: func(s string) string { return s }}
			p.Reached = func(stage string) { b.WriteString("REACHED " + stage + "\n") }
			screen, err := p.open()
			if err != nil {
				t.Fatal(err)
			}
			var all []*client.SolveStatus
			for _, name := range []string{"[internal] load build definition", "[smoke 1/1] RUN true", "[smoke] prepare", "[smoke] a case", "[auth] token", "exporting to image", "exporting cache"} {
				all = append(all, vertex(name)...)
			}
			if joined {
				one := &client.SolveStatus{}
				for _, s := range all {
					one.Vertexes, one.Logs = append(one.Vertexes, s.Vertexes...), append(one.Logs, s.Logs...)
				}
				all = []*client.SolveStatus{one}
			}
			for _, s := range all {
				if node != "" {
					mark(s, node)
				}
				screen.feed <- s
			}
			screen.close()
			got := strings.Join(regexp.MustCompile(`(?m)REACHED .*$|(\[internal\]|\[smoke 1/1\]|\[smoke\] a case|exporting to) ?[a-zR]*`).FindAllString(b.String(), -1), ", ")
			order := []string{"[internal]", "[smoke 1/1]", "REACHED smoke", "[smoke] a case", "REACHED push", "exporting to"}
			last := -1
			for _, want := range order {
				at := strings.Index(got, want)
				if at <= last {
					t.Errorf("%s, joined %v: %s is at the wrong place:\n%s", name, joined, want, &b)
				}
				last = at
			}
			if strings.LastIndex(b.String(), "[smoke 1/1]") > strings.Index(b.String(), "REACHED smoke") {
				t.Errorf("%s, joined %v: lines of the build come late:\n%s", name, joined, &b)
			}
		}
	}
}
