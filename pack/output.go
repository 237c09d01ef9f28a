package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/client"
)

// An Output is a place to which the image or its files are written.
type Output struct {
	Type string // oci, docker, tar or local
	// Dest is a file, or "-" for Stdout. It is a directory for type local or if Dir is set.
	Dest   string
	Dir    bool      // a layout in a directory instead of an archive
	Stdout io.Writer // required if Dest is "-"
	// Load takes the archive instead of a file, after the verification.
	Load  func(context.Context, io.Reader) error
	Attrs map[string]string // further attributes of BuildKit's exporter
	// LoadInto is the address of the Docker Engine to which Load sends. If that engine builds the image, it only names
	// it.
	LoadInto string
	// Runs returns the platform of the engine that Load hands to. It gets the image of that one among several. Nil: the
	// output is no engine's, and takes any image.
	Runs func(context.Context) (string, error)
	// Name is the reference that is written into the file.
	Name string

	into string // file or directory that a node writes its part to; empty: a place of its own
}

// outputAttrs are attributes of exporters that change how the image is written. They change neither its name nor its
// times.
var outputAttrs = []string{"compression", "compression-level", "force-compression", "oci-mediatypes", "platform-split"}

// ParseOutput reads buildx's syntax: type=oci,dest=FILE, or with tar=false a directory. DIR alone has type local. "-"
// alone is a tar on standard output.
func ParseOutput(s string) (Output, error) {
	fields, err := Fields(s)
	if err != nil {
		return Output{}, fmt.Errorf("output %q: %w", s, err)
	}
	o := Output{Attrs: map[string]string{}}
	if len(fields) == 1 && !strings.Contains(s, "=") {
		o.Type, o.Dest = "local", s
		if s == "-" {
			o.Type = "tar"
		}
		err = o.check(s)
		return o, err
	}
	for _, field := range fields {
		if err := o.set(field); err != nil {
			return Output{}, fmt.Errorf("output %q: %w", s, err)
		}
	}
	err = o.check(s)
	return o, err
}

func (o *Output) set(field Field) error {
	key, value := strings.TrimSpace(strings.ToLower(field.Key)), field.Value
	switch {
	case !field.Assigned:
		return fmt.Errorf("%q must be NAME=VALUE", field.Text)
	case key == "type":
		o.Type = value
	case key == "dest":
		o.Dest = value
	case key == "tar":
		archive, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("tar %q must be true or false", value)
		}
		o.Dir = !archive
	case key == "name":
		return errors.New("name is not for you to choose: it is what the manifest gives")
	case slices.Contains(outputAttrs, key) || strings.HasPrefix(key, "annotation"):
		o.Attrs[key] = value
	default:
		return fmt.Errorf("%q is unknown: write type=oci,dest=FILE", key)
	}
	return nil
}

// check refuses what cannot be meant. It sets Dir of an output that is a directory by its type.
func (o *Output) check(s string) error {
	switch {
	case o.Type == "image" || o.Type == "registry":
		return fmt.Errorf("output %q: --push publishes to a registry", s)
	case !slices.Contains([]string{"oci", "docker", "tar", "local"}, o.Type):
		return fmt.Errorf("output %q: type %q must be oci, docker, tar or local", s, o.Type)
	case o.Dest == "" && o.Type == "docker" && !o.Dir:
		return fmt.Errorf("output %q: has no dest: write dest=FILE, or --load to hand the image to the Docker Engine", s)
	case o.Dest == "":
		return fmt.Errorf("output %q: has no dest: write type=%s,dest=FILE", s, o.Type)
	case o.Dir && o.Type == "tar":
		return fmt.Errorf("output %q: write type=local for a directory", s)
	}
	o.Dir = o.Dir || o.Type == "local"
	if o.Dir && o.Dest == "-" {
		return fmt.Errorf("output %q: a directory cannot go to standard output", s)
	}
	return nil
}

// image reports whether the output holds the image. Otherwise it holds only the files.
func (o *Output) image() bool { return o.Type == "oci" || o.Type == "docker" }

// CheckOutputs returns an error, before the build, if a format cannot hold the image or if two outputs have the same
// place.
func CheckOutputs(outputs []Output, platforms int, attested bool) error {
	seen := map[string]bool{}
	for _, o := range outputs {
		if o.Runs != nil && attested {
			return fmt.Errorf("%s takes no attestations: leave out --provenance and --sbom, or write type=oci,dest=FILE", o.Dest)
		}
		if o.Type == "docker" && o.Runs == nil && platforms > 1 {
			return fmt.Errorf("output %s: a docker archive holds one platform, not %d: write type=oci", o.Dest, platforms)
		}
		if o.Type == "docker" && attested {
			return fmt.Errorf("output %s: a docker archive cannot hold attestations: write type=oci, or leave out --provenance and --sbom", o.Dest)
		}
		place := filepath.Clean(o.Dest)
		if o.Load == nil && seen[place] {
			return fmt.Errorf("output %s: two outputs cannot go there: give each its own dest", o.Dest)
		}
		seen[place] = seen[place] || o.Load == nil
	}
	return nil
}

// outputs are those of a build that are not yet kept or discarded.
type outputs []*pending

// add adds an exporter. It writes to a temporary file or directory next to the output's place, or to where a node's part goes.
func (all *outputs) add(opt *client.SolveOpt, o Output, r *Request) error {
	e := client.ExportEntry{Type: o.Type, Attrs: map[string]string{}}
	e.OutputDir, e.Output = o.into, func(map[string]string) (io.WriteCloser, error) { return os.Create(o.into) }
	if o.into == "" {
		p, err := newPending(o, r.Roots)
		if err != nil {
			return err
		}
		*all = append(*all, p)
		if o.Type == "local" {
			e.OutputDir = p.stage.Path()
		}
		if o.picks(r) {
			p.keep = p.loadOwn
		}
		e.Output = func(map[string]string) (io.WriteCloser, error) { return p.create() }
	}
	if o.Type == "local" {
		e.Output = nil
	} else {
		e.OutputDir = ""
	}
	if o.picks(r) {
		e.Type = "oci" // an archive in Docker's format holds one platform
	}
	for name, value := range o.Attrs {
		e.Attrs[name] = value
	}
	if o.image() {
		e.Attrs["name"] = o.Name
		if o.Attrs[RewriteTimestamp] == "" {
			date(e.Attrs, r.Epoch)
		}
	}
	opt.Exports = append(opt.Exports, e)
	return nil
}

// RewriteTimestamp is the attribute of exporters that dates files in layers. An output that sets it is not dated otherwise.
const RewriteTimestamp = "rewrite-timestamp"

// date sets the times of files in layers to the epoch if there is one. Without it, two builds never give the same
// bytes.
func date(attrs map[string]string, epoch string) {
	if epoch != "" {
		attrs[RewriteTimestamp] = "true"
	}
}

func (all outputs) discard() error {
	var errs []error
	for _, o := range all {
		errs = append(errs, o.discard())
	}
	return errors.Join(errs...)
}

func (all outputs) written() []Written {
	var written []Written
	for _, o := range all {
		written = append(written, Written{o})
	}
	return written
}
