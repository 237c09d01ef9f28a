package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/catalogue"
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
)

// formatSilo is the form of Silo, the older discovery service.
const formatSilo = "silo"

// discoverOptions say where to search, and what to do with what is found.
type discoverOptions struct {
	network                                networkFlags
	kind, api, references, cache, platform string
	html                                   string
	repositories                           []string
	attachments, jobPack, recheck          bool
	query                                  string
	latest, strict                         bool
	format                                 string
}

func newDiscoverCommand(p *Process) *cobra.Command {
	o := &discoverOptions{}
	kinds := make([]string, len(catalogue.Kinds))
	for i, kind := range catalogue.Kinds {
		kinds[i] = string(kind)
	}
	cmd := &cobra.Command{
		Use:   "discover HOST[/NAMESPACE]|FILE...",
		Short: "Find the Seed images of registries and make a catalogue of them",
		Long: `Discover lists the repositories of a registry that end in -seed, at any depth below the namespace, and
reads the manifest in the label of each image. It pulls no layers. It says which images with that
suffix it skipped, and why.

A registry is listed as its kind needs it: ` + strings.Join(kinds, ", ") + `.
Docker Hub, GitLab, Harbor, GitHub and Quay have lists of their own. Their tokens come from
DOCKERHUB_TOKEN, GITLAB_TOKEN, HARBOR_USERNAME and HARBOR_PASSWORD, GITHUB_TOKEN, and QUAY_TOKEN. A token
goes only to the service's own host; for a host of yours, say with --kind what it is. Registries that cannot be listed are read by
--repository or --references. Credentials for reading images are those of seedpack login.

With --format json it prints a catalogue. A catalogue in a FILE, or - for standard input, is read back
and can be searched without any registry.

Exit status: 0 also if nothing is found (--strict: 1 then, and if images were skipped); 3 if something
could not be listed or read. What was found is printed all the same, with "complete": false.`,
		Example: `  seedpack discover registry.example.com/team
  seedpack discover docker.io/geointseed --query "tiff clouds" --latest
  seedpack discover registry.example.com --cache ~/.cache/seedpack-discover --format json \
    > catalogue.json
  seedpack discover catalogue.json --query geotiff`,
		Annotations: pathArgs(catalogPath),
		RunE:        func(cmd *cobra.Command, args []string) error { return discover(cmd.Context(), p, o, args) },
	}
	s := cmd.Flags()
	s.StringVar(&o.kind, "kind", string(catalogue.Auto), "how the registry lists its repositories: "+strings.Join(kinds, ", "))
	s.StringVar(&o.api, "api", "", "SCHEME://HOST[:PORT] of the service's interface, if it is not the usual one")
	s.StringArrayVar(&o.repositories, "repository", nil, "a repository below HOST[/NAMESPACE] to read in place of listing")
	pathVar(s, &o.references, "references", "", wholePath, "a file with references to read, one a line, or -; a repository without a tag stands for all its tags")
	pathVar(s, &o.cache, "cache", "", wholePath, "a directory that keeps what was read: the next time only what is new is asked for")
	s.BoolVar(&o.recheck, "recheck", false, "with --cache, ask also for the tags of versions, which do not move")
	s.StringVar(&o.platform, "platform", "", "the platform to read of an image for several (default linux/amd64, else the first)")
	s.BoolVar(&o.attachments, "attachments", false, "list signatures, bills of materials, provenance and results of smoke runs, too: one request an image more")
	s.BoolVar(&o.jobPack, "jobpack", false, "list images that end in -jobpack, too, among the skipped ones")
	s.StringVar(&o.query, "query", "", "keep images that contain any of these words, the best first")
	s.BoolVar(&o.latest, "latest", false, "keep only the newest version of each job")
	pathVar(s, &o.html, "html", "", wholePath, "a directory for a site of static pages, which need no server")
	s.BoolVar(&o.strict, "strict", false, "exit with 1 if nothing is found or an image is skipped")
	s.StringVar(&o.format, "format", formatText, "how to print: text, json or silo (the form of the older discovery service)")
	oneOf(s, "format", formatText, formatJSON, formatSilo)
	oneOf(s, "kind", kinds...)
	o.network.add(s)
	return cmd
}

