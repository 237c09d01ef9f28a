package pack

import (
	"strings"

	"github.com/moby/buildkit/client"
)

// The stages that a build shows, in their order. The names are those of the pipeline.
const (
	showsBuild = iota
	showsSmoke
	showsPush
	stageCount
)

var shownStages = [stageCount]string{"build", "smoke", "push"}

// A stager shows the statuses of a build stage by stage. What is shown comes later than what happens: of a cached build, its last
// lines would come after the first run of the gate has begun. So the display of a stage ends before Reached says the next one.
type stager struct {
	progress Progress
	show     func(feed chan *client.SolveStatus) // shows until the feed is closed
	stages   map[string]int                      // by the digest of a vertex
	at       int
	feed     chan *client.SolveStatus
	done     chan struct{}
}

// run shows all statuses, until feed is closed.
func (s *stager) run(feed chan *client.SolveStatus) {
	s.stages = map[string]int{}
	s.open()
	for status := range feed {
		for stage, part := range s.split(status) {
			if part == nil {
				continue
			}
			if stage > s.at {
				s.close()
				s.at = stage
				s.progress.Reached(shownStages[stage])
				s.open()
			}
			s.feed <- part
		}
	}
	s.close()
}

func (s *stager) open() {
	s.feed, s.done = make(chan *client.SolveStatus), make(chan struct{})
	go func() {
		defer close(s.done)
		s.show(s.feed)
	}()
}

func (s *stager) close() {
	close(s.feed)
	<-s.done
}

// split divides a status by the stages of its vertices. Warnings are of the build.
func (s *stager) split(status *client.SolveStatus) [stageCount]*client.SolveStatus {
	var parts [stageCount]*client.SolveStatus
	part := func(stage int) *client.SolveStatus {
		if parts[stage] == nil {
			parts[stage] = &client.SolveStatus{}
		}
		return parts[stage]
	}
	for _, v := range status.Vertexes {
		digest := v.Digest.String()
		if _, known := s.stages[digest]; !known {
			s.stages[digest] = stageOfVertex(v.Name)
		}
		p := part(s.stages[digest])
		p.Vertexes = append(p.Vertexes, v)
	}
	for _, v := range status.Statuses {
		p := part(s.stages[v.Vertex.String()])
		p.Statuses = append(p.Statuses, v)
	}
	for _, v := range status.Logs {
		p := part(s.stages[v.Vertex.String()])
		p.Logs = append(p.Logs, v)
	}
	for _, v := range status.Warnings {
		p := part(s.stages[v.Vertex.String()])
		p.Warnings = append(p.Warnings, v)
	}
	return parts
}

// smokeMark is how the names of all vertices of runs begin. Those of what all runs need begin with runsMark: they are made beside
// the build.
const (
	smokeMark = "[smoke] "
	runsMark  = "[internal] smoke runs: "
)

// stageOfVertex tells the stage of a vertex by its name. Names of steps of a Dockerfile have their number behind the stage's name.
func stageOfVertex(name string) int {
	if _, rest, ok := strings.Cut(name, "] "); ok && (strings.HasPrefix(rest, smokeMark) || strings.HasPrefix(rest, "exporting ")) {
		name = rest // behind the name of a node
	}
	switch {
	case strings.HasPrefix(name, smokeMark):
		return showsSmoke
	case strings.HasPrefix(name, "exporting "):
		return showsPush
	}
	return showsBuild
}
