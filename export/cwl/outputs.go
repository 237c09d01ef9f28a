package cwl

import (
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/lint/glob"
	"github.com/seedpack/seedpack/seed"
)

// outputType returns the type of a JSON output. It is optional always, since a job that failed has none.
func outputType(kind string) string {
	switch kind {
	case "integer":
		return "long?"
	case "number":
		return "double?"
	case "boolean", "string":
		return kind + "?"
	}
	return "Any?"
}

func (w *writer) outputs() object {
	out := object{}
	for i, o := range w.Manifest.Job.Interface.Outputs.Files {
		pattern, ok := glob.Fnmatch(o.Pattern)
		if !ok {
			w.p.Refuse(seed.AtOutputFiles.Index(i), fmt.Sprintf("the pattern of output %q cannot be written for CWL, whose patterns have no backslash", o.Name))
			continue
		}
		about := object{{"name", export.OneLine(o.Name)}, {"pattern", export.OneLine(o.Pattern)}, {"required", o.Required}, {"multiple", o.Multiple},
			{"top", !strings.Contains(pattern, "/")}}
		out = append(out, field{w.ids["file "+o.Name], object{{"type", fileType(o)}, {"label", export.OneLine(o.Name)}, {"doc", "Output file. Media type: " + export.OneLine(o.MediaType)},
			{"outputBinding", object{{"glob", text(pattern)}, {"outputEval", call("seedFiles", variable("self"), variable("runtime"), about)}}},
			{"secondaryFiles", []any{object{{"pattern", seed.SideCarSuffix}, {"required", false}}}}}})
	}
	for _, o := range w.Manifest.Job.Interface.Outputs.JSON {
		key := o.Key
		if key == "" {
			key = o.Name
		}
		about := object{{"name", export.OneLine(o.Name)}, {"key", key}, {"type", o.Type}, {"required", o.Required}}
		out = append(out, field{w.ids["json "+o.Name], object{{"type", outputType(o.Type)}, {"label", export.OneLine(o.Name)}, {"doc", "Output, a JSON " + o.Type},
			{"outputBinding", object{{"glob", seed.OutputsFile}, {"loadContents", true}, {"outputEval", call("seedJSON", variable("self"), variable("runtime"), about)}}}}})
	}
	if w.app {
		out = append(out, field{w.ids["directory"], object{{"type", "Directory"}, {"label", "Outputs"}, {"doc", "All files that the job wrote"}, {"outputBinding", object{{"glob", "."}}}}})
	}
	return out
}

func fileType(o seed.OutputFile) string {
	switch {
	case o.Multiple:
		return "File[]"
	case o.Required:
		return "File"
	}
	return "File?"
}

// maxID is the longest id. Tools read a document as YAML, in which a name in a flow mapping has at most 1,024 characters.
const maxID = 1000

func (w *writer) checkID(what, id string, at seed.Pointer) {
	if len(id) > maxID {
		w.p.Refuse(at, fmt.Sprintf("the %s %s has %d characters, and tools of CWL take %d", what, export.Cut(id, 30), len(id), maxID))
	}
}

// nameOutputs gives outputs their ids. Inputs and outputs share one space of names.
func (w *writer) nameOutputs() {
	taken := map[string]bool{}
	for _, p := range w.Parameters {
		taken[p.Name] = true
		w.checkID("input", p.Name, p.Pointer)
	}
	name := func(kind, name string, at seed.Pointer) {
		own := strings.ReplaceAll(id(name), "-", "_")
		free := own
		for free == "" || taken[free] {
			free += "_output"
		}
		if free != own {
			w.p.Lose(at, fmt.Sprintf("output %q is called %s, since another value has that name", name, free))
		}
		taken[free], w.ids[kind+name] = true, free
		w.checkID("output", free, at)
	}
	for i, o := range w.Manifest.Job.Interface.Outputs.Files {
		name("file ", o.Name, seed.AtOutputFiles.Index(i))
	}
	for i, o := range w.Manifest.Job.Interface.Outputs.JSON {
		name("json ", o.Name, seed.AtOutputJSON.Index(i))
	}
	if w.app {
		free := func(id string) string {
			for taken[id] {
				id += "_"
			}
			taken[id] = true
			return id
		}
		// A step has an id in the same space as the values of its workflow.
		w.ids["directory"], w.step = free("outdir"), free("run")
	}
}