func discover(ctx context.Context, p *Process, o *discoverOptions, args []string) (err error) {
	targets, files, err := o.check(args)
	if err != nil {
		return err
	}
	options, err := o.options(p)
	if err != nil {
		return err
	}
	found := &catalogue.Catalogue{SchemaVersion: 1, Registries: []string{}, Images: []catalogue.Image{}, Skipped: []catalogue.Skipped{}, Complete: true}
	if o.cache != "" && len(targets)+len(options.References) > 0 {
		if options.Cache, err = p.roots.OpenDir(o.cache); err != nil {
			return exit.Usagef("--cache: %w", err)
		}
		defer func() { err = errors.Join(err, options.Cache.Close()) }()
	}
	if o.html != "" {
		if err := p.roots.CheckDirectory(o.html); err != nil {
			return exit.Usagef("--html: %w", err)
		}
	}
	if len(targets)+len(options.References) > 0 {
		progress := newSearchProgress(p)
		options.Progress = progress.show
		found, err = catalogue.Find(ctx, targets, options)
		progress.end()
		if err != nil {
			return err
		}
	}
	for _, file := range files {
		read, err := readCatalogue(p, file)
		if err != nil {
			return err
		}
		found.Merge(read)
	}
	if o.latest {
		found.Latest()
	}
	found.Search(o.query)
	found.Redact(p.secrets.HideAgain, p.secrets.HideJSON)
	wrote := o.html != "" && ctx.Err() == nil // an interrupted search replaces no site
	if wrote {
		if err := o.writeSite(p, found); err != nil {
			return err
		}
	}
	if err := o.print(p, found); err != nil {
		return err
	}
	if wrote {
		fmt.Fprintln(p.Stderr, report.Escape(fmt.Sprintf("wrote the pages of %s: open %s", diag.Count(len(found.Jobs()), "job"), filepath.Join(o.html, "index.html"))))
	}
	return o.finish(ctx, found)
}

// check reads the arguments. One that names a file is a catalogue, any other is a registry.
func (o *discoverOptions) check(args []string) (targets, files []string, err error) {
	for _, arg := range args {
		info, err := os.Stat(arg)
		switch {
		case arg == "-" || err == nil && !info.IsDir(): // also what a shell gives for <(command)
			files = append(files, arg)
		case isPath(arg):
			return nil, nil, exit.Usagef("there is no catalogue %s", arg)
		default:
			target := strings.TrimSuffix(arg, "/")
			if err := pack.CheckRegistry(target); err != nil {
				return nil, nil, exit.Usage(err)
			}
			targets = append(targets, target)
		}
	}
	switch {
	case len(args) == 0 && o.references == "":
		return nil, nil, exit.Usagef("write where to search, HOST[/NAMESPACE] or a catalogue's FILE, or give --references")
	case o.references == "-" && slices.Contains(files, "-"):
		return nil, nil, exit.Usagef("standard input is either a catalogue or --references")
	case len(o.repositories) > 0 && len(targets) == 0:
		return nil, nil, exit.Usagef("--repository is below a HOST[/NAMESPACE]: write that, too")
	case o.format != formatText && o.format != formatJSON && o.format != formatSilo:
		return nil, nil, exit.Usagef("--format %q must be text, json or silo", o.format)
	}
	for _, target := range targets {
		if err := o.checkTarget(target); err != nil {
			return nil, nil, err
		}
	}
	return targets, files, nil
}

// isPath reports whether an argument cannot be a registry, but would be a file.
func isPath(arg string) bool {
	return strings.HasPrefix(arg, "/") || strings.HasPrefix(arg, ".") || strings.HasSuffix(arg, ".json")
}

// checkTarget refuses repositories that cannot be below a target, and a service without the namespace that it needs.
func (o *discoverOptions) checkTarget(target string) error {
	for _, name := range o.repositories {
		if named, err := reference.ParseNormalizedNamed(target + "/" + name); err != nil || !reference.IsNameOnly(named) {
			return exit.Usagef("--repository %q: %s/%s is no repository: give its name without a tag", name, target, name)
		}
	}
	host, namespace, _ := strings.Cut(target, "/")
	if namespace == "" && len(o.repositories) == 0 && (host == "docker.io" || host == "ghcr.io" || host == "quay.io") {
		return exit.Usagef("%s lists only what is below a namespace: write %s/NAMESPACE, or name images with --repository or --references", host, host)
	}
	return nil
}

// options returns what the library needs.
func (o *discoverOptions) options(p *Process) (opt catalogue.Options, err error) {
	remote, _, err := o.network.options(p)
	if err != nil {
		return opt, err
	}
	opt = catalogue.Options{Registry: remote, Kind: catalogue.Kind(o.kind), API: o.api, Repositories: o.repositories, Platform: o.platform,
		Attachments: o.attachments, JobPack: o.jobPack, Recheck: o.recheck, Getenv: p.Getenv}
	if !slices.Contains(catalogue.Kinds, opt.Kind) {
		hint := ""
		names := make([]string, len(catalogue.Kinds))
		for i, kind := range catalogue.Kinds {
			names[i] = string(kind)
		}
		if near := diag.Nearest(o.kind, names); near != "" {
			hint = fmt.Sprintf(": did you mean %s?", near)
		}
		return opt, exit.Usagef("--kind %q must be %s%s", o.kind, orList(names), hint)
	}
	if o.api != "" {
		u, err := url.Parse(o.api)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
			return opt, exit.Usagef("--api %q must be scheme, host and port, such as https://gitlab.example.com", o.api)
		}
	}
	if o.platform != "" && !catalogue.IsPlatform(o.platform) {
		return opt, exit.Usagef("--platform %q must be os/arch or os/arch/variant, such as linux/arm64", o.platform)
	}
	if o.recheck && o.cache == "" {
		return opt, exit.Usagef("--recheck is for what --cache DIR knows: give that, too")
	}
	if o.references != "" {
		opt.References, err = readReferences(p, o.references)
	}
	return opt, err
}

