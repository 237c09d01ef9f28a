package pack

import (
	"strings"
	"testing"

	"github.com/moby/buildkit/client"

	"github.com/seedpack/seedpack/seed"
)

func TestBuildOptionsCheck(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]BuildOptions{
		"it holds the manifest":  {Labels: map[string]string{seed.Label: "{}"}},
		"must be default, none":  {Network: "bridge"},
		"must be NAME:ADDRESS":   {AddHosts: []string{"db"}},
		"must be NAME=VALUE":     {CacheFrom: []string{"type=local,here"}},
		"has no type":            {CacheTo: []string{"dest=here"}},
		`host "db:nowhere" must`: {AddHosts: []string{"db:nowhere"}},
		"unknown entitlement":    {Allow: []string{"everything"}},
		`ssh "=x" must be`:       {SSH: []string{"=x"}},
		`shm-size "much"`:        {ShmSize: "much"},
		`ulimit "files=1"`:       {Ulimits: []string{"files=1"}},
	} {
		if err := o.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v gives %v, want %q", o, err, want)
		}
	}
}

func TestBuildOptionsAdd(t *testing.T) {
	t.Parallel()
	o := BuildOptions{
		Labels: map[string]string{"a": "b"}, Pull: true, NoCacheFilter: []string{"x", "y"}, Network: "host",
		AddHosts: []string{"db:10.0.0.1", "v6=[::1]"}, CacheFrom: []string{"example.com/cache"}, CacheTo: []string{"type=local,dest=d"},
		Allow: []string{"network.host"}, ShmSize: "64m", Ulimits: []string{"nofile=1:2", "nproc=9"},
	}
	if err := o.Check(); err != nil {
		t.Fatal(err)
	}
	var opt client.SolveOpt
	attrs := map[string]string{}
	if err := o.add(&opt, attrs); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"label:a": "b", "image-resolve-mode": "pull", "no-cache": "x,y", "force-network-mode": "host", "add-hosts": "db=10.0.0.1,v6=::1",
		"shm-size": "67108864", "ulimit": "nofile=1:2,nproc=9",
	} {
		if attrs[name] != want {
			t.Errorf("%s is %q, want %q", name, attrs[name], want)
		}
	}
	if len(opt.CacheImports) != 1 || opt.CacheImports[0].Type != "registry" || opt.CacheImports[0].Attrs["ref"] != "example.com/cache" {
		t.Errorf("imports %+v", opt.CacheImports)
	}
	if len(opt.CacheExports) != 1 || opt.CacheExports[0].Attrs["dest"] != "d" || len(opt.AllowedEntitlements) != 1 {
		t.Errorf("exports %+v, entitlements %v", opt.CacheExports, opt.AllowedEntitlements)
	}
}
