package cli

import (
	"io"
	"time"

	"github.com/seedpack/seedpack/github"
	"github.com/seedpack/seedpack/overview"
)

// html writes the page of --html.
func (p *printer) html(w io.Writer, all *findings) error {
	run := &overview.Run{Command: all.command, Version: p.process.version(), Began: p.began, Took: time.Since(p.began), Images: all.jobs,
		Reports: all.reports, Failures: all.failures}
	run.Line = func(path string, line int) string { return github.LineAddress(p.process.Getenv, path, line) }
	run.Repository, run.Log = github.Addresses(p.process.Getenv)
	return hidden(w, p.process.secrets.HideXML, run.HTML)
}
