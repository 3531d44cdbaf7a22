# The two commands of the README are `make run` and `make test`; each does all its set-up.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv/bin
AS_ROOT = $(if $(filter 0,$(shell id -u)),,sudo)
export T4T_APPLIANCE := $(CURDIR)/build/appliance
# The longest first: some files are run at a time.
LAB_TESTS = $(addprefix tests/lab/test_,$(addsuffix .py,cores task_run contract_manage contract_api traps recovery ways kills formats vm_host api_road_live smoke api_road health test_boot install))
WINE_CACHE = $(or $(T4T_BUILD_CACHE),$(HOME)/.cache/t4t-build)/wine
MAIN_PICTURES = home science-results contribution community news computer settings help tray wizard-
LAB_CACHE = $(or $(T4T_BUILD_CACHE),$(HOME)/.cache/t4t-build)/lab

.DEFAULT_GOAL := help
.PHONY: help run test chaos check format catalogs appliance appliance-release bench bench-community window-bench screenshots soak lab lab-bench lab-limit lab-clean wine bundle bundle-plain bundle-check update-keys update-repo update-check installers windows-setup release-check ready-run ready-test clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: ready-run ## build what is missing and compute real collisions in a virtual machine
	@$(VENV)/t4t demo

test: ready-test check ## install what the tests need and run them
	@$(VENV)/coverage erase
	@: tests with real machines mostly wait, so there is one worker more than processors
	$(VENV)/coverage run -m pytest -n $$(( $$(nproc) + 1 )) --maxprocesses 4 --dist worksteal --durations=25 --junitxml=build/tests.xml
	@$(VENV)/coverage combine -q
	@$(VENV)/coverage json -q -o build/coverage.json
	@$(VENV)/python packaging/checks/coverage_floor.py build/coverage.json

chaos: ready-test ## schedules of chaos beside those of make test, to a thousand in all
	T4T_CHAOS_SEED=201 T4T_CHAOS=800 $(VENV)/python -m pytest -q -n $$(nproc) --maxprocesses 4 tests/engine/test_chaos.py

check: ready-test ## format, lint, types for three systems, layers, sizes, generated pages, translations
	$(VENV)/ruff format --check --quiet
	$(VENV)/ruff check --quiet
	$(VENV)/mypy --no-error-summary
	$(VENV)/mypy --no-error-summary --platform win32 app
	$(VENV)/mypy --no-error-summary --platform darwin app
	$(VENV)/lint-imports --no-logo
	$(VENV)/python packaging/checks/module_size.py
	$(VENV)/python packaging/docs/generate.py --check
	$(VENV)/python packaging/locale/catalogs.py --check

format: ## format and mend what can be mended by machine
	$(VENV)/ruff format
	$(VENV)/ruff check --fix

catalogs: ready-test ## bring the translations of resources/locale up to date with the texts
	@$(VENV)/python packaging/locale/catalogs.py

appliance: ## build the reference appliance into build/appliance
	@$(PYTHON) packaging/setup/prepare.py appliance

appliance-release: appliance ## the appliance as volunteers get it (t4t appliance fetch), with its kernel's configuration and the source offer, into build/installers
	@$(PYTHON) packaging/appliance/pack_appliance.py --appliance build/appliance --out build/installers

bench: ready-test ## measure against QEMU's own commands; writes docs/benchmarks.md
	@$(VENV)/python benchmarks/run.py

window-bench: ready-test ## measure how soon tray, window and the guest's page are there and a click acts; adds a line to docs/evidence/window.jsonl
	@PYTHONPATH=app:tests:packaging/appliance $(VENV)/python benchmarks/window.py

