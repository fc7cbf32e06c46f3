# SPDX-License-Identifier: GPL-2.0
#
# Asynchronous SPU contexts for Linux, and the Cell blade to try them on.
# "make help" lists the targets.

BUILD ?= build
# Such a path cannot be quoted for every program that gets it.
_ := $(foreach path,CURDIR BUILD,$(if $(filter 1,$(words x$($(path))x)),,$(error \
	$(path:CURDIR=the path of this tree) has white space in it: "$($(path))")))
_ := $(foreach c,' " ` \ $$ & ; | < > ( ) { } * ? [ ] : % , \#,$(if $(findstring $c,$(CURDIR)$(BUILD)),\
	$(error the path of this tree, or BUILD, has a $c in it: $(CURDIR) $(BUILD))))
$(if $(BUILD),,$(error BUILD is empty))
override BUILD := $(abspath $(BUILD))
export LC_ALL := C.UTF-8
export TZ := UTC
export BUILD KERNEL_SRC QEMU_SRC KDIR KSRC JOBS TIME SEED ICOUNT DEBUG BOUND EACH

# Steps that do not need each other run side by side.
MAKEFLAGS += -j2

# Before anything is built
_ := $(if $(filter-out reference tcg,$(ENGINE)),$(error ENGINE=$(ENGINE): there are reference and tcg))
_ := $(foreach n,SPES CHIPS SMP LIMIT TIME,$(if $(shell echo '$($(n))' | tr -d 0-9),\
	$(error $(n)=$($(n)) is no number)))
_ := $(if $(FILES),$(if $(shell test -d '$(FILES)' && echo y),,$(error FILES=$(FILES) is no directory)))
_ := $(if $(FETCH),$(if $(findstring =,$(FETCH)),,$(error FETCH=$(FETCH): FETCH=THERE=HERE is wanted)))
_ := $(if $(FETCH),$(if $(RUN)$(filter run,$(MAKECMDGOALS)),,$(error FETCH= is for make run, and for make boot RUN=)))
# These go through the environment unchanged, with any quotes and dollars in them.
override export RUN := $(value RUN)
override export ARGS := $(value ARGS)
export PROG SPU FILES CFLAGS
ifneq ($(filter run,$(MAKECMDGOALS)),)
$(if $(shell BUILD='$(BUILD)' PROG='$(PROG)' SPU='$(SPU)' FILES='$(FILES)' \
	$(CURDIR)/tools/build/run --check && echo y),,$(error nothing was made))
endif
ifneq ($(filter send-ready,$(MAKECMDGOALS)),)
export SET BASE OUT
override export FROM := $(value FROM)
$(if $(shell BUILD='$(BUILD)' FROM='$(subst ','\'',$(value FROM))' SET='$(SET)' BASE='$(BASE)' OUT='$(OUT)' KDIR='$(KDIR)' \
	$(CURDIR)/tools/build/send-ready --check && echo y),,$(error nothing was made))
endif
ifneq ($(filter check-fresh,$(MAKECMDGOALS)),)
export SUITE USERS DO ONLY
$(if $(shell BUILD='$(BUILD)' SUITE='$(SUITE)' USERS='$(USERS)' DO='$(DO)' \
	$(CURDIR)/tools/build/check-fresh --check && echo y),,$(error nothing was made))
endif
CHECK_NEEDS := qemu kernel kernel-64k kernel-ps3 modules-check userspace spu-tools more-sources
# It builds the newer QEMU beside the other one.
ifneq ($(filter check-qemu,$(MAKECMDGOALS)),)
export QEMU_NEWER := $(QEMU_SRC)
override QEMU_SRC :=
endif
ifneq ($(and $(filter check,$(MAKECMDGOALS)),$(ONLY)),)
CHECK_NEEDS := $(shell BUILD='$(BUILD)' $(CURDIR)/tools/build/check --needs $(ONLY))
$(if $(CHECK_NEEDS),,$(error nothing was made))
endif

B := tools/build
# From here on this make has BUILD to itself, see $(B)/lock.
export MAKE_PID := $(shell echo $$PPID)
ifneq ($(filter-out help apply,$(MAKECMDGOALS)),)
$(if $(shell BUILD='$(BUILD)' MAKE_PID=$(MAKE_PID) $(B)/lock '$(MAKECMDGOALS)' && echo y),,$(error nothing was made))
endif
STEP := @GOALS='$(MAKECMDGOALS)' $(B)/step

# make boot; with ICOUNT=1 every run is the same.  KERNEL_CONFIG="debug" or
# "blade64k" is another kernel; MACHINE=ps3 is a PlayStation 3, which has another
# kernel as well, and BASE=linux-7.2 is upstream's.
MACHINE ?= blade
CHIPS ?= 1
MEM ?= 512M
KERNEL_CONFIG ?=
empty :=
ifeq ($(MACHINE),ps3)
KERNEL ?= $(BUILD)/$(patsubst linux-6.12,linux,$(or $(BASE),linux-6.12))/o-ps3/vmlinux
else
KERNEL ?= $(BUILD)/linux/o$(subst $(empty) ,,$(addprefix -,$(KERNEL_CONFIG)))/vmlinux
endif
INITRD ?= $(BUILD)/initrd.cpio
# A guest needs nothing from BUILD once it has begun.
ON = $(if $(filter boot,$(1)),$(B)/lock --release && )$(B)/$(1) --machine $(MACHINE) --kernel '$(KERNEL)' --initrd '$(INITRD)' \
	--chips $(CHIPS) --mem $(MEM) $(if $(SPES),--spes $(SPES)) $(if $(SMP),--smp $(SMP)) \
	$(if $(ICOUNT),--icount) $(if $(ENGINE),--engine $(ENGINE))
BOOT = $(call ON,boot)
# Further options for a command or a shell of the user
YOURS = $(if $(APPEND),--append '$(APPEND)') $(if $(LIMIT),--limit $(LIMIT)) $(if $(GDB),--gdb) \
	$(if $(FETCH),--fetch '$(FETCH)') $(if $(QEMU_ARGS),-- $(QEMU_ARGS))

ROUNDS ?= 100
STRESS = seed=$(or $(SEED),1); while [ $$(cut -d. -f1 /proc/uptime) -lt $(or $(TIME),600) ]; do \
	echo make stress SEED=$$seed ROUNDS=$(ROUNDS); \
	SEED=$$seed ROUNDS=$(ROUNDS) /selftests/64/reservation_test || exit 1; \
	seed=$$((seed + 1)); done

# The kernels for make boot and its relatives; the first has the headers for the
# programs.
NEWER = $(if $(filter linux-7.2,$(BASE)),kernel-newer)
KERNELS = kernel $(if $(filter ps3,$(MACHINE)),$(or $(NEWER),kernel-ps3))

# The targets that have a line of help.
.PHONY: all $(shell sed -n "s/^\([a-z0-9-]*\):.*\#\#.*/\1/p" Makefile)
all: help

demo: qemu $(KERNELS) userspace	## build everything, boot the blade (MACHINE=ps3), run the samples there
	@echo
	@$(BOOT) --icount --limit 300 --run '/bin/async-hello && /bin/async-many' \
		--log '$(BUILD)/log/demo-console.log'

fractal: qemu $(KERNELS) userspace	## a picture, computed by the blade's SPEs (FRACTAL="options": --help lists them)
	@$(BOOT) --icount --run 'spu-fractal -o /tmp/fractal.ppm $(if $(MAKE_TERMOUT),,-q) $(FRACTAL)' \
		--fetch '/tmp/fractal.ppm=$(BUILD)/fractal.ppm'
	@pnmtopng -quiet '$(BUILD)/fractal.ppm' >'$(BUILD)/fractal.png' && rm '$(BUILD)/fractal.ppm'
	@echo '$(BUILD)/fractal.png'

check: $(CHECK_NEEDS)	## run every test (ONLY="names": some of them)
	@$(B)/check $(ONLY)

check-fresh:	## the steps of a newcomer, in a new Debian: SUITE=trixie|bookworm (USERS="root user" DO="demo check" ONLY=)
	@$(B)/lock --release && $(B)/check-fresh

check-asan: qemu kernel userspace	## QEMU's tests and a boot with address and undefined behaviour sanitizers (an hour)
	$(STEP) qemu-asan "QEMU with sanitizers" $(B)/qemu asan
	@$(B)/check --asan $(ONLY)

check-qemu: qemu kernel kernel-ps3 userspace spu-tools	## the machines in a newer QEMU, sid's or QEMU_SRC=: its tests, and some selftests
	$(STEP) qemu-source "the sources of a newer QEMU" $(B)/fetch newer
	@[ ! -e '$(BUILD)/src/qemu-newer.origin' ] || GOALS='$(MAKECMDGOALS)' $(B)/step qemu-newer "that QEMU" $(B)/qemu newer
	@$(B)/check --newer $(ONLY)

bench: qemu kernel kernel-ps3 modules-check userspace spu-tools	## measure asynchronous contexts against spu_run (ONLY="questions": some of it)
	@tools/bench/bench $(ONLY)

stress: qemu kernel userspace	## atomic commands of all SPEs against two PPE threads: TIME= (600 s) SEED=
	@$(BOOT) --smp 2 --engine $(or $(ENGINE),tcg) --limit $$(($(or $(TIME),600) + 400)) --run \
		'$(STRESS)'

fuzz: qemu spu-tools	## random SPU instructions, for TIME= seconds, with DEPTH= times the operands, from SEED=
	@DEPTH=$(or $(DEPTH),60) TIME=$(or $(TIME),300) SEED=$(or $(SEED),$$(date +%s)) \
		$(B)/check spu fuzz

check-debug: qemu kernel userspace $(NEWER)	## selftests, failing allocations, random calls on a debug kernel: TIME= SEED= ICOUNT=1 DEBUG=kcsan BASE=linux-7.2
	$(STEP) kernel-debug "Linux with debugging aids" $(B)/kernel $(if $(NEWER),newer,blade) $(or $(DEBUG),debug)
	$(STEP) userspace "its module" $(B)/userspace
	$(if $(NEWER),,$(STEP) kernel-crash "Linux that takes crash dumps" $(B)/kernel blade crash)
	@TIMES=$(or $(TIMES),50) $(B)/check $(if $(NEWER),newer-debug shutdown-newer,debug shutdown)

check-event:	## more orders of the races in event.c (BOUND=4 preemptions, EACH=300 s a scenario), and its mutants
	@$(MAKE) -s -C tools/testing/event OBJ='$(BUILD)/event' deep mutants

coverage: qemu kernel userspace	## which lines of event.c the selftests execute
	$(STEP) kernel-gcov "Linux that counts executed lines" $(B)/kernel blade gcov
	@$(B)/coverage

boot: qemu $(KERNELS) userspace	## a shell on the blade, or on MACHINE=ps3 (BASE=linux-7.2): SPES= CHIPS= SMP= MEM= ICOUNT=1 ENGINE=tcg INITRD= APPEND= RUN= FILES=DIR FETCH=THERE=HERE LIMIT= GDB=1 QEMU_ARGS=
	@$(BOOT) $(if $(RUN),--run "$$RUN") $(if $(FILES),--files '$(FILES)') $(YOURS)

run: qemu $(KERNELS) userspace	## compile PROG=x.c, assemble SPU=y.s (or compile y.c: make toolchain) and run them there: ARGS=, and the arguments of make boot except RUN=
	@$(call ON,run) $(YOURS)

toolchain: spu-tools	## a C compiler for the SPU, by which make run compiles SPU=y.c (half an hour)
	$(STEP) toolchain-source "GCC 9 and newlib from Debian's archive" $(B)/fetch old
	@[ ! -e '$(BUILD)/src/gcc-9-source.origin' ] || [ ! -e '$(BUILD)/src/newlib-source.origin' ] || \
		GOALS='$(MAKECMDGOALS)' $(B)/step toolchain "GCC 9 for the SPU, and newlib" $(B)/toolchain

bench-spe: qemu kernel userspace	## the speed of the blade on this host, with either engine: WITHOUT=avx512
	@$(B)/bench-spe $(if $(WITHOUT),--without $(WITHOUT))

kernel: base	## the kernel with the series, built in (KERNEL_CONFIG=debug or blade64k: another one)
	$(STEP) kernel "Linux with the series, spufs built in" $(B)/kernel blade $(KERNEL_CONFIG)

# After the other one, because both prepare the same sources
kernel-64k: kernel
	$(STEP) kernel-64k "Linux with pages of 64 KiB" $(B)/kernel blade blade64k

# It starts from the other one's objects, as far as the configuration lets it.
kernel-ps3: kernel $(if $(filter check,$(MAKECMDGOALS)),kernel-64k)
	$(STEP) kernel-ps3 "Linux for the PlayStation 3" $(B)/kernel blade ps3

kernel-newer: more-sources	## upstream's kernel for the PlayStation 3, with patches/linux-7.2 (check ONLY="*-newer*" runs it)
	$(STEP) kernel-newer "Linux 7.2 for the PlayStation 3" $(B)/kernel newer

qemu: sources	## QEMU with the blade and the PlayStation 3
	$(STEP) qemu "QEMU with the Cell blade" $(B)/qemu

modules:	## spufs.ko with asynchronous contexts for the kernel built in KDIR= (KSRC=: its sources)
	$(STEP) modules "spufs.ko for $(or $(KDIR),the unpatched kernel)" $(B)/modules

patches: more-sources	## write the series in patches/ anew from the sources here
	$(STEP) patches "the series" $(B)/patches

send-ready: more-sources	## write SET=1-fixes of BASE=linux-7.2 as mails of FROM="Name <mail>", to OUT= (KDIR=: a git tree for base-commit:)
	@$(B)/send-ready

rebase: sources	## move the series for upstream to the newer kernel tree UPSTREAM=, and list the patches that do not apply or were taken
	$(if $(UPSTREAM),,$(error say UPSTREAM=, the kernel's source tree))
	@$(B)/patches --rebase '$(UPSTREAM)'

apply:	## apply the series to the kernel tree KDIR=
	@$(B)/apply

lint: base spu-tools more-sources	## style, spelling, and whether generated files are up to date
	@$(B)/lint

bisect-check: qemu kernel userspace more-sources	## after every patch of every series: does it compile and pass its tests? (BASE= FIRST= LAST=)
	@$(B)/bisect-check $(BASE) $(FIRST) $(LAST)

htmldocs: sources	## the kernel's pages on spufs as HTML, in build/htmldocs
	$(STEP) htmldocs "the kernel's pages on spufs" $(B)/htmldocs

clean:	## remove everything built, but keep the sources
	@$(B)/clean

distclean:	## remove the sources too: the next make fetches the newest
	@$(B)/clean all

help:	## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | \
		while IFS='|' read -r target text; do printf '%-20s%s\n' "$$target" "$$text"; done

# The steps in between

.PHONY: deps sources base kernel-64k kernel-ps3 kernel-newer modules-check spu-tools busybox liburing userspace
deps:
	$(STEP) deps "packages of the host" $(B)/deps host \
		$(if $(filter check fuzz lint bisect-check htmldocs,$(MAKECMDGOALS)),check) \
		$(filter fractal bench toolchain,$(MAKECMDGOALS))

sources: deps
	$(STEP) sources "sources from Debian's archive" $(B)/fetch

# Optional sources: the other base of the series, the manual pages.
more-sources: sources
	$(STEP) more-sources "more sources, from sid" $(B)/fetch try

base: sources
	$(STEP) base "Linux as it comes, spufs as a module" $(B)/kernel base

modules-check: base
	@env -u KDIR -u KSRC GOALS='$(MAKECMDGOALS)' $(B)/step modules-check \
		"spufs.ko for the unpatched kernel" $(B)/modules '$(BUILD)/modules-check'

spu-tools: sources
	$(STEP) spu-tools "the SPU assembler" $(B)/spu-tools

busybox: sources
	$(STEP) busybox "busybox for the blade" $(B)/busybox

liburing: sources
	$(STEP) liburing "liburing for the blade" $(B)/liburing

userspace: kernel busybox liburing spu-tools $(if $(filter bench,$(MAKECMDGOALS)),modules-check) \
	$(if $(filter check,$(MAKECMDGOALS)),$(filter modules-check more-sources,$(CHECK_NEEDS))) \
	$(filter toolchain,$(MAKECMDGOALS))
	$(STEP) userspace "samples, selftests and the initramfs" $(B)/userspace
