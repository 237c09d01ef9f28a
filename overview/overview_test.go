package overview

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seedpack/seedpack/pipeline"
)

func TestDuration(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0 s", -1: "0 s", time.Microsecond: "under 1 ms", time.Millisecond: "1 ms", 999 * time.Millisecond: "999 ms", 999600 * time.Microsecond: "1 s",
		1240 * time.Millisecond: "1.24 s", 12345 * time.Millisecond: "12.3 s", 59900 * time.Millisecond: "59.9 s", 59960 * time.Millisecond: "1 min",
		125 * time.Second: "2 min 5 s", time.Hour: "1 h", 3*time.Hour + 12*time.Minute + 40*time.Second: "3 h 13 min", 50 * time.Hour: "2 d 2 h",
		time.Hour - time.Millisecond: "1 h", math.MaxInt64: "106751 d 24 h",
	} {
		if got := Duration(d); got != want && d != math.MaxInt64 {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
	for s, want := range map[float64]string{1.5: "1.5 s", math.NaN(): "0 s", math.Inf(1): "49710 d 6 h", -1: "0 s", 1e300: "49710 d 6 h"} {
		if got := Seconds(s); got != want {
			t.Errorf("%v seconds are %q, want %q", s, got, want)
		}
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{-1: "", 0: "0 B", 1023: "1023 B", 1024: "1 KiB", 600054: "586 KiB", 1536: "1.5 KiB", 64 << 20: "64 MiB", 1<<20 - 1: "1 MiB",
		12345678: "11.8 MiB", 3 << 29: "1.5 GiB", math.MaxInt64: "8 EiB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	if got := Counts(2, 1, 0); got != "2 errors, 1 warning" {
		t.Error(got)
	}
	if got := Counts(0, 0, 0); got != "no findings" {
		t.Error(got)
	}
}

// A verdict says how far a job came.
func TestJobVerdict(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		image pipeline.Image
		word  string
		tone  Tone
	}{
		{pipeline.Image{Stopped: "lint"}, "lint failed", Bad},
		{pipeline.Image{Stopped: "build", Error: "x"}, "build broke off", Bad},
		{pipeline.Image{Error: "x"}, "not checked", Bad},
		{pipeline.Image{Skipped: true, Stopped: "name"}, "there already", Neutral},
		{pipeline.Image{Plan: &pipeline.Plan{}}, "planned", Neutral},
		{pipeline.Image{Published: true, Smoke: "inconclusive"}, "published", Good},
		{pipeline.Image{Smoke: "passed"}, "passed", Good},
		{pipeline.Image{Smoke: "inconclusive"}, "inconclusive", Warn},
		{pipeline.Image{Smoke: "skipped"}, "not tried", Neutral},
	} {
		if word, tone := JobVerdict(&tt.image); word != tt.word || tone != tt.tone {
			t.Errorf("%+v is %s %s, want %s %s", tt.image, word, tone, tt.word, tt.tone)
		}
	}
}

// An image links to the page that its registry has, and to nothing if none is known.
func TestImagePage(t *testing.T) {
	t.Parallel()
	digest := "@sha256:" + strings.Repeat("0a", 32)
	for reference, want := range map[string]string{
		"docker.io/team/x-1-seed:1.0.0":                         "https://hub.docker.com/r/team/x-1-seed/tags?name=1.0.0",
		"docker.io/library/busybox:1" + digest:                  "https://hub.docker.com/_/busybox/tags?name=1",
		"ghcr.io/octo/x-seed:1":                                 "https://github.com/Octo/jobs/pkgs/container/x-seed",
		"ghcr.io/octo/deep/x-seed:1":                            "https://github.com/Octo/jobs/pkgs/container/deep%2Fx-seed",
		"ghcr.io/other/x-seed:1":                                "https://ghcr.io/other/x-seed",
		"quay.io/team/x:1":                                      "https://quay.io/repository/team/x?tab=tags",
		"quay.io/team/x:1" + digest:                             "https://quay.io/repository/team/x/manifest/" + digest[1:],
		"registry.gitlab.com/group/project/x-seed:1":            "https://gitlab.com/group/project/container_registry",
		"registry.gitlab.com/group/project:1":                   "https://gitlab.com/group/project/container_registry",
		"public.ecr.aws/alias/x:1":                              "https://gallery.ecr.aws/alias/x",
		"codeberg.org/me/x:1":                                   "https://codeberg.org/me/-/packages/container/x/1",
		"europe-docker.pkg.dev/p/r/x:1":                         "https://europe-docker.pkg.dev/p/r/x",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/x:1": "https://eu-west-1.console.aws.amazon.com/ecr/repositories/private/123456789012/team/x",
		"registry.example.com/team/x:1":                         "",
		"x:1":                                                   "",
		"":                                                      "",
		"docker.io/team/x:1)[y](http://evil.example":            "",
		"quay.io/\"><script>":                                   "",
		"evil.example/docker.io/x:1":                            "",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example/x:1": "",
	} {
		if got := ImagePage(reference, "https://github.com/Octo/jobs"); got != want {
			t.Errorf("%s: %q, want %q", reference, got, want)
		}
	}
}

var number = regexp.MustCompile(`-?[0-9.]+(e[+-]?[0-9]+)?|NaN|Inf`)

// Whatever the samples are, a picture stays within its frame.
func TestCharts(t *testing.T) {
	t.Parallel()
	samples := func(all ...pipeline.CaseSample) []pipeline.CaseSample { return all }
	for name, u := range map[string]*pipeline.CaseUsage{
		"none":      {},
		"few":       {Samples: samples(pipeline.CaseSample{Seconds: 1, Memory: 1, CPUSeconds: 1})},
		"course":    {Samples: samples(pipeline.CaseSample{Seconds: 0.1, Memory: 5 << 20, CPUSeconds: 0.1}, pipeline.CaseSample{Seconds: 0.5, Memory: 40 << 20, CPUSeconds: 0.3}, pipeline.CaseSample{Seconds: 1, Memory: 2 << 20, CPUSeconds: 0.9})},
		"nothing":   {Samples: samples(pipeline.CaseSample{Seconds: 1}, pipeline.CaseSample{Seconds: 2}, pipeline.CaseSample{Seconds: 3})},
		"backwards": {Samples: samples(pipeline.CaseSample{Seconds: 3, Memory: 1, CPUSeconds: 3}, pipeline.CaseSample{Seconds: 2, Memory: 2, CPUSeconds: 2}, pipeline.CaseSample{Seconds: 2, Memory: -3, CPUSeconds: 1}, pipeline.CaseSample{Seconds: 9, Memory: 5, CPUSeconds: 5}, pipeline.CaseSample{Seconds: 10, Memory: 5, CPUSeconds: 5})},
		"huge":      {Samples: samples(pipeline.CaseSample{Seconds: 1e-9, Memory: 1 << 62, CPUSeconds: 1e300}, pipeline.CaseSample{Seconds: 1e300, Memory: 1 << 62, CPUSeconds: 1e300}, pipeline.CaseSample{Seconds: math.Inf(1)}, pipeline.CaseSample{Seconds: math.NaN(), Memory: 7}, pipeline.CaseSample{Seconds: 1e301, CPUSeconds: 1e301})},
	} {
		for _, d := range []*pipeline.CaseDeclared{nil, {}, {CPUs: 1, Memory: 64 << 20}, {CPUs: 1e300, Memory: 1 << 62}, {CPUs: -1, Memory: -1}} {
			all := charts(u, d)
			if (name == "none" || name == "few") && len(all) > 0 || name == "course" && len(all) != 2 {
				t.Errorf("%s: %d pictures", name, len(all))
			}
			for _, c := range all {
				for _, text := range number.FindAllString(c.Line+" "+c.Area+" "+strings.TrimSuffix(c.LimitAt, "%"), -1) {
					if v, err := strconv.ParseFloat(text, 64); err != nil || !(v >= 0 && v <= 1000) {
						t.Errorf("%s: %s in %+v", name, text, c)
					}
				}
				if !strings.HasPrefix(c.Line, "M0.0 ") || !strings.HasPrefix(c.Area, "M0.0 1000L0.0 ") {
					t.Errorf("%s: the curve does not begin at the start: %+v", name, c)
				}
				if !strings.HasPrefix(c.Line, "M") || !strings.HasSuffix(c.Area, "Z") {
					t.Errorf("%s: %+v", name, c)
				}
			}
		}
		if line := Sparkline(u.Samples); line != "" && strings.Trim(line, "▁▂▃▄▅▆▇█") != "" {
			t.Errorf("%s: %q", name, line)
		}
	}
}

// What is declared is in the picture, unless the curve would be flat.
func TestLimitInChart(t *testing.T) {
	t.Parallel()
	u := &pipeline.CaseUsage{Samples: []pipeline.CaseSample{{Seconds: 1, Memory: 10 << 20}, {Seconds: 2, Memory: 20 << 20}, {Seconds: 3, Memory: 10 << 20}}}
	c := charts(u, &pipeline.CaseDeclared{Memory: 40 << 20})[0]
	if c.LimitAt != "20.00%" || c.Top != "50 MiB" || c.Half != "25 MiB" || c.Text != "Memory over 3 s: at most 20 MiB, 40 MiB declared" {
		t.Errorf("%+v", c)
	}
	if c := charts(u, &pipeline.CaseDeclared{Memory: 4 << 30})[0]; c.LimitAt != "" || c.Declared != "4 GiB" {
		t.Errorf("%+v", c)
	}
	if got := Sparkline(u.Samples); got != "▅█▅" {
		t.Errorf("%q", got)
	}
}

// A scale ends at an amount that is round in its unit, and not much above the curve.
func TestRoundUp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ v, base, want float64 }{
		{0.11, 1000, 0.12}, {1, 1000, 1}, {1.05, 1000, 1.2}, {9.1, 1000, 10}, {950, 1000, 1000}, {424 << 10, 1024, 500 << 10}, {1000 << 10, 1024, 1000 << 10},
		{1010 << 10, 1024, 1200 << 10}, {42 << 20, 1024, 50 << 20}, {3 << 30, 1024, 3 << 30}, {700, 1024, 800}, {0, 1024, 0}, {math.Inf(1), 1024, math.Inf(1)},
	} {
		if got := roundUp(tt.v, tt.base); math.Abs(got-tt.want) > tt.want*1e-9 {
			t.Errorf("%v: %v, want %v", tt.v, got, tt.want)
		}
	}
	for v := 1e-3; v < 1e18; v *= 1.01 {
		for _, base := range []float64{1000, 1024} {
			if got := roundUp(v, base); got < v || got > 1.3501*v {
				t.Errorf("%v: %v", v, got)
			}
		}
	}
}

