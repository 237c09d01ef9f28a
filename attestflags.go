package main

import (
	"encoding/csv"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
)

// attestSpecs are what --provenance, --sbom and --attest say.
type attestSpecs struct {
	provenance, sbom string
	all              []string
}

func (f *attestSpecs) register(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVar(&f.provenance, "provenance", "false", "attach how the image was built: true, false, mode=min, mode=max or more attributes")
	s.StringVar(&f.sbom, "sbom", "false", "attach what is in the image: true, false or generator=IMAGE")
	s.StringArrayVar(&f.all, "attest", nil, "type=provenance|sbom[,NAME=VALUE…]: the same, as docker buildx has it")
}

// read gives the attestations to attach by their kind. The last word on a kind wins.
func (f *attestSpecs) read() (map[string]string, error) {
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

// attestation takes a specification apart: of which kind it is, and the attributes that BuildKit knows.
func attestation(flag, spec, kind string) (of, attrs string, err error) {
	fields, err := csv.NewReader(strings.NewReader(spec)).Read()
	if err != nil {
		return "", "", exit.Usagef("--%s %q: %w", flag, spec, err)
	}
	var rest []string
	for _, field := range fields {
		key, value, ok := strings.Cut(field, "=")
		switch {
		case !ok || key == "":
			return "", "", exit.Usagef("--%s %q: %q must be NAME=VALUE", flag, spec, field)
		case key == "type":
			kind = value
		case key == "disabled" && value == "false":
		case key == "disabled":
			return kind, disabled, nil
		case key == "mode" && value != "min" && value != "max":
			return "", "", exit.Usagef("--%s %q: mode %q must be min or max", flag, spec, value)
		default:
			rest = append(rest, field)
		}
	}
	if kind != "provenance" && kind != "sbom" {
		return "", "", exit.Usagef("--%s %q: type %q must be provenance or sbom", flag, spec, kind)
	}
	attrs, err = joinCSV(rest)
	return kind, attrs, err
}

func joinCSV(fields []string) (string, error) {
	if len(fields) == 0 {
		return "", nil
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	err := w.Write(fields)
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n"), err
}

// readAnnotations reads annotations and attestations, which decide whether there is an index to annotate.
func (f *buildFlags) readAnnotations() (err error) {
	if f.options.Attest, err = f.attestSpecs.read(); err != nil {
		return err
	}
	f.annotations = nil
	for _, spec := range f.annotationSpecs {
		parsed, err := pack.ParseAnnotation(spec)
		if err != nil {
			return exit.Usage(err)
		}
		f.annotations = append(f.annotations, parsed...)
	}
	return nil
}

// checkLevels refuses before the build what the image could not have after it.
func (f *packFlags) checkLevels() error {
	for _, a := range f.annotations {
		if strings.HasPrefix(a.Level, "index") && len(f.platforms) < 2 && len(f.options.Attest) == 0 {
			return exit.Usagef("--annotation %s:%s: an image for one platform has no index: leave out the level, or give several platforms", a.Level, a.Key)
		}
	}
	return nil
}