screenshots: ready-test ## pictures of every page of the window, light and dark, in English, pseudo and from right to left, into build/screenshots; some into docs/screenshots
	@PYTHONPATH=app:tests $(VENV)/python -m support.screenshots build/screenshots
	@for spoken in pseudo rtl; do PYTHONPATH=app:tests T4T_PICTURES_IN=$$spoken $(VENV)/python -m support.screenshots build/screenshots/$$spoken; done
	@: the main ones also in German, in high contrast and with letters of twice the size
	@PYTHONPATH=app:tests T4T_PICTURES_IN=de $(VENV)/python -m support.screenshots build/screenshots/de 1 $(MAIN_PICTURES)
	@for look in contrast large; do PYTHONPATH=app:tests T4T_PICTURES_LOOK=$$look $(VENV)/python -m support.screenshots build/screenshots 1 $(MAIN_PICTURES); done
	@for name in home-light home-dark home-paused-light science-results-light science-words-dark computer-light settings-light settings-schedule-light help-remove-dark news-dark contribution-light community-light community-dark; do cp build/screenshots/$$name.png docs/screenshots/window-$$name.png; done
	@cp build/screenshots/tray-icons.png docs/screenshots/

soak: ready-test ## thousands of chaos schedules, then hours of real kills on QEMU and (as root) VirtualBox, resumable; the logs go to docs/evidence
	@$(VENV)/python tests/soak/chaos_rounds.py --schedules $(or $(SCHEDULES),10000)
	@$(VENV)/python tests/soak/kill_rounds.py --rounds $(or $(ROUNDS),100)
	@$(VENV)/python tests/soak/agent_kills.py --kills $(or $(KILLS),100)
	@$(VENV)/python tests/soak/failing_server.py
	@$(VENV)/python tests/soak/known_physics.py
	@$(if $(filter 0,$(shell id -u)),$(PYTHON) packaging/setup/prepare.py lab,echo "the kills on VirtualBox are left out: its laboratory needs root")
	@$(if $(filter 0,$(shell id -u)),$(PYTHON) packaging/lab/enter.py --lab build/lab --appliance build/appliance --scratch docs/evidence \
		--env PYTHONPATH=/checkout/app -- python tests/soak/agent_kills.py --hypervisor virtualbox --kills $(or $(VIRTUALBOX_KILLS),20) \
		--commit "$$(git describe --always --abbrev=12 --dirty=+)")

lab: ## run the tests that need real VirtualBox in its laboratory, built on first use (needs root)
	@$(PYTHON) packaging/setup/prepare.py lab
	@$(AS_ROOT) $(PYTHON) packaging/lab/run_tests.py --lab build/lab --appliance build/appliance --packages $(LAB_CACHE) \
		--logs build/lab-logs $(or $(TESTS),$(LAB_TESTS))

bench-community: ready-test ## measure the community page on an export of a million users; writes docs/benchmarks-community.md
	@PYTHONPATH=tests $(VENV)/python benchmarks/community.py

lab-bench: ## measure the VirtualBox driver against VirtualBox's API and VBoxManage in the laboratory; writes docs/benchmarks.md (needs root)
	@$(PYTHON) packaging/setup/prepare.py lab
	@$(AS_ROOT) $(PYTHON) packaging/lab/enter.py --lab build/lab --appliance build/appliance --scratch build/bench --env PYTHONPATH=/checkout/app \
		-- python benchmarks/on_virtualbox.py
	@$(PYTHON) benchmarks/publish.py build/bench/virtualbox.json

lab-limit: ## does a processor limit hold on the laboratory's VirtualBox? One line, as docs/evidence/virtualbox-limit.jsonl has it (needs root)
	@$(PYTHON) packaging/setup/prepare.py lab
	@$(AS_ROOT) $(PYTHON) packaging/lab/enter.py --lab build/lab --appliance build/appliance --env PYTHONPATH=/checkout/app -- python tests/soak/virtualbox_limit.py

lab-clean: ## remove the laboratory (its cached packages stay)
	@$(AS_ROOT) $(PYTHON) packaging/lab/build_lab.py --cache build --lab build/lab --remove

wine: ## run the tests that need Windows' functions, with Windows' own Python under wine
	@$(PYTHON) packaging/setup/prepare.py wine
	$(VENV)/pytest -m wine tests/host

bundle: ## make the program as one folder that needs no Python, into build/bundle/t4t
	@$(PYTHON) packaging/setup/prepare.py bundle
	@$(PYTHON) packaging/bundle/make_bundle.py --out build/bundle

bundle-plain: ## the same without the web view, into build/bundle/plain/t4t
	@$(PYTHON) packaging/setup/prepare.py bundle
	@$(PYTHON) packaging/bundle/make_bundle.py --out build/bundle --without-web

