package secret

import (
	"slices"
	"sync"
	"sync/atomic"
)

// A Stream redacts a text that comes in parts. It holds back what may be the beginning of a secret.
type Stream struct {
	redactor *Redactor
	text     []byte // the end of it is held; it is used again for each part
	held     []byte
	found    map[int]bool
}

// NewStream returns a stream. It does not change the redactor.
func (r *Redactor) NewStream() *Stream { return &Stream{redactor: r, found: map[int]bool{}} }

// maxHeld is how many bytes a stream holds back at most. A secret that is spelled in more bytes is found all the same, if
// its parts are.
const maxHeld = 64 << 10

// Next takes a part, which it does not keep. It returns what may be shown. That is valid until the next call.
func (s *Stream) Next(part []byte) []byte {
	if len(s.redactor.patterns) == 0 {
		return part
	}
	s.text = append(s.text[:copy(s.text, s.held)], part...)
	s.held = s.text
	found := s.search()
	if n := len(s.held); n > 0 && isBase64(s.held[n-1]) {
		found.open = min(found.open, n-1) // it may hold some bits of a secret that follows
	}
	cut := max(found.open, len(s.held)-maxHeld)
	slices.SortFunc(found.found, func(a, b span) int { return b.start - a.start })
	for _, f := range found.found {
		if f.start < cut && cut < f.end {
			cut = f.start
		}
	}
	shown := mask(s.held[:cut], slices.DeleteFunc(found.found, func(f span) bool { return f.end > cut }))
	s.held = s.held[cut:]
	return shown
}

// End returns the rest of what may be shown.
func (s *Stream) End() []byte {
	shown := mask(s.held, s.search().found)
	s.text, s.held = nil, nil
	return shown
}

func (s *Stream) search() result {
	found := s.redactor.search(s.held, every)
	for _, i := range found.values {
		s.found[i] = true
	}
	return found
}

// Found returns the indexes of the values that were found so far, in their order. It does not count what is so short that
// it may be there by chance.
func (s *Stream) Found() []int {
	var all []int
	for i := range s.found {
		all = append(all, i)
	}
	slices.Sort(all)
	return all
}

// A Set is a redactor to which secrets are added as they become known. It may be used by several goroutines. A nil set
// redacts nothing.
type Set struct {
	mu       sync.Mutex
	values   []string
	redactor atomic.Pointer[Redactor]
}

// Add adds values of secrets.
func (s *Set) Add(values ...string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.values)
	for _, v := range values {
		if !slices.Contains(s.values, v) {
			s.values = append(s.values, v)
		}
	}
	if len(s.values) > before {
		s.redactor.Store(New(s.values...))
	}
}

// Redactor returns one of the secrets that were added so far.
func (s *Set) Redactor() *Redactor {
	if s != nil {
		if r := s.redactor.Load(); r != nil {
			return r
		}
	}
	return &Redactor{}
}

// None reports whether there is nothing to redact.
func (s *Set) None() bool { return len(s.Redactor().patterns) == 0 }

// Hide is Redactor.Hide.
func (s *Set) Hide(text string) string { return s.Redactor().Hide(text) }

// HideAgain is Redactor.HideAgain.
func (s *Set) HideAgain(text string) string { return s.Redactor().HideAgain(text) }

// HideCut is Redactor.HideCut.
func (s *Set) HideCut(text string) string { return s.Redactor().HideCut(text) }
