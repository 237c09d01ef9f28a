# What there is to do, on a Debian machine with Go, make and git. The first time, some packages are installed and
# BuildKit is built, which takes about two minutes; after that everything is there.

export SEEDPACK_TEST_BASE := $(CURDIR)/.cache/base

# act runs workflows as a runner does; it is no dependency of the program, hence not in go.mod.
ACT_VERSION = v0.2.89
export SEEDPACK_TEST_ACT := $(CURDIR)/.cache/act/$(ACT_VERSION)/act

# Runs a command beside a registry that ends with it.
WITH_REGISTRY = .cache/bin/registry
# Runs a command beside a Docker Engine that ends with it.
WITH_DOCKER = .cache/bin/docker

.PHONY: demo test test-long test-engines bench seedpack base tools clean

demo: seedpack base ## pack an example job and publish it to a registry on this machine
	@setup/install.sh docker-registry skopeo runc
	@$(WITH_REGISTRY) setup/demo.sh

test: seedpack base $(SEEDPACK_TEST_ACT) ## everything, with a real BuildKit and registry; what would be skipped fails
	@setup/install.sh docker-registry skopeo runc gcc libc6-dev shellcheck node=nodejs npm dockerd=docker.io ip=iproute2 curl
	@setup/node.sh .cache/node
	@SEEDPACK_STRICT=1 PATH="$(CURDIR)/.cache/node/bin:$$PATH" $(WITH_REGISTRY) $(WITH_DOCKER) setup/test.sh

test-long: export SEEDPACK_LONG = 1
test-long: test ## the same with loops and fuzzing in full, which takes an hour
	@setup/fuzz.sh

test-engines: seedpack base ## a current Docker Engine, with both of its image stores, and a private BuildKit that is not root's
	@setup/install.sh docker-registry skopeo dockerd=docker.io ip=iproute2 curl
	@SEEDPACK_STRICT=1 $(WITH_REGISTRY) setup/engines.sh

bench: seedpack base ## what a run takes, beside other tools
	@setup/install.sh docker-registry skopeo runc node=nodejs dockerd=docker.io ip=iproute2
	@$(WITH_REGISTRY) $(WITH_DOCKER) setup/bench.sh

seedpack:
	@CGO_ENABLED=0 go build -trimpath -o seedpack .

tools:
	@mkdir -p .cache/bin
	@go build -o .cache/bin/ ./setup/...

$(SEEDPACK_TEST_ACT):
	GOBIN=$(@D) go install github.com/nektos/act@$(ACT_VERSION)

# The image that example jobs are built FROM.
base: tools
	@setup/install.sh busybox=busybox-static
	@.cache/bin/base "$$(command -v busybox)" $(SEEDPACK_TEST_BASE)

clean:
	rm -rf .cache seedpack
