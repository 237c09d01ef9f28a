package catalogue

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Bounds of one list. A registry that lies about its pages ends there.
const (
	maxPages = 10_000
	maxPage  = 8 << 20 // bytes
	maxList  = 1 << 30 // bytes of all pages
	// maxListEntries is how many entries all pages have.
	maxListEntries = 2_000_000
	longestList    = 3 * time.Hour
	// maxAddress is how many bytes the address of a page has.
	maxAddress = 8 << 10
)

// A pager guards against lists that never end. It follows only pages of the same scheme and host.
type pager struct {
	addresses map[string]bool
	contents  map[[sha256.Size]byte]bool
	size      int64 // bytes of all pages
	entries   int   // of all pages
}

func newPager() *pager {
	return &pager{addresses: map[string]bool{}, contents: map[[sha256.Size]byte]bool{}}
}

// add notes a page. It returns an error if the page repeats an earlier one, or if the list becomes too long. Pages without any
// entry may be alike: some services filter what a user may not see after they have cut the list into pages.
func (p *pager) add(body []byte, entries int) error {
	p.size += int64(len(body))
	p.entries += entries
	switch {
	case p.size > maxList:
		return fmt.Errorf("the list has more than %d bytes", int64(maxList))
	case p.entries > maxListEntries:
		return fmt.Errorf("the list has more than %d entries", maxListEntries)
	case entries == 0:
		return nil
	}
	sum := sha256.Sum256(body)
	if p.contents[sum] {
		return errors.New("the list goes in a circle: it gives a page that it gave before")
	}
	p.contents[sum] = true
	return nil
}

// follow returns the address of the next page, or "" at the end. Link is relative to the page, or absolute.
func (p *pager) follow(page *url.URL, link string) (string, error) {
	p.addresses[page.String()] = true
	if link == "" {
		return "", nil
	}
	if len(link) > maxAddress {
		return "", fmt.Errorf("the list names a next page whose address has %d bytes, more than %d", len(link), maxAddress)
	}
	next, err := page.Parse(link)
	if err != nil {
		return "", fmt.Errorf("the list names a next page that is no address: %w", err)
	}
	if sameOrigin(next, page) {
		next.Host, next.User = page.Host, nil
	}
	switch {
	case next.Scheme != page.Scheme || next.Host != page.Host:
		return "", fmt.Errorf("the list goes on at %s://%s, which is not followed: it is at %s://%s", next.Scheme, next.Host, page.Scheme, page.Host)
	case p.addresses[next.String()]:
		return "", errors.New("the list goes in a circle: its next page is one that it gave before")
	case len(p.addresses) >= maxPages:
		return "", fmt.Errorf("the list has more than %d pages", maxPages)
	}
	next.Fragment = ""
	return next.String(), nil
}

// sameOrigin reports whether two addresses have scheme, host and port in common. A port may be the usual one.
func sameOrigin(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		return cmp.Or(u.Port(), map[string]string{"https": "443", "http": "80"}[u.Scheme])
	}
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

// nextLink returns the address of the next page in the Link headers (RFC 8288), or "". Some registries leave out the
// angle brackets.
func nextLink(header http.Header) string {
	for _, value := range header.Values("Link") {
		for value != "" {
			var target, parameters string
			target, parameters, value = cutLink(value)
			if isNext(parameters) {
				return target
			}
		}
	}
	return ""
}

// cutLink splits the first link off the value of a header.
func cutLink(value string) (target, parameters, rest string) {
	value = strings.TrimLeft(value, " \t,")
	if inner, ok := strings.CutPrefix(value, "<"); ok {
		target, value, _ = strings.Cut(inner, ">")
	} else {
		end := strings.IndexByte(value, ';')
		if end < 0 {
			end = len(value)
		}
		target, value = strings.TrimSpace(value[:end]), value[end:]
	}
	quoted := false
	for i := range len(value) {
		switch {
		case value[i] == '"':
			quoted = !quoted
		case value[i] == ',' && !quoted:
			return target, value[:i], value[i+1:]
		}
	}
	return target, value, ""
}

// isNext reports whether the parameters of a link have the relation next. A relation may be one of several.
func isNext(parameters string) bool {
	for parameter := range strings.SplitSeq(parameters, ";") {
		key, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(key), "rel") {
			continue
		}
		for relation := range strings.FieldsSeq(strings.Trim(strings.TrimSpace(value), `"'`)) {
			if strings.EqualFold(relation, "next") {
				return true
			}
		}
	}
	return false
}
