package compare

import (
	"math/big"
	"regexp"
	"strings"

	"golang.org/x/mod/semver"
)

// Versions are the two versions of a manifest. An empty one stands for none.
type Versions struct {
	Job     string `json:"jobVersion"`
	Package string `json:"packageVersion"`
}

// versionForm is that of SemVer 2.0.0, as far as this package needs it: the core, and a pre-release. looseForm is that of texts
// which the linter refuses, and which say nevertheless what was meant: v1.2, 01.2.3.
var (
	versionForm = regexp.MustCompile(`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$`)
	looseForm   = regexp.MustCompile(`^[vV]?0*([0-9]+)(?:\.0*([0-9]+))?(?:\.0*([0-9]+))?(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]*)?$`)
)

// IsVersion reports whether a text is a semantic version. The linter reports one that is none.
func IsVersion(version string) bool {
	return versionForm.MatchString(version) && semver.IsValid("v"+version)
}

// meant returns the semantic version that a text stands for, and "" if it stands for none. A text that is not of the form of
// SemVer must not pass for a version that has risen.
func meant(text string) string {
	if IsVersion(text) {
		return text
	}
	m := looseForm.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return ""
	}
	for i := 2; i <= 3; i++ {
		if m[i] == "" {
			m[i] = "0"
		}
	}
	version := m[1] + "." + m[2] + "." + m[3] + m[4]
	if !IsVersion(version) {
		return ""
	}
	return version
}

// Precedence compares two semantic versions. Build metadata does not count.
func Precedence(a, b string) int { return semver.Compare("v"+a, "v"+b) }

// core returns the numbers of a version, and its pre-release.
func core(version string) (numbers [3]*big.Int, pre string) {
	m := versionForm.FindStringSubmatch(version)
	for i := range numbers {
		numbers[i], _ = new(big.Int).SetString(m[i+1], 10)
	}
	return numbers, m[4]
}

// Next returns the least version after a version that is enough for a rise, and "" if the text stands for no semantic version.
// After a pre-release it is the next pre-release: 2.0.0-rc.1 gives 2.0.0-rc.2, whatever changed.
func Next(version string, rise Rise) string {
	if version = meant(version); version == "" {
		return ""
	}
	numbers, pre := core(version)
	if pre != "" {
		return text(numbers) + "-" + nextPre(pre)
	}
	part := 2
	switch {
	case rise == Major && numbers[0].Sign() > 0:
		part = 0
	case rise == Major, rise == Minor && numbers[0].Sign() > 0:
		part = 1
	}
	numbers[part].Add(numbers[part], big.NewInt(1))
	for i := part + 1; i < len(numbers); i++ {
		numbers[i] = new(big.Int)
	}
	return text(numbers)
}

func text(numbers [3]*big.Int) string {
	return numbers[0].String() + "." + numbers[1].String() + "." + numbers[2].String()
}

// nextPre returns the pre-release after another one: its last part is a number that rises, or gets one.
func nextPre(pre string) string {
	i := strings.LastIndexByte(pre, '.') + 1
	n, ok := new(big.Int).SetString(pre[i:], 10)
	if !ok || n.Sign() < 0 || strings.HasPrefix(pre[i:], "+") {
		return pre + ".1"
	}
	return pre[:i] + n.Add(n, big.NewInt(1)).String()
}

// reaches reports whether a new version is enough, after an old one, for a rise. A pre-release of the needed version is. After
// a pre-release any later version is.
func reaches(old, new string, rise Rise) bool {
	if !rose(old, new) {
		return false
	}
	if old = meant(old); old == "" {
		return true // nothing says what would be enough
	}
	if _, pre := core(old); pre != "" {
		return true
	}
	numbers, _ := core(meant(new))
	return Precedence(text(numbers), Next(old, rise)) >= 0
}

