package export

import (
	"math"
	"strconv"

	"github.com/seedpack/seedpack/seed"
)

// An Amount is what a job needs of one resource. Storage is in MiB (section 2.1.1.2). The zero value is nothing.
type Amount struct {
	Name              string // of the manifest
	Value, Multiplier float64
	Pointer           seed.Pointer
}

// Ceil returns the value rounded up. It leaves out the multiplier.
func (a Amount) Ceil() int64 { return int64(math.Ceil(min(max(a.Value, 0), maxAmount))) }

// maxAmount is more than any machine has, and is exact in a float64.
const maxAmount = 1 << 50

// Requirements are what a job needs of a host.
type Requirements struct {
	CPUs, Mem, SharedMem, Disk, GPUs Amount
	Others                           []Amount
	// All are all amounts in the manifest's order.
	All []Amount
}

func (j *Job) addRequirements() {
	r := &j.Requirements
	known := map[string]*Amount{"cpus": &r.CPUs, "mem": &r.Mem, "sharedMem": &r.SharedMem, "disk": &r.Disk, "gpus": &r.GPUs}
	for i, s := range j.Job.Resources.Scalar {
		a := Amount{s.Name, s.Value, s.InputMultiplier, seed.AtScalar.Index(i)}
		if seed.Variable(s.Name) == "" {
			j.refuse(a.Pointer, "the resource has no name that a variable can have")
			continue
		}
		r.All = append(r.All, a)
		if to := known[s.Name]; to != nil {
			*to = a
		} else {
			r.Others = append(r.Others, a)
		}
	}
}

// Decimal returns a number as the shortest decimal that is exact, such as 0.5 or 4.
func Decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// text is the value with its unit, if it has one.
func (a Amount) text() string {
	switch a.Name {
	case "mem", "sharedMem", "disk":
		return Decimal(a.Value) + " MiB"
	}
	return Decimal(a.Value)
}

// Variable is the variable that tells the job of the amount.
func (a Amount) Variable() string { return seed.AllocatedPrefix + seed.Variable(a.Name) }