installers: bundle ## make the .deb, the .rpm and the archive for Linux, into build/installers
	@$(PYTHON) packaging/bundle/make_installers.py --bundle build/bundle/t4t --tools build/bundle/tools --out build/installers

update-keys: ready-test ## make the keys of updates in KEYS, and the first root into the sources (ADDRESS: where updates will be served); docs/updates.md
	@$(VENV)/python packaging/updates/update_repository.py keys --keys "$(KEYS)" --folder $(or $(PLACE),build/updates) --address "$(ADDRESS)"

update-repo: ready-test ## add what is in build/installers to the place of updates in PLACE, signed with KEYS; without keys nothing is done
	@$(VENV)/python packaging/updates/update_repository.py publish --keys "$(KEYS)" --folder $(or $(PLACE),build/updates) \
		--version "$$($(VENV)/python -c 'import t4t; print(t4t.__version__)')" $(if $(SECURITY),--security) \
		$(foreach file,$(wildcard build/installers/appliance-*.tar.xz),--appliance $(file)) \
		$(foreach file,$(wildcard build/installers/t4t*.tar.xz build/installers/*.deb build/installers/*.rpm),linux-$$(uname -m)=$(file))

update-check: ready-test ## real updates of real copies of the program: failing versions, the way back, kills at many moments
	T4T_EVIDENCE=$(CURDIR)/docs/evidence/updates.jsonl $(VENV)/pytest -m updates --durations=10 --log-level=INFO -rP tests/updates

bundle-check: bundle-plain installers ## check the bundles and the installers: sizes, a second build, an update, on a real screen and (as root) in a fresh Debian and with VirtualBox; the result goes to docs/evidence
	@$(PYTHON) packaging/setup/prepare.py bundle-check
	@$(if $(filter 0,$(shell id -u)),$(PYTHON) packaging/setup/prepare.py lab,echo "a fresh Debian and VirtualBox's laboratory are left out: they need root")
	T4T_BUNDLES=$(CURDIR)/build/bundle/t4t:$(CURDIR)/build/bundle/plain/t4t T4T_INSTALLERS=$(CURDIR)/build/installers \
		T4T_EVIDENCE=$(CURDIR)/docs/evidence/bundle.jsonl $(VENV)/pytest -m bundle --durations=10 tests/bundle

windows-setup: ## make the setup for Windows with Windows' own Python under wine, and live a life of it there; the result goes to docs/evidence
	@$(PYTHON) packaging/setup/prepare.py windows-setup
	@PYTHONPATH=packaging/bundle $(VENV)/python packaging/wine/freeze.py --cache $(WINE_CACHE) --out build/windows
	T4T_WINDOWS=$(CURDIR)/build/windows T4T_EVIDENCE=$(CURDIR)/docs/evidence/windows-setup.jsonl $(VENV)/pytest -m windows_setup --durations=12 tests/bundle

release-check: ## check what a release is made by: workflows, scripts, desktop files, and that version and changelog agree
	@$(PYTHON) packaging/setup/prepare.py release-check
	@$(PYTHON) packaging/checks/release.py
	@$(VENV)/jactionlint
	@$(VENV)/zizmor --offline --quiet .github/workflows
	@shellcheck .ci/run installers/*/*.sh packaging/lab/*.sh
	@desktop-file-validate installers/linux/t4t.desktop
	@mkdir -p build/release && sed 's/@VERSION@/1.0.0/; s/@DATE@/2026-01-01/' installers/linux/org.t4t.desktop.metainfo.xml > build/release/org.t4t.desktop.metainfo.xml
	@appstreamcli validate --no-net build/release/org.t4t.desktop.metainfo.xml

ready-run:
	@$(PYTHON) packaging/setup/prepare.py run

ready-test:
	@$(PYTHON) packaging/setup/prepare.py test

clean: $(if $(wildcard build/lab),lab-clean) ## remove what was built here (the cache of the appliance's parts stays)
	rm -rf build .venv .mypy_cache .ruff_cache .pytest_cache .coverage .coverage.*