// rose reports whether a version is greater than an old one. One that stands for no version is greater than none. After a text that
// stands for none, any version is a rise.
func rose(old, new string) bool {
	is, was := meant(new), meant(old)
	return is != "" && (was == "" || Precedence(is, was) > 0)
}

// lower reports whether a version is lower than an old one.
func lower(new, old string) bool {
	is, was := meant(new), meant(old)
	return is != "" && was != "" && Precedence(is, was) < 0
}

// equal reports whether two versions have the same precedence.
func equal(a, b string) bool {
	x, y := meant(a), meant(b)
	return a == b || x != "" && y != "" && Precedence(x, y) == 0
}

// lowered reports which version is lower than before: of the two, jobVersion counts first.
func (c *Comparison) lowered() (jobVersion, packageVersion bool) {
	old, new := &c.Old.Job, &c.New.Job
	jobVersion = lower(new.JobVersion, old.JobVersion)
	return jobVersion, !jobVersion && equal(new.JobVersion, old.JobVersion) && lower(new.PackageVersion, old.PackageVersion)
}

// raised reports whether jobVersion rose, or, for one jobVersion, packageVersion.
func (c *Comparison) raised() (jobVersion, packageVersion bool) {
	old, new := &c.Old.Job, &c.New.Job
	unknown := meant(new.JobVersion) == "" && meant(old.JobVersion) == "" // then nothing says that it is another one
	if !unknown && !equal(new.JobVersion, old.JobVersion) {
		return rose(old.JobVersion, new.JobVersion), false
	}
	return false, rose(old.PackageVersion, new.PackageVersion)
}

// Enough reports whether the versions have risen as the changes ask for. A version that is lower than before is never
// enough, and neither is another job.
func (c *Comparison) Enough() bool {
	lowJob, lowPackage := c.lowered()
	if c.Another || lowJob || lowPackage {
		return false
	}
	job, packaged := c.raised()
	switch rise := c.rise(); rise {
	case Nothing:
		return true
	case Either:
		return job || packaged
	default:
		return job && reaches(c.Old.Job.JobVersion, c.New.Job.JobVersion, rise)
	}
}

// Required returns the least versions that are enough. One is empty if it need not rise; where either would do, both are
// there. They are the same whether the new manifest has them already or not.
func (c *Comparison) Required() Versions {
	old := Versions{c.Old.Job.JobVersion, c.Old.Job.PackageVersion}
	lowJob, lowPackage := c.lowered()
	switch rise := c.rise(); {
	case c.Another:
		return Versions{}
	case rise == Nothing && lowJob:
		return Versions{Job: meant(old.Job)}
	case rise == Nothing && lowPackage:
		return Versions{Package: meant(old.Package)}
	case rise == Nothing:
		return Versions{}
	case rise == Either:
		return Versions{Next(old.Job, Patch), Next(old.Package, Patch)}
	default:
		return Versions{Job: Next(old.Job, rise)}
	}
}

// Bump returns the least versions to write into the new manifest; an empty one stays as it is. Where either would do, it is
// packageVersion: nobody but the author knows whether what is packaged anew is a new job. A jobVersion that was lowered, or that
// stands for no version, becomes the old one then.
func (c *Comparison) Bump() Versions {
	if c.Another || c.Enough() {
		return Versions{}
	}
	need := c.Required()
	lowJob, _ := c.lowered()
	switch {
	case need.Job != "" && need.Package != "" && (lowJob || c.unreadable()):
		// The old jobVersion with the next packageVersion is less than the next jobVersion.
		if rose(c.Old.Job.PackageVersion, c.New.Job.PackageVersion) {
			need.Package = ""
		}
		return Versions{meant(c.Old.Job.JobVersion), need.Package}
	case need.Job != "" && need.Package != "":
		return Versions{Package: need.Package}
	}
	return need
}

// unreadable reports whether jobVersion stands for no version, and did before.
func (c *Comparison) unreadable() bool {
	return meant(c.New.Job.JobVersion) == "" && meant(c.Old.Job.JobVersion) != ""
}
