package overview

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"github.com/seedpack/seedpack/pipeline"
)

// A Tone is how good something is. Pages and terminals colour it. It never says more than the words do.
type Tone string

// The tones.
const (
	Good    Tone = "good"
	Warn    Tone = "warn"
	Bad     Tone = "bad"
	Neutral Tone = ""
)

// JobVerdict says in a word or three what came of a job.
func JobVerdict(i *pipeline.Image) (string, Tone) {
	switch {
	case i.Error != "" && i.Stopped == "":
		return "not checked", Bad
	case i.Error != "":
		return i.Stopped + " broke off", Bad
	case i.Skipped:
		return "there already", Neutral
	case i.Stopped != "":
		return i.Stopped + " failed", Bad
	case i.Plan != nil:
		return "planned", Neutral
	case i.Published:
		return "published", Good
	case i.Smoke == "passed":
		return "passed", Good
	case i.Smoke == "inconclusive":
		return "inconclusive", Warn
	}
	return "not tried", Neutral
}

// CaseTone returns the tone of a smoke case's verdict.
func CaseTone(verdict string) Tone {
	switch verdict {
	case "passed":
		return Good
	case "failed":
		return Bad
	case "inconclusive":
		return Warn
	}
	return Neutral
}

// Title names a job: by its name, or else by its file.
func Title(i *pipeline.Image) string {
	return cmp.Or(i.JobName, filepath.ToSlash(i.Manifest))
}

// Took returns how long a job took in all its stages.
func Took(i *pipeline.Image) time.Duration {
	all := 0.0
	for _, s := range i.Durations {
		if s > 0 {
			all += s
		}
	}
	const most = 1e9
	return time.Duration(min(all, most) * float64(time.Second))
}

// A Stage is a stage that a job came to.
type Stage struct {
	Name    string
	Seconds float64
	Tone    Tone // Bad if the job ended there because something is wrong
}

// Stages returns the stages that a job came to, in their order.
func Stages(i *pipeline.Image) (all []Stage) {
	for _, name := range pipeline.StageNames() {
		s, ok := i.Durations[name]
		if !ok {
			continue
		}
		stage := Stage{Name: name, Seconds: max(s, 0), Tone: Good}
		if name == i.Stopped && !i.Skipped {
			stage.Tone = Bad
		}
		all = append(all, stage)
	}
	return all
}

// Passed reports whether a job came through a stage.
func Passed(i *pipeline.Image, stage string) bool {
	stages := pipeline.StageNames()
	at, stopped := slices.Index(stages, stage), slices.Index(stages, i.Stopped)
	return stopped < 0 || at < stopped
}
