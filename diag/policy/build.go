package policy

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"
	"go.yaml.in/yaml/v4"

	"github.com/seedpack/seedpack/disk"
)

// A Build says how the jobs beside and below a policy file are built. The zero value says nothing.
//
// It has no place for a registry, a builder, secrets or entitlements. Whoever can change a file of a repository could
// otherwise have a build take more than its caller gives it.
type Build struct {
	File, Context, Target Setting
	Platforms             []Setting          // os/arch[/variant]
	Args, Contexts        map[string]Setting // by their names
}

// A Setting is one value with its place. The zero value is none.
type Setting struct {
	Value string
	// At is the place of the value in its file, as PATH:LINE:COLUMN.
	At string
}

// Source is where the value comes from, for people: PATH:LINE.
func (s Setting) Source() string { return s.At[:max(0, strings.LastIndexByte(s.At, ':'))] }

// Wrong returns an error that names the place of the value.
func (s Setting) Wrong(format string, args ...any) error {
	return &Error{[]string{s.At + ": " + fmt.Sprintf(format, args...)}}
}

// Settings are what a policy file says of the build of a job.
type Settings struct {
	*Build
	dir  string // of the file
	root string // absolute: of the repository
}

// Path returns a path of the settings. In the file it is relative to the directory of the file. A path that leads out of the
// repository is an error, which names the flag that may say it. Without a repository, the directory of the file counts.
func (s *Settings) Path(of Setting, what, flag string) (string, error) {
	path := filepath.Join(s.dir, filepath.FromSlash(of.Value))
	if slices.Contains(strings.Split(filepath.ToSlash(path), "/"), ".git") {
		return "", of.Wrong("%s %q is what git keeps, which may have a token in it: only the command line may do that, with %s", what, of.Value, flag)
	}
	if err := (disk.Roots{s.root}).Check(path); err != nil {
		return "", of.Wrong("%s %q leads out of %s: only the command line may do that, with %s", what, of.Value, s.root, flag)
	}
	return path, nil
}

func (r *reader) build(n *yaml.Node) {
	b := &Build{Args: map[string]Setting{}, Contexts: map[string]Setting{}}
	known := map[string]func(*yaml.Node){
		"paths":     func(n *yaml.Node) { r.mark(pathsSection); r.buildPaths(n) },
		"file":      func(n *yaml.Node) { b.File = r.buildPath(n, "file", "--file") },
		"context":   func(n *yaml.Node) { b.Context = r.buildPath(n, "context", "--context") },
		"target":    func(n *yaml.Node) { b.Target, _ = r.setting(n, "target") },
		"platforms": func(n *yaml.Node) { b.Platforms = r.platforms(n) },
		"build-args": func(n *yaml.Node) {
			r.settings(n, "build-args", func(name string, value *yaml.Node) { b.Args[name] = r.buildArg(name, value) })
		},
		"build-contexts": func(n *yaml.Node) {
			r.settings(n, "build-contexts", func(name string, value *yaml.Node) {
				b.Contexts[name] = r.buildPath(value, "build context "+name, "--build-context")
			})
		},
	}
	r.members(n, "build", known)
	if n = deref(n); n.Kind != yaml.MappingNode {
		return
	}
	// A section that has only paths hides no settings above, and one without paths hides no paths.
	for i := 0; i+1 < len(n.Content); i += 2 {
		if deref(n.Content[i]).Value != "paths" {
			r.mark(buildSection)
		}
	}
	r.file.Build = b
}

func (r *reader) buildPaths(n *yaml.Node) {
	for _, e := range elements(n) {
		pattern := strings.TrimPrefix(deref(e).Value, "!")
		if clean := path.Clean(filepath.ToSlash(pattern)); clean == ".." || strings.HasPrefix(clean, "../") {
			r.add(deref(e), "paths %q leads out of the directory of this file, and so matches nothing: write it in a .seedpack.yaml above", pattern)
		}
	}
	patterns := r.texts(n, "paths")
	matcher, err := patternmatcher.New(patterns)
	if err == nil {
		_, err = matcher.MatchesOrParentMatches("a") // compiles the patterns
	}
	if err != nil {
		r.add(n, "paths %q: %v", patterns, err)
		return
	}
	r.file.BuildPaths = matcher
}

// setting reads a text with its place.
func (r *reader) setting(n *yaml.Node, what string) (Setting, bool) {
	s, ok := r.text(n, what)
	n = deref(n)
	return Setting{s, fmt.Sprintf("%s:%d:%d", r.file.Path, max(n.Line, 1), max(n.Column, 1))}, ok
}

