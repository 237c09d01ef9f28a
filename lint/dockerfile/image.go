package dockerfile

import (
	"maps"
	"slices"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// An Image is what the text of a Dockerfile says of its image. A base image that another Dockerfile made is not known.
type Image struct {
	// Entrypoint are the words of ENTRYPOINT; with Shell, one word: the text that a shell runs. Nil: it is not set here.
	Entrypoint []string
	Shell      bool
	// Cmd are the words of CMD, which the command of a manifest replaces; with CmdShell, one word. Nil: it is not set here.
	Cmd      []string
	CmdShell bool
	User     string   // of the last USER; empty: it is not set here
	Env      []string // names of variables that the image has, in their order
	// Labels are those of the final stage, and of the stages that it is built from. Of equal keys the last counts.
	Labels []Label
}

// A Label is one label of an Image.
type Label struct {
	Key string
	// Value is the label's value. Variables that the Dockerfile sets are replaced; others stand in it as ${NAME}.
	Value string
	// Unescaped are the variables in Value that are not escaped and not set: a build replaces them by nothing.
	Unescaped []string
	Line      int // from 1
}

// Read reads what a Dockerfile says of its image. An error says why the text is no Dockerfile.
func Read(text []byte) (*Image, error) {
	f, err := read(text)
	if err != nil {
		return nil, err
	}
	image := &Image{}
	lineage, _ := f.lineage()
	for _, s := range slices.Backward(lineage) {
		if e, ok := last[*instructions.EntrypointCommand](s); ok {
			image.Entrypoint, image.Shell = e.CmdLine, e.PrependShell
			image.Cmd, image.CmdShell = nil, false // it does not go with another ENTRYPOINT
		}
		if c, ok := last[*instructions.CmdCommand](s); ok {
			image.Cmd, image.CmdShell = c.CmdLine, c.PrependShell
		}
		if u, ok := last[*instructions.UserCommand](s); ok {
			image.User = u.User
		}
		for _, e := range commands[*instructions.EnvCommand](s) {
			for _, pair := range e.Env {
				image.Env = append(image.Env, pair.Key)
			}
		}
		f.readLabels(s, image)
	}
	return image, nil
}

// readLabels adds the labels of a stage.
func (f *file) readLabels(s *instructions.Stage, image *Image) {
	env := keptVariables{set: map[string]string{}}
	for _, c := range s.Commands {
		switch c := c.(type) {
		case *instructions.EnvCommand:
			for _, pair := range c.Env {
				env.assign(f, pair.Key, pair.Value)
			}
		case *instructions.ArgCommand:
			for _, arg := range c.Args {
				if arg.Value != nil {
					env.assign(f, arg.Key, *arg.Value)
				}
			}
		case *instructions.LabelCommand:
			for _, pair := range c.Labels {
				image.set(f.readLabel(pair, env, c.Location()[0].Start.Line))
			}
		}
	}
}

func (f *file) readLabel(pair instructions.KeyValuePair, env keptVariables, line int) Label {
	key, _ := f.expand(pair.Key)
	env.kept = map[string]bool{}
	result, err := shell.NewLex(f.escape).ProcessWordWithMatches(pair.Value, env)
	l := Label{Key: key, Value: result.Result, Unescaped: slices.Sorted(maps.Keys(env.kept)), Line: line}
	if err != nil { // a substitution that the builder does not know either
		l.Value, _ = f.expand(pair.Value)
		if l.Value == "" {
			l.Value = pair.Value
		}
	}
	return l
}

func (i *Image) set(l Label) {
	i.Labels = slices.DeleteFunc(i.Labels, func(old Label) bool { return old.Key == l.Key })
	i.Labels = append(i.Labels, l)
}

// keptVariables is an environment that keeps variables which are not set, as ${NAME}.
type keptVariables struct {
	set  map[string]string
	kept map[string]bool
}

func (v keptVariables) assign(f *file, key, value string) {
	result, err := shell.NewLex(f.escape).ProcessWordWithMatches(value, keptVariables{v.set, map[string]bool{}})
	if err == nil {
		v.set[key] = result.Result
	}
}

// Get returns the value of a variable, or ${NAME} for one that is not set.
func (v keptVariables) Get(name string) (string, bool) {
	if value, ok := v.set[name]; ok {
		return value, true
	}
	v.kept[name] = true
	return "${" + name + "}", true
}

// Keys returns the names of the variables that are set.
func (v keptVariables) Keys() []string { return slices.Sorted(maps.Keys(v.set)) }