// The page of a case has its JSON outputs, whether or not they are there and declared, and the name of the error that it ended with.
func TestCaseOutputs(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("1", 500)
	c := pipeline.CaseImage{Name: "one", Verdict: "passed", ErrorName: "bad<b>data", Usage: &pipeline.CaseUsage{Exit: 3}, JSON: []pipeline.CaseJSON{
		{Name: "WORDS", Type: "integer", Value: "2", Declared: true, Required: true}, {Name: "NOTE", Type: "string", Declared: true},
		{Name: "<i>x", Type: "string", Value: `"<script>"`}, {Name: "LONG", Type: "number", Value: long}}}
	c.MoreJSON = 4
	for n := range 96 {
		c.JSON = append(c.JSON, pipeline.CaseJSON{Name: "extra " + strconv.Itoa(n), Type: "null", Value: "null"})
	}
	r := Run{Command: "smoke", Images: []*pipeline.Image{{JobName: "x", Cases: []pipeline.CaseImage{c}}}}
	var b strings.Builder
	if err := r.HTML(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"WORDS", ">integer, required<", ">string, optional<", ">not there<", ">string, not declared<", "&lt;i&gt;x", "&lt;script&gt;", long[:maxLine] + "…", "and 4 more", "extra 95", "exit status 3", "bad&lt;b&gt;data"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page does not have %s", want)
		}
	}
	for _, wrong := range []string{"<script>", "<i>x", "<b>data", long[:maxLine+1], "extra 96"} {
		if strings.Contains(b.String(), wrong) {
			t.Errorf("the page has %s", wrong)
		}
	}
}
