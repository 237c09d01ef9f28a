package lint

import (
	"path"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// eachMountPath calls check for every mount with a path that is a string.
func (p *Pass) eachMountPath(check func(at seed.Pointer, m seed.Mount)) {
	for i, m := range p.Job.Interface.Mounts {
		if at := seed.AtMounts.Index(i).Member("path"); p.valid(at) {
			check(at, m)
		}
	}
}

var mountPathAbsolute = &Rule{
	Rule: diag.Rule{
		ID:       "mount-path-absolute",
		Severity: diag.Error,
		Summary:  "a mount path must be absolute",
		Spec:     "2.1.1.3.3 S-2.1.1.3.3-04 T-03",
	},
	Check: func(p *Pass) {
		p.eachMountPath(func(at seed.Pointer, m seed.Mount) {
			if !strings.HasPrefix(m.Path, "/") {
				d := p.Reportf(at, "mount path %q is not absolute, so that no executor can mount it: begin with a slash", m.Path)
				if clean := path.Clean("/" + m.Path); m.Path != "" && !strings.ContainsAny(m.Path, "~$:\\") && clean != "/" {
					p.replace(d, "Write it absolute", clean)
				}
			}
		})
	},
}

var mountPathClean = &Rule{
	Rule: diag.Rule{
		ID:       "mount-path-clean",
		Severity: diag.Notice,
		Summary:  "a mount path may be written without dots and doubled slashes",
		Spec:     "2.1.1.3.3 S-2.1.1.3.3-04",
	},
	Check: func(p *Pass) {
		p.eachMountPath(func(at seed.Pointer, m seed.Mount) {
			clean := path.Clean(m.Path)
			if !strings.HasPrefix(m.Path, "/") || strings.TrimSuffix(m.Path, "/") == strings.TrimSuffix(clean, "/") {
				return
			}
			d := p.Reportf(at, "mount path %q may be written %q, which is the same directory", m.Path, clean)
			p.replace(d, "Write it plainly", clean)
			d.Fixes[0].Unsafe = strings.Contains(m.Path, "..") // a link in between would lead elsewhere
		})
	},
}

var mountPathOverlap = &Rule{
	Rule: diag.Rule{
		ID:       "mount-path-overlap",
		Severity: diag.Warning,
		Summary:  "mounts should not lie over one another",
		Spec:     "2.1.1.3.3 S-2.1.1.3.3-04",
	},
	Check: func(p *Pass) {
		seen := placesSeen{exact: map[string]int{}, below: map[string]int{}}
		p.eachMountPath(func(at seed.Pointer, m seed.Mount) {
			clean := path.Clean(m.Path)
			if s, ok := seen.over(clean); ok {
				p.Reportf(at, "mount path %q and %q on line %d lie over one another: engines refuse that or hide one of them, so give each a place of its own", m.Path, s.path, p.line(s.at))
			}
			if strings.HasPrefix(m.Path, "/") && clean != "/" && len(clean) <= longestPath {
				seen.add(mountPlace{clean, at})
			}
		})
	},
}

// longestPath is how many bytes of a path the kernel accepts.
const longestPath = 4096

type mountPlace struct {
	path string
	at   seed.Pointer
}

// placesSeen are the places of mounts. Exact has the first with a path, and below the first at or below a path.
type placesSeen struct {
	all          []mountPlace
	exact, below map[string]int
}

func (s *placesSeen) add(p mountPlace) {
	i := len(s.all)
	s.all = append(s.all, p)
	first := func(m map[string]int, path string) {
		if _, ok := m[path]; !ok {
			m[path] = i
		}
	}
	first(s.exact, p.path)
	for dir := p.path; ; dir = dir[:max(1, strings.LastIndexByte(dir, '/'))] {
		first(s.below, dir)
		if dir == "/" {
			return
		}
	}
}

// over returns the first place that lies over a path or below it.
func (s *placesSeen) over(clean string) (mountPlace, bool) {
	if len(clean) > longestPath || !strings.HasPrefix(clean, "/") {
		return mountPlace{}, false
	}
	best := len(s.all)
	if i, ok := s.below[clean]; ok {
		best = i
	}
	for dir := clean; dir != "/"; dir = dir[:max(1, strings.LastIndexByte(dir, '/'))] {
		if i, ok := s.exact[dir]; ok {
			best = min(best, i)
		}
	}
	if best == len(s.all) {
		return mountPlace{}, false
	}
	return s.all[best], true
}

func within(inner, outer string) bool {
	return inner == outer || strings.HasPrefix(inner, strings.TrimSuffix(outer, "/")+"/")
}

// systemPaths are directories that an image needs to run.
var systemPaths = []string{"/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/sbin", "/sys", "/usr"}

var mountPathSystem = &Rule{
	Rule: diag.Rule{
		ID:       "mount-path-system",
		Severity: diag.Warning,
		Summary:  "a mount should not hide what the image needs to run",
		Spec:     "2.1.1.3.3 S-2.1.1.3.3-04",
	},
	Check: func(p *Pass) {
		p.eachMountPath(func(at seed.Pointer, m seed.Mount) {
			clean := path.Clean(m.Path)
			local := within(clean, "/usr/local") && clean != "/usr/local" || within(clean, "/usr/share")
			system := slices.ContainsFunc(systemPaths, func(s string) bool { return within(clean, s) })
			if clean == "/" || system && !local {
				p.Reportf(at, "mount path %q hides what the image has there and needs to run: mount below another directory", m.Path)
			}
		})
	},
}

var dataOutside = &Rule{
	Rule: diag.Rule{
		ID:       "data-outside",
		Severity: diag.Notice,
		Summary:  "data should go in and out through inputs and outputs",
		Spec:     "2.1.1.3.4 S-2.1.1.3.4-02",
	},
	Check: func(p *Pass) {
		out := p.Job.Interface.Outputs
		if len(out.Files)+len(out.JSON) > 0 {
			return
		}
		for i, m := range p.Job.Interface.Mounts {
			if at := seed.AtMounts.Index(i).Member("mode"); p.valid(at) && m.Mode == "rw" {
				p.Reportf(at, "mount %q can be written to and there are no outputs: what the job writes there is not captured, so declare outputs for it", m.Name)
			}
		}
	},
}
