package cli

import (
	"strconv"

	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
)

// An attestFlags has the attestations of an image: provenance and bill of materials.
type attestFlags struct {
	provenance, sbom string
	all              []string
}

func (f *attestFlags) add(s *pflag.FlagSet) {
	s.StringVar(&f.provenance, "provenance", "false", "attach how the image was built: true, false, mode=min, mode=max or more attributes")
	s.StringVar(&f.sbom, "sbom", "false", "attach what is in the image: true, false or generator=IMAGE")
	knownWords(s, "provenance", "true", "false", "mode=min", "mode=max")
	knownWords(s, "sbom", "true", "false", "generator=")
	s.StringArrayVar(&f.all, "attest", nil, "type=provenance|sbom[,NAME=VALUE…]: the same, as docker buildx has it")
}

// options returns the attributes of the attestations to attach, by their kind. The last word on a kind wins.
func (f *attestFlags) options() (map[string]string, error) {
	found := map[string]string{}
	for _, spec := range f.all {
		kind, rest, err := attestation("attest", spec, "")
		if err != nil {
			return nil, err
		}
		set(found, kind, rest)
	}
	for kind, spec := range map[string]string{"provenance": f.provenance, "sbom": f.sbom} {
		if on, err := strconv.ParseBool(spec); err == nil {
			if on {
				found[kind] = ""
			}
			continue
		}
		if kind == "provenance" && (spec == "min" || spec == "max") {
			spec = "mode=" + spec
		}
		_, rest, err := attestation(kind, spec, kind)
		if err != nil {
			return nil, err
		}
		set(found, kind, rest)
	}
	return found, nil
}

const disabled = "disabled=true"

func set(found map[string]string, kind, attrs string) {
	if attrs == disabled {
		delete(found, kind)
		return
	}
	found[kind] = attrs
}

// attestation takes a specification apart: its kind, and the attributes that BuildKit knows.
func attestation(flag, spec, kind string) (of, attrs string, err error) {
	fields, err := pack.Fields(spec)
	if err != nil {
		return "", "", exit.Usagef("--%s %q: %w", flag, spec, err)
	}
	var rest []string
	for _, field := range fields {
		switch {
		case !field.Assigned || field.Key == "":
			return "", "", exit.Usagef("--%s %q: %q must be NAME=VALUE", flag, spec, field.Text)
		case field.Key == "type":
			kind = field.Value
		case field.Key == "disabled" && field.Value == "false":
		case field.Key == "disabled":
			return kind, disabled, nil
		case field.Key == "mode" && field.Value != "min" && field.Value != "max":
			return "", "", exit.Usagef("--%s %q: mode %q must be min or max", flag, spec, field.Value)
		default:
			rest = append(rest, field.Text)
		}
	}
	if kind != "provenance" && kind != "sbom" {
		return "", "", exit.Usagef("--%s %q: type %q must be provenance or sbom", flag, spec, kind)
	}
	attrs, err = pack.JoinFields(rest)
	return kind, attrs, err
}
