package cli

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/pack/engine"
)

func newCacheCommand(p *Process) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "Say what is kept on this machine, and how large it is",
		Long: `Cache lists what the private builder keeps: build caches, and the program buildkitd. Each builder that
ran at the same time as another has a build cache of its own.

Other builders keep their own caches: docker buildx du lists those of Docker.`,
		Example: "  seedpack cache\n  seedpack cache prune --all",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return showCache(p, format) },
	}
	cmd.Flags().StringVar(&format, "format", formatText, "how to print: text or json")
	oneOf(cmd.Flags(), "format", formatText, formatJSON)
	cmd.AddCommand(newPruneCommand(p))
	return cmd
}

func showCache(p *Process, format string) error {
	dir := CacheDir(p.Getenv)
	if err := valueFormat(format).check(); err != nil {
		return err
	}
	kept, err := engine.Cache(dir)
	if err != nil {
		return err
	}
	free := engine.Free(dir)
	return valueFormat(format).print(p.Stdout, func(w io.Writer) error {
		doc := struct {
			SchemaVersion int           `json:"schemaVersion"`
			Directory     string        `json:"directory"`
			Size          int64         `json:"size"` // bytes on the disk
			Free          uint64        `json:"free"` // bytes of that disk; 0: unknown
			Kept          []engine.Kept `json:"kept"`
		}{1, dir, sizeOf(kept), free, append([]engine.Kept{}, kept...)}
		return report.Encode(w, doc)
	}, func(w io.Writer) error { return cacheText(w, dir, kept, free) })
}

func cacheText(to io.Writer, dir string, kept []engine.Kept, free uint64) error {
	left := ""
	if free > 0 {
		left = fmt.Sprintf(", with %s free on its disk", size(int64(free)))
	}
	if len(kept) == 0 {
		_, err := fmt.Fprintf(to, "nothing is kept in %s%s\n", report.Escape(dir), left)
		return err
	}
	w := tabwriter.NewWriter(to, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "SIZE\tWHAT\tWHERE")
	for _, k := range kept {
		use := ""
		switch {
		case k.InUse:
			use = " (in use)"
		case k.Spare:
			use = " (spare)"
		}
		fmt.Fprintf(w, "%s\t%s%s\t%s\n", size(k.Size), report.Escape(k.What), use, report.Escape(k.Path))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(to, "%s are kept in %s%s\nseedpack cache prune removes what is spare, with --all everything that is not in use\n",
		size(sizeOf(kept)), report.Escape(dir), left)
	return err
}

func size(bytes int64) string { return units.HumanSizeWithPrecision(float64(bytes), 3) }

func sizeOf(kept []engine.Kept) (sum int64) {
	for _, k := range kept {
		sum += k.Size
	}
	return sum
}

func newPruneCommand(p *Process) *cobra.Command {
	all := false
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove what is kept, but for what a running builder uses",
		Long: `Prune removes what is spare: build caches that were needed only because several builders ran at the same
time, programs of other versions, and what was left over. The next build is as fast as before.

With --all it also removes the first build cache and the program. The next build is as slow as the first.
What a running builder uses is never removed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return prune(cmd.Context(), p, all) },
	}
	cmd.Flags().BoolVar(&all, "all", false, "also remove the build cache and the program that the next build would use")
	return cmd
}

func prune(ctx context.Context, p *Process, all bool) error {
	dir := CacheDir(p.Getenv)
	removed, left, err := engine.Prune(ctx, dir, all)
	for _, k := range removed {
		sayf(p.Stdout, "removed %s, %s: %s", k.What, size(k.Size), k.Path)
	}
	for _, k := range left {
		sayf(p.Stdout, "kept %s, which a running builder uses: %s", k.What, k.Path)
	}
	if err != nil {
		return err
	}
	more := ""
	if !all {
		if kept, err := engine.Cache(dir); err == nil && sizeOf(kept) > sizeOf(left) {
			more = fmt.Sprintf("; --all frees up to %s more", size(sizeOf(kept)-sizeOf(left)))
		}
	}
	sayf(p.Stdout, "freed %s%s", size(sizeOf(removed)), more)
	return nil
}
