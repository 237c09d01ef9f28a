package lint

import (
	"net/url"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

var maintainerName = &Rule{
	Rule: diag.Rule{
		ID:       "maintainer-name",
		Severity: diag.Warning,
		Summary:  "the maintainer should have a name",
		Spec:     "2.1.1.1 S-2.1.1.1-02",
	},
	Check: func(p *Pass) {
		if at := seed.AtMaintainer.Member("name"); p.valid(at) && blank(p.Job.Maintainer.Name) {
			p.Reportf(at, "the maintainer's name is blank: give a person's full name")
		}
	},
}

var maintainerEmail = &Rule{
	Rule: diag.Rule{
		ID:       "maintainer-email",
		Severity: diag.Warning,
		Summary:  "the maintainer's e-mail should be an address",
		Spec:     "2.1.1.1 S-2.1.1.1-04",
	},
	Check: func(p *Pass) {
		at, email := seed.AtMaintainer.Member("email"), p.Job.Maintainer.Email
		if !p.valid(at) || IsAddress(email) {
			return
		}
		if bare, ok := cutScheme(email); ok && IsAddress(bare) {
			d := p.Reportf(at, "the maintainer's e-mail %q is a link, must be the address alone", email)
			p.replace(d, "Write "+bare, bare)
			return
		}
		p.Reportf(at, "the maintainer's e-mail %q is not an address: users of the job cannot write to anybody", email)
	},
}

// cutScheme removes the mailto: of a link to an address.
func cutScheme(email string) (address string, ok bool) {
	const scheme = "mailto:"
	if len(email) < len(scheme) || !strings.EqualFold(email[:len(scheme)], scheme) {
		return "", false
	}
	return email[len(scheme):], true
}

// IsAddress reports whether a text can be an e-mail address (2.1.1.1 S-2.1.1.1-04). It does not ask whether somebody reads it.
func IsAddress(email string) bool {
	local, host, ok := strings.Cut(email, "@")
	_, link := cutScheme(email)
	return ok && !link && !blank(local) && !blank(host) && !strings.ContainsAny(host, "@ \t<>,;?")
}

var maintainerURL = &Rule{
	Rule: diag.Rule{
		ID:       "maintainer-url",
		Severity: diag.Warning,
		Summary:  "the maintainer's URL should be reachable by others",
		Spec:     "2.1.1.1 S-2.1.1.1-10",
	},
	Check: func(p *Pass) {
		at, text := seed.AtMaintainer.Member("url"), p.Job.Maintainer.URL
		if !p.valid(at) {
			return
		}
		u, err := url.Parse(text)
		switch {
		case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
			p.Reportf(at, "the maintainer's url %q is not an http or https URL: give one with the job's documentation", text)
		case local(u.Hostname()):
			p.Reportf(at, "the maintainer's url %q is only reachable on one machine: give a public one", text)
		}
	},
}

func local(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasPrefix(host, "127.") || host == "::1"
}

var maintainerPhone = &Rule{
	Rule: diag.Rule{
		ID:       "maintainer-phone",
		Severity: diag.Warning,
		Summary:  "the maintainer's phone should be a number",
		Spec:     "2.1.1.1 S-2.1.1.1-06",
	},
	Check: func(p *Pass) {
		at, phone := seed.AtMaintainer.Member("phone"), p.Job.Maintainer.Phone
		if p.valid(at) && !strings.ContainsAny(phone, "0123456789") {
			p.Reportf(at, "the maintainer's phone %q has no digit: give a number or leave it out", phone)
		}
	},
}

var maintainerOrganization = &Rule{
	Rule: diag.Rule{
		ID:       "maintainer-organization",
		Severity: diag.Warning,
		Summary:  "the maintainer's organization should name one",
		Spec:     "2.1.1.1 S-2.1.1.1-08",
	},
	Check: func(p *Pass) {
		if at := seed.AtMaintainer.Member("organization"); p.valid(at) && blank(p.Job.Maintainer.Organization) {
			p.Reportf(at, "the maintainer's organization is blank: name the one responsible or leave it out")
		}
	},
}
