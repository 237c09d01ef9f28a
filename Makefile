# The targets work on a Debian machine with Go, make and git. The first run installs packages and builds BuildKit, which
# takes about two minutes. CONTRIBUTING.md says what each target does, and how long it takes.

export SEEDPACK_TEST_BASE := $(CURDIR)/.cache/base

# act runs workflows as a runner does. The program does not depend on it, so it is not in go.mod.
ACT_VERSION = v0.2.89
export SEEDPACK_TEST_ACT := $(CURDIR)/.cache/act/$(ACT_VERSION)/act

# The browser tests of pages are driven by what lies here.
export SEEDPACK_TEST_BROWSER := $(CURDIR)/.cache/browser

# Reports for code scanning are judged by this validator.
export SEEDPACK_TEST_SARIF := $(CURDIR)/.cache/sarif/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool

# WITH_REGISTRY runs a command, and a registry that ends with it.
WITH_REGISTRY = .cache/bin/registry
# WITH_DOCKER runs a command, and a Docker Engine that ends with it.
WITH_DOCKER = .cache/bin/docker

.PHONY: demo test test-long test-engines bench seedpack manual base tools clean

demo: seedpack base ## pack an example job and publish it to a registry on this machine
	@setup/install.sh docker-registry skopeo runc
	@$(WITH_REGISTRY) setup/demo.sh

test: seedpack base $(SEEDPACK_TEST_ACT) ## run all tests, with a real BuildKit and registry; a skipped test fails
	@setup/install.sh docker-registry skopeo runc gcc libc6-dev shellcheck node=nodejs npm dockerd=docker.io ip=iproute2 curl \
		podman slurmctld=slurm-wlm munged=munge cwltool python3-jinja2 chromium zsh fish bash-completion rpm
	@setup/node.sh .cache/node
	@setup/browser.sh .cache/browser
	@setup/sarif.sh .cache/sarif
	@SEEDPACK_STRICT=1 PATH="$(CURDIR)/.cache/node/bin:$$PATH" $(WITH_REGISTRY) $(WITH_DOCKER) setup/test.sh

test-long: export SEEDPACK_LONG = 1
test-long: test ## the same with full loops, a job of 300 MB and fuzzing, which takes an hour
	@$(WITH_REGISTRY) setup/gdal.sh
	@setup/fuzz.sh

test-engines: seedpack base ## test a current Docker Engine, with both of its image stores, and a private BuildKit without root
	@setup/install.sh docker-registry skopeo dockerd=docker.io ip=iproute2 curl
	@SEEDPACK_STRICT=1 $(WITH_REGISTRY) setup/engines.sh

bench: seedpack base ## measure runs, and compare them with other tools
	@setup/install.sh docker-registry skopeo runc node=nodejs dockerd=docker.io ip=iproute2 chromium
	@setup/node.sh .cache/node
	@setup/browser.sh .cache/browser
	@PATH="$(CURDIR)/.cache/node/bin:$$PATH" $(WITH_REGISTRY) $(WITH_DOCKER) setup/bench.sh

seedpack:
	@CGO_ENABLED=0 go build -trimpath -o seedpack .

tools:
	@mkdir -p .cache/bin
	@CGO_ENABLED=0 go build -trimpath -o .cache/bin/ ./setup/...

$(SEEDPACK_TEST_ACT):
	GOBIN=$(@D) go install github.com/nektos/act@$(ACT_VERSION)

manual: ## man pages and completions of shells, in .cache/manual
	@CGO_ENABLED=0 go run -trimpath ./setup/manual .cache/manual devel

# base makes the image that example jobs are built FROM.
base: tools
	@setup/install.sh busybox=busybox-static
	@.cache/bin/base "$$(command -v busybox)" $(SEEDPACK_TEST_BASE)

clean:
	rm -rf .cache seedpack
