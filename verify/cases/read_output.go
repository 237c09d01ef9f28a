package cases

import (
	"encoding/hex"
	"io"
	"strconv"

	"go.yaml.in/yaml/v4"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/seed"
)

// maxExpected is how many bytes of a file a run returns.
const maxExpected = 16 << 20

func (r *reader) expectOutputs(n *yaml.Node) map[string]OutputExpectation {
	all := map[string]OutputExpectation{}
	r.pairs(n, "outputs", func(key, value *yaml.Node) {
		out := named(r, key, "output file", r.m.Job.Interface.Outputs.Files, func(f *seed.OutputFile) string { return f.Name })
		if out == nil {
			return
		}
		var e OutputExpectation
		members := map[string]func(*yaml.Node){
			"count": func(n *yaml.Node) {
				count := int(r.number(n, "count"))
				e.Count = &count
			},
			"file":       func(n *yaml.Node) { e.Content, e.File = r.expectedContent(n), deref(n).Value },
			"sha256":     func(n *yaml.Node) { e.SHA256 = r.digest(n) },
			"min-size":   func(n *yaml.Node) { e.MinSize = r.number(n, "min-size") },
			"max-size":   func(n *yaml.Node) { e.MaxSize = r.number(n, "max-size") },
			"media-type": func(n *yaml.Node) { e.MediaType = r.text(n, "media-type") },
			"json": func(n *yaml.Node) {
				if v, ok := r.value(n, 0); ok {
					e.JSON = compact(v)
				}
			},
		}
		for member, read := range members {
			members[member] = func(n *yaml.Node) {
				r.note(n, "outputs", out.Name, member)
				read(n)
			}
		}
		r.members(value, "the output", members)
		all[out.Name] = e
	})
	return all
}

func (r *reader) number(n *yaml.Node, what string) int64 {
	text := r.text(n, what)
	v, err := strconv.ParseInt(text, 10, 64)
	if (err != nil || v < 0) && text != "" {
		r.add(typeRule, n, "%s is %q, it should be a whole number from 0", what, text)
	}
	return v
}

func (r *reader) digest(n *yaml.Node) string {
	text := r.text(n, "sha256")
	if sum, err := hex.DecodeString(text); (err != nil || len(sum) != 32) && text != "" {
		r.add(typeRule, n, "sha256 is %q, it should be 64 hexadecimal digits", text)
	}
	return text
}

// expectedContent reads a file next to the smoke file. The result is nil only if it cannot be read.
func (r *reader) expectedContent(n *yaml.Node) []byte {
	name, ok := r.localPath(n)
	if !ok {
		return nil
	}
	f, err := disk.OpenIn(r.root, name)
	if err != nil {
		r.noFile(n, name, err)
		return nil
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxExpected+1))
	switch {
	case err != nil:
		r.noFile(n, name, err)
	case len(content) > maxExpected:
		r.add(pathRule, n, "%q has more than %d bytes, give its sha256 or size instead", name, maxExpected)
	}
	return append([]byte{}, content...)
}
