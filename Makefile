# Mana Core Auth. `make` lists what there is.

TOOL    = go tool -modfile=deploy/tools/go.mod
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TAGS    ?=
LDFLAGS = -s -w -X main.version=$(VERSION)

.DEFAULT_GOAL := help
.PHONY: help run dev test gallery race check fmtcheck lint generate generated fmt openapi vuln bench bench-ledger bench-edge timing soak build image notices

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

run: ## start the program on http://localhost:3001
	go run . serve

dev: ## start it, and start it again whenever a source changes
	@sh deploy/tools/dev.sh

test: ## run all tests, and list what was skipped
	@mkdir -p dist; go test -v ./... > dist/test.log 2>&1; code=$$?; \
	grep -E '^(ok|FAIL|panic:)|^ *--- FAIL|SKIPPED' dist/test.log; \
	[ $$code = 0 ] || echo "the whole output is in dist/test.log"; exit $$code

gallery: ## take pictures of every page, and make dist/gallery/index.html of them, in German dist/gallery/de/index.html
	@rm -rf dist/gallery; mkdir -p dist/gallery/de
	SCREENSHOTS=$(CURDIR)/dist/gallery go test -run Browser -count 1 .
	SCREENSHOTS=$(CURDIR)/dist/gallery/de PAGES_LANGUAGE=de go test -run Browser -count 1 .

race: ## run all tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race -timeout 40m ./...

check: generated fmtcheck lint vuln ## everything that a change must pass besides the tests

fmtcheck:
	@out=$$($(TOOL) gofumpt -l $$(git ls-files '*.go' | grep -v _templ.go)); \
	if [ -n "$$out" ]; then echo "not formatted, run make fmt:"; echo "$$out"; exit 1; fi
	@for f in $$(git ls-files '*.templ'); do \
		$(TOOL) templ fmt -stdin-filepath $$f <$$f | cmp -s - $$f || { echo "not formatted, run make fmt: $$f"; exit 1; }; done
	go vet ./...
	go vet -tags otlp .

lint: ## the linters and the import rules
	$(TOOL) golangci-lint run ./...
	$(TOOL) golangci-lint run --build-tags otlp .

generate: ## make the Go code of the templates
	$(TOOL) templ generate -path web
	$(TOOL) gofumpt -w $$(git ls-files '*.go' | grep -v _templ.go)

generated:
	@before=$$(cat web/*/*_templ.go | sha256sum); $(TOOL) templ generate -path web >/dev/null 2>&1; \
	after=$$(cat web/*/*_templ.go | sha256sum); \
	if [ "$$before" != "$$after" ]; then echo "generated files were stale; commit them"; exit 1; fi

fmt: ## format the sources
	$(TOOL) templ fmt web
	$(TOOL) templ generate -path web
	$(TOOL) gofumpt -w $$(git ls-files '*.go' | grep -v _templ.go)

openapi: ## write the description of the API anew, from its types
	go test ./web/api -run '^TestDocument$$' -count 1 -write

vuln: ## look for known vulnerabilities in what is linked
	@sh deploy/tools/vuln.sh

bench: ## measure, and print each figure beside its goal
	go test -tags bench -run '^TestBench' -count 1 -v -timeout 40m .

bench-ledger: ## measure the ledger on both engines, alone and over HTTP, and write dist/bench-ledger.txt
	@mkdir -p dist; { go test -tags bench -run '^TestBenchLedger' -count 1 -p 1 -v -timeout 60m ./storage/sqlite ./storage/postgres .; \
	echo "exit $$?"; } | tee dist/bench-ledger.txt; grep -qx 'exit 0' dist/bench-ledger.txt

bench-edge: ## measure an edge beside a bare handler, and write dist/bench-edge.txt
	@mkdir -p dist; { go test -tags bench -run '^TestBenchEdge$$' -count 1 -v -timeout 30m .; echo "exit $$?"; } | tee dist/bench-edge.txt; grep -qx 'exit 0' dist/bench-edge.txt

timing: ## measure whether the time of an answer tells a known address from an unknown one
	go test -tags bench -run '^TestTiming$$' -count 1 -v -timeout 60m .

soak: ## run the tests of the ledger, of crashes, restarts and rotations at full size
	MANA_SCALE=$${MANA_SCALE:-35} go test -run '^(TestModel|TestKill|TestKillReplicas|TestRollingRestart|TestRotationInService)$$' -count 1 -v -timeout 60m ./ledger .

build: ## build the static binary into dist/; TAGS=otlp: one that can send traces
	CGO_ENABLED=0 go build -trimpath -tags 'timetzdata $(TAGS)' -gcflags mana/web/...=-l -ldflags '$(LDFLAGS)' -o dist/mana .

image: ## build the container image, with its SBOM and provenance; TAGS as for build
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) docker buildx build --build-arg VERSION=$(VERSION) --build-arg TAGS='$(TAGS)' --sbom=true --provenance=true -t mana:$(VERSION) .

notices: ## list the modules that are linked, with their licences
	sh deploy/tools/notices.sh > deploy/NOTICES.md
