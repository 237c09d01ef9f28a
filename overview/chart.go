package overview

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/seedpack/seedpack/pipeline"
)

// A chart is a curve over time against what is declared. Its coordinates are 0 to 1000 to the right and down, and places of
// labels are percent: a page draws it at any width, without a script and without styles of its own.
type chart struct {
	Name       string
	Text       string // says what the picture shows
	Line, Area string // paths
	Peak       string // amount
	Declared   string // amount; empty if nothing is declared
	LimitAt    string // percent from above; empty if the amount is beyond the picture
	Top, Half  string // labels of the scale: at the top and in the middle; at the bottom is 0
	End        string // of the time, which begins with 0
}

// A point is a value at a time, both from 0.
type point struct{ at, value float64 }

// minPoints is the least that shows a course.
const minPoints = 3

// charts returns the pictures of a run: memory and processors. There are none of a run that was too short.
func charts(u *pipeline.CaseUsage, d *pipeline.CaseDeclared) (all []chart) {
	samples := u.Course
	if len(samples) == 0 {
		samples = u.Samples
	}
	memory, cpus := memoryPoints(samples), cpuPoints(samples)
	limit := pipeline.CaseDeclared{}
	if d != nil {
		limit = *d
	}
	if len(memory) >= minPoints {
		// A sample is the peak since the one before, so the first holds from the start.
		memory = append([]point{{0, memory[0].value}}, memory...)
		all = append(all, draw("Memory", memory, float64(limit.Memory), 1024, func(v float64) string { return Bytes(int64(v)) }))
	}
	if len(cpus) >= minPoints {
		all = append(all, draw("CPU", cpus, limit.CPUs, 1000, func(v float64) string { return Number(v) }))
	}
	return all
}

func memoryPoints(samples []pipeline.CaseSample) (all []point) {
	last := -1.0
	for _, s := range samples {
		if finite(s.Seconds) && s.Seconds > last {
			last = s.Seconds
			all = append(all, point{s.Seconds, float64(max(s.Memory, 0))})
		}
	}
	return all
}

// cpuPoints returns how many processors were busy. The kernel counts in steps, so short times between samples are joined.
func cpuPoints(samples []pipeline.CaseSample) (all []point) {
	if len(samples) == 0 || !(samples[len(samples)-1].CPUSeconds > 0) {
		return nil // the engine does not say it
	}
	const most = 60
	step := max(samples[len(samples)-1].Seconds/most, 0.04)
	from := pipeline.CaseSample{}
	for i, s := range samples {
		took := s.Seconds - from.Seconds
		if !finite(took) || took < step && i < len(samples)-1 || took <= 0 {
			continue
		}
		busy := max((s.CPUSeconds-from.CPUSeconds)/took, 0)
		if len(all) == 0 {
			all = append(all, point{0, busy})
		}
		all = append(all, point{s.Seconds, busy})
		from = s
	}
	return all
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// beyond is how many times the peak a limit may be, so that it is in the picture. Otherwise the curve would be flat.
const beyond = 4

// draw makes a picture. Base is the step from one unit of amounts to the next.
func draw(name string, points []point, limit, base float64, amount func(float64) string) chart {
	peak, end := 0.0, points[len(points)-1].at
	for _, p := range points {
		peak = max(peak, p.value)
	}
	c := chart{Name: name, Peak: amount(peak), End: Duration(time.Duration(end * float64(time.Second)))}
	top := roundUp(peak*1.05, base)
	if limit > 0 && limit <= beyond*peak {
		top = roundUp(max(peak, limit)*1.05, base)
		c.LimitAt = fmt.Sprintf("%.2f%%", 100-100*limit/top)
	}
	if top <= 0 {
		top = 1
	}
	c.Top, c.Half = amount(top), amount(top/2)
	c.Text = fmt.Sprintf("%s over %s: at most %s", name, c.End, c.Peak)
	if limit > 0 {
		c.Declared = amount(limit)
		c.Text += ", " + c.Declared + " declared"
	}
	var line strings.Builder
	for i, p := range points {
		step := "L"
		if i == 0 {
			step = "M"
		}
		fmt.Fprintf(&line, "%s%.1f %.1f", step, 1000*p.at/max(end, 1e-9), 1000-1000*p.value/top)
	}
	c.Line = line.String()
	c.Area = fmt.Sprintf("M%.1f 1000%sL1000 1000Z", 1000*points[0].at/max(end, 1e-9), "L"+c.Line[1:])
	return c
}

// roundUp returns the next amount that is round in its unit: 1.5, 20 or 400, say. A scale ends there.
func roundUp(v, base float64) float64 {
	if !(v > 0) || !finite(v) {
		return v
	}
	unit := math.Pow(base, max(math.Floor(math.Log(v)/math.Log(base)), 0))
	unit *= math.Pow(10, math.Floor(math.Log10(v/unit)))
	for _, round := range []float64{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8} {
		if round*unit >= v {
			return round * unit
		}
	}
	return 10 * unit
}

// Sparkline returns a curve of few characters: the peaks of equal parts of the time. It is empty if there is too little to
// show.
func Sparkline(samples []pipeline.CaseSample) string {
	const width = 16
	points := memoryPoints(samples)
	if len(points) < minPoints {
		return ""
	}
	peak, end := 0.0, points[len(points)-1].at
	for _, p := range points {
		peak = max(peak, p.value)
	}
	if peak <= 0 || end <= 0 {
		return ""
	}
	n := min(width, len(points))
	peaks := make([]float64, n)
	for _, p := range points {
		i := min(max(int(math.Ceil(p.at/end*float64(n)))-1, 0), n-1)
		peaks[i] = max(peaks[i], p.value)
	}
	blocks := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for i, v := range peaks {
		if v == 0 && i > 0 {
			v = peaks[i-1] // nothing was seen in this part
			peaks[i] = v
		}
		b.WriteRune(blocks[min(int(v/peak*float64(len(blocks))), len(blocks)-1)])
	}
	return b.String()
}