// readReferences reads one reference a line. Blank lines and comments are passed over.
func readReferences(p *Process, path string) (all []string, err error) {
	const most = 32 << 20
	in := p.Stdin
	if path != "-" {
		f, err := disk.Open(path)
		if err != nil {
			return nil, exit.Usagef("--references: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		in = f
	}
	limited := &io.LimitedReader{R: in, N: most}
	lines := bufio.NewScanner(limited)
	for n := 1; lines.Scan(); n++ {
		line := referenceIn(lines.Text())
		if line == "" {
			continue
		}
		if _, err := reference.ParseNormalizedNamed(line); err != nil {
			return nil, exit.Usagef("--references %s, line %d: %q: %w", path, n, line, err)
		}
		if all = append(all, line); len(all) > catalogue.MaxReferences {
			return nil, exit.Usagef("--references %s has more than %d references: give it in parts", path, catalogue.MaxReferences)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, exit.Usagef("--references %s: %w", path, err)
	}
	if limited.N == 0 {
		return nil, exit.Usagef("--references %s: it has more than %d bytes", path, most)
	}
	return all, nil
}

// referenceIn returns the reference in a line, or "". The first line may begin with a byte order mark.
func referenceIn(line string) string {
	line = strings.TrimPrefix(line, "\ufeff")
	if at := strings.IndexByte(line, '#'); at == 0 || at > 0 && strings.TrimRight(line[:at], " \t") != line[:at] {
		line = line[:at]
	}
	return strings.TrimPrefix(strings.TrimSpace(line), "docker://")
}

func readCatalogue(p *Process, path string) (_ *catalogue.Catalogue, err error) {
	in := p.Stdin
	if path != "-" {
		f, err := disk.Open(path)
		if err != nil {
			return nil, exit.Usage(err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		in = f
	}
	found, err := catalogue.Decode(in)
	if err != nil {
		return nil, exit.Usagef("read %s: %w", path, err)
	}
	return found, nil
}

// writeSite writes the pages. If it cannot, what was found is printed nowhere, since the error would be lost among it.
func (o *discoverOptions) writeSite(p *Process, found *catalogue.Catalogue) error {
	dir, err := p.roots.OpenDir(o.html)
	if err != nil {
		return exit.Usagef("--html: %w", err)
	}
	err = found.WriteSite(dir, catalogue.SiteOptions{Exports: targetNames(), Footer: "Made by seedpack discover " + p.version() + "."})
	var foreign *catalogue.NotASite
	if errors.As(err, &foreign) {
		err = exit.Usagef("--html: %w", err)
	}
	return errors.Join(err, dir.Close())
}

// finish returns the error that ends the command.
func (o *discoverOptions) finish(ctx context.Context, found *catalogue.Catalogue) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !found.Complete {
		return toldError{errors.New("the catalogue is not complete")}
	}
	if o.strict && (len(found.Images) == 0 || len(found.Skipped) > 0) {
		return exit.Findings
	}
	return nil
}

func (o *discoverOptions) print(p *Process, found *catalogue.Catalogue) error {
	for _, s := range found.Skipped {
		fmt.Fprintln(p.Stderr, report.Escape("skipped "+s.Reference+": "+s.Reason))
	}
	for _, note := range found.Notes {
		fmt.Fprintln(p.Stderr, report.EscapeLines(note))
	}
	for _, failure := range found.Failures {
		complain(p, exit.StatusFailure, failure.Place+": ", failure.Err)
	}
	if !found.Complete {
		fmt.Fprintln(p.Stderr, "what was found is not complete, see above")
	}
	switch o.format {
	case formatJSON:
		return p.encode(p.Stdout, found)
	case formatSilo:
		return p.encode(p.Stdout, found.Silo())
	}
	return printImages(p.results(), found.Lines(o.query))
}

// printImages prints one line an image.
func printImages(w io.Writer, images []catalogue.Line) error {
	out := bufio.NewWriter(w)
	for _, i := range images {
		job := &i.Seed().Job
		line := i.Reference + "  " + strings.TrimSpace(job.Title)
		if description := strings.TrimSpace(job.Description); description != "" {
			line += ": " + description
		}
		if len(i.Tags) > 0 {
			line += " (also tagged " + strings.Join(i.Tags, ", ") + ")"
		}
		fmt.Fprintln(out, report.Escape(line))
	}
	return out.Flush()
}