// buildPath reads a path of this machine. Places elsewhere are for flags.
func (r *reader) buildPath(n *yaml.Node, what, flag string) Setting {
	s, ok := r.setting(n, what)
	switch {
	case !ok:
	case s.Value == "-" || strings.Contains(s.Value, "://") || strings.HasPrefix(s.Value, "git@"):
		r.add(deref(n), "%s %q is not a path: only the command line may name a place outside of the repository, with %s", what, s.Value, flag)
	case filepath.IsAbs(s.Value) || strings.HasPrefix(s.Value, "/"):
		r.add(deref(n), "%s %q should be relative to the directory of this file", what, s.Value)
	}
	return s
}

// platforms reads a list, or one text with commas as --platform has it.
func (r *reader) platforms(n *yaml.Node) (all []Setting) {
	for _, e := range elements(n) {
		s, ok := r.setting(e, "platforms")
		if !ok {
			continue
		}
		for _, name := range strings.Split(s.Value, ",") {
			all = append(all, Setting{strings.TrimSpace(name), s.At})
		}
	}
	return all
}

// settings reads a mapping of names. Compose also takes a list there.
func (r *reader) settings(n *yaml.Node, what string, do func(name string, value *yaml.Node)) {
	if l := deref(n); l.Kind == yaml.SequenceNode {
		r.add(l, "%s is a list, it should be a mapping: write NAME: VALUE", what)
		return
	}
	r.pairs(n, what, func(key, value *yaml.Node) {
		if key.Value == "" || strings.ContainsAny(key.Value, "= \t\n") {
			r.add(key, "%q is no name for %s", key.Value, what)
			return
		}
		do(key.Value, value)
	})
}

// buildArg reads the value of a build argument, which may be empty. An argument without a value would take that of the
// environment, which may be secret.
func (r *reader) buildArg(name string, n *yaml.Node) Setting {
	switch v := deref(n); {
	case v.Kind == yaml.ScalarNode && v.ShortTag() == "!!null":
		r.add(v, `build argument %s has no value: write one, or "" for none; only the command line takes it from the environment, with --build-arg %[1]s`, name)
		return Setting{}
	case v.Kind == yaml.ScalarNode && v.Value == "":
		return Setting{"", fmt.Sprintf("%s:%d:%d", r.file.Path, max(v.Line, 1), max(v.Column, 1))}
	}
	s, _ := r.setting(n, "build argument "+name)
	return s
}

// flagsAlone are what a user may look for in a policy file, and why it is not there. A file must not have a build do more than
// its caller allows.
var flagsAlone = []struct {
	keys []string
	flag string
	may  string // what only the command line may do
}{
	{[]string{"registry", "registries", "push"}, "--registry", "say where an image is published"},
	{[]string{"builder", "buildkitd-config", "driver"}, "--builder", "choose the builder"},
	{[]string{"secret", "secrets", "ssh"}, "--secret or --ssh", "give a build secrets"},
	{[]string{"allow", "entitlements", "privileged", "ulimit", "ulimits", "shm-size", "devices"}, "--allow, --ulimit or --shm-size", "give steps more rights"},
	{[]string{"network", "add-host", "add-hosts", "extra-hosts", "insecure-registry", "ca-file"}, "--network, --add-host and others", "change the network"},
	{[]string{"cache-from", "cache-to", "output", "outputs", "load"}, "--cache-from, --cache-to and --output", "read and write elsewhere"},
}

// otherNames are what other tools call the keys of build.
var otherNames = map[string]string{"dockerfile": "file", "args": "build-args", "build-arg": "build-args", "buildargs": "build-args", "platform": "platforms",
	"contexts": "build-contexts", "build-context": "build-contexts", "additional-contexts": "build-contexts", "stage": "target"}

// unknown returns what to say of a key that is not known.
func unknown(what, key string, known []string) string {
	plain := strings.ReplaceAll(strings.ToLower(key), "_", "-")
	for _, f := range flagsAlone {
		if slices.Contains(f.keys, plain) {
			return fmt.Sprintf("%s cannot have %q: only the command line may %s, with %s", what, key, f.may, f.flag)
		}
	}
	end := suggest(key, known, "there are "+strings.Join(known, ", "))
	if other := otherNames[plain]; what == "build" && other != "" {
		end = fmt.Sprintf("did you mean %q?", other)
	}
	return fmt.Sprintf("%s has no key %q: %s", what, key, end)
}
