package pack

import (
	"bytes"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/opencontainers/go-digest"

	"github.com/seedpack/seedpack/secret"
)

// A logKey names what a step prints on one of its streams.
type logKey struct {
	vertex digest.Digest
	stream int
}

// hiddenLogs redacts secrets in what steps print. The output comes in parts, and a secret may begin in one and end in
// another. So the end of a part may come with the next one.
type hiddenLogs struct {
	redactor *secret.Redactor
	streams  map[logKey]*secret.Stream
}

func (h *hiddenLogs) hide(status *client.SolveStatus) {
	for _, l := range status.Logs {
		key := logKey{l.Vertex, l.Stream}
		if h.streams[key] == nil {
			h.streams[key] = h.redactor.NewStream()
		}
		l.Data = bytes.Clone(h.streams[key].Next(l.Data)) // it is shown later than the next part comes
	}
	for _, w := range status.Warnings {
		w.Short = []byte(h.redactor.Hide(string(w.Short)))
		for i := range w.Detail {
			w.Detail[i] = []byte(h.redactor.Hide(string(w.Detail[i])))
		}
	}
	for _, v := range status.Vertexes {
		if v.Completed != nil {
			status.Logs = append(status.Logs, h.end(v.Digest, *v.Completed)...)
		}
	}
	status.Logs = withoutEmpty(status.Logs)
}

// end returns what is left of the output of a step that has ended.
func (h *hiddenLogs) end(vertex digest.Digest, at time.Time) (rest []*client.VertexLog) {
	const stdout, stderr = 1, 2
	for _, stream := range []int{stdout, stderr} {
		key := logKey{vertex, stream}
		if s := h.streams[key]; s != nil {
			if data := s.End(); len(data) > 0 {
				rest = append(rest, &client.VertexLog{Vertex: vertex, Stream: stream, Data: data, Timestamp: at})
			}
		}
	}
	return rest
}
