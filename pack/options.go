package pack

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-units"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/session/sshforward/sshprovider"
	"github.com/moby/buildkit/util/entitlements"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/seed"
)

// BuildOptions are the options of a build, as in docker build. The zero value is the default.
type BuildOptions struct {
	Secrets       map[string]string // id to value
	Labels        map[string]string // without com.ngageoint.seed.manifest, which holds the manifest
	Pull          bool              // ask the registry even for base images that the engine has
	NoCache       bool
	NoCacheFilter []string // stages to build without cache
	CacheFrom     []string // type=registry,ref=…; a single reference means that type
	CacheTo       []string
	AddHosts      []string // NAME:ADDRESS or NAME=ADDRESS
	Network       string   // default, none or host
	Allow         []string // what steps may ask for: network.host, security.insecure or device
	// SSH are agents and keys for RUN --mount=type=ssh: default, or ID[=SOCKET|KEY[,KEY...]].
	SSH     []string
	ShmSize string   // size of /dev/shm in steps, in bytes or with a unit
	Ulimits []string // TYPE=SOFT[:HARD]
	// CgroupParent is the control group below which steps run. An engine may refuse it.
	CgroupParent string
	// Attest are the attestations to attach, provenance and sbom, with BuildKit's attributes for them ("mode=max") or
	// "". The image then becomes an index, which hides the label from readers that know only single manifests.
	Attest map[string]string
}

// Check returns an error if an option is wrong for every engine.
func (o *BuildOptions) Check() error {
	for name := range o.Labels {
		if name == seed.Label || name == "" {
			return fmt.Errorf("label %q cannot be set: it holds the manifest", name)
		}
	}
	switch o.Network {
	case "", "default", "none", "host":
	default:
		return fmt.Errorf("network %q must be default, none or host", o.Network)
	}
	_, hostsErr := hostList(o.AddHosts)
	_, fromErr := cacheEntries(o.CacheFrom)
	_, toErr := cacheEntries(o.CacheTo)
	_, sshErr := sshAgents(o.SSH)
	return errors.Join(hostsErr, fromErr, toErr, sshErr, o.checkLimits())
}

// checkLimits uses the parsers of docker build.
func (o *BuildOptions) checkLimits() error {
	for _, allow := range o.Allow {
		if _, _, err := entitlements.Parse(allow); err != nil {
			return fmt.Errorf("allow %q: %w", allow, err)
		}
	}
	if o.ShmSize != "" {
		if _, err := units.RAMInBytes(o.ShmSize); err != nil {
			return fmt.Errorf("shm-size %q: %w", o.ShmSize, err)
		}
	}
	for _, limit := range o.Ulimits {
		if _, err := units.ParseUlimit(limit); err != nil {
			return fmt.Errorf("ulimit %q: %w", limit, err)
		}
	}
	return nil
}

// add sets the options where the frontend and the solver look for them.
func (o *BuildOptions) add(opt *client.SolveOpt, attrs map[string]string) error {
	for name, value := range o.Labels {
		attrs["label:"+name] = value
	}
	if o.Pull {
		attrs["image-resolve-mode"] = "pull"
	}
	if o.NoCache || len(o.NoCacheFilter) > 0 {
		attrs["no-cache"] = "" // all stages
	}
	if !o.NoCache && len(o.NoCacheFilter) > 0 {
		attrs["no-cache"] = strings.Join(o.NoCacheFilter, ",")
	}
	if o.Network == "none" || o.Network == "host" {
		attrs["force-network-mode"] = o.Network
	}
	opt.AllowedEntitlements = slices.Clone(o.Allow)
	if host := entitlements.EntitlementNetworkHost.String(); o.Network == "host" && !slices.Contains(o.Allow, host) {
		opt.AllowedEntitlements = append(opt.AllowedEntitlements, host)
	}
	if o.ShmSize != "" {
		size, err := units.RAMInBytes(o.ShmSize)
		if err != nil {
			return err
		}
		attrs["shm-size"] = strconv.FormatInt(size, 10)
	}
	if len(o.Ulimits) > 0 {
		attrs["ulimit"] = strings.Join(o.Ulimits, ",")
	}
	if o.CgroupParent != "" {
		attrs["cgroup-parent"] = o.CgroupParent
	}
	if err := o.addSSH(opt); err != nil {
		return err
	}
	var hostsErr, fromErr, toErr error
	if len(o.AddHosts) > 0 {
		attrs["add-hosts"], hostsErr = hostList(o.AddHosts)
	}
	opt.CacheImports, fromErr = cacheEntries(o.CacheFrom)
	opt.CacheExports, toErr = cacheEntries(o.CacheTo)
	return errors.Join(hostsErr, fromErr, toErr)
}

func (o *BuildOptions) addSSH(opt *client.SolveOpt) error {
	agents, err := sshAgents(o.SSH)
	if err != nil || len(agents) == 0 {
		return err
	}
	for _, a := range agents {
		if err := disk.CheckSockets(a.Paths...); err != nil {
			return fmt.Errorf("ssh %s: %w", a.ID, err)
		}
	}
	provider, err := sshprovider.NewSSHAgentProvider(agents)
	if err != nil {
		return fmt.Errorf("ssh: %w\nis an agent running, with SSH_AUTH_SOCK set? or name a key: --ssh default=FILE", err)
	}
	opt.Session = append(opt.Session, provider)
	return nil
}

func sshAgents(specs []string) ([]sshprovider.AgentConfig, error) {
	var all []sshprovider.AgentConfig
	for _, s := range specs {
		id, paths, ok := strings.Cut(s, "=")
		if id == "" || ok && paths == "" {
			return nil, fmt.Errorf("ssh %q must be default or ID=SOCKET or ID=KEY[,KEY...]", s)
		}
		a := sshprovider.AgentConfig{ID: id}
		for _, path := range strings.Split(paths, ",") {
			switch path {
			case "raw=true":
				a.Raw = true
			case "", "raw=false":
			default:
				a.Paths = append(a.Paths, path)
			}
		}
		all = append(all, a)
	}
	return all, nil
}

func hostList(specs []string) (string, error) {
	var all []string
	for _, s := range specs {
		name, address, ok := strings.Cut(s, "=")
		if !ok {
			name, address, ok = strings.Cut(s, ":")
		}
		ip := net.ParseIP(strings.Trim(address, "[]"))
		if !ok || name == "" || ip == nil {
			return "", fmt.Errorf("host %q must be NAME:ADDRESS", s)
		}
		all = append(all, name+"="+ip.String())
	}
	return strings.Join(all, ","), nil
}

func cacheEntries(specs []string) ([]client.CacheOptionsEntry, error) {
	var all []client.CacheOptionsEntry
	for _, s := range specs {
		fields, err := Fields(s)
		if err != nil {
			return nil, fmt.Errorf("cache %q: %w", s, err)
		}
		e := client.CacheOptionsEntry{Attrs: map[string]string{}}
		for _, field := range fields {
			switch {
			case !field.Assigned && len(fields) == 1:
				e.Type, e.Attrs["ref"] = "registry", field.Text
			case !field.Assigned:
				return nil, fmt.Errorf("cache %q: %q must be NAME=VALUE", s, field.Text)
			case field.Key == "type":
				e.Type = field.Value
			default:
				e.Attrs[field.Key] = field.Value
			}
		}
		if e.Type == "" {
			return nil, fmt.Errorf("cache %q: has no type: write type=registry,ref=… or type=local,…", s)
		}
		all = append(all, e)
	}
	return all, nil
}
