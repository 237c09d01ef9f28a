package cases

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/seed"
)

// madeUpMark stands behind each value that Example has made up, as a comment. The value counts as made up for as long as it is
// the same and has the mark. So an author who means just this value takes out the mark.
const madeUpMark = "made up"

// exampleSetting is the value of a setting in Example.
const exampleSetting = "value"

// emptyMount is a mount without files.
const emptyMount = "empty"

// noteMadeUp adds to a case the members whose values in the smoke file are still those of Example.
func (r *reader) noteMadeUp(n *yaml.Node, c *Case) {
	face := &r.m.Job.Interface
	r.eachMarked(n, "inputs", func(name, value string) {
		i := slices.IndexFunc(face.Inputs.Files, func(f seed.InputFile) bool { return f.Name == name })
		if i >= 0 && r.isSample(value, face.Inputs.Files[i].MediaTypes) {
			c.MadeUp = append(c.MadeUp, seed.AtInputFiles.Index(i))
		}
	})
	r.eachMarked(n, "json", func(name, value string) {
		i := slices.IndexFunc(face.Inputs.JSON, func(j seed.InputJSON) bool { return j.Name == name })
		if i >= 0 && string(c.JSON[name]) == madeJSON(face.Inputs.JSON[i].Type) {
			c.MadeUp = append(c.MadeUp, seed.AtInputJSON.Index(i))
		}
	})
	r.eachMarked(n, "settings", func(name, value string) {
		i := slices.IndexFunc(face.Settings, func(s seed.Setting) bool { return s.Name == name })
		if i >= 0 && value == exampleSetting {
			c.MadeUp = append(c.MadeUp, seed.AtSettings.Index(i))
		}
	})
	r.eachMarked(n, "mounts", func(name, value string) {
		i := slices.IndexFunc(face.Mounts, func(m seed.Mount) bool { return m.Name == name })
		if i >= 0 && value == emptyMount {
			c.MadeUp = append(c.MadeUp, seed.AtMounts.Index(i))
		}
	})
}

// eachMarked calls do for the members of a section of a case that have the mark. The value of one that is no text is empty.
func (r *reader) eachMarked(n *yaml.Node, section string, do func(name, value string)) {
	of := valueOf(deref(n), section)
	if of == nil || deref(of).Kind != yaml.MappingNode {
		return
	}
	content := deref(of).Content
	for i := 0; i+1 < len(content); i += 2 {
		value := deref(content[i+1])
		if strings.Contains(value.LineComment+content[i+1].LineComment+content[i].LineComment, madeUpMark) {
			do(content[i].Value, value.Value)
		}
	}
}

// valueOf returns the value of a key of a mapping, or nil.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// isSample reports whether a file has the bytes that Sample gives.
func (r *reader) isSample(name string, mediaTypes []string) bool {
	want := Sample(mediaTypes...)
	f, err := disk.OpenIn(r.root, name)
	if err != nil {
		return false // reading the file reports it
	}
	defer f.Close()
	got, err := io.ReadAll(io.LimitReader(f, int64(len(want))+1))
	return err == nil && bytes.Equal(got, want)
}
