// SPDX-License-Identifier: Apache-2.0
// Where a driver allocates, as the kernel is seen to ask whether an allocation shall fail, and which of
// these have been failed. A site is the chain of calls from the driver's own function to the allocator.

import type { Guest } from '../../lab/src/run/guest.ts';

/** The two steps whose allocations are made by the task that asks for the step. */
export type TaskStep = 'probe' | 'open';

/** A sweep over a step: which sites there are, and which were failed. */
export interface Coverage {
  readonly found: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
  /** Those that were never seen again, however often the step was done. */
  readonly once: ReadonlySet<string>;
  /** Allocations failed; a site in a loop makes several. */
  readonly allocations: number;
  /** Whether every site was tried. */
  readonly complete: boolean;
}

/** Allocations of one command to the guest. */
const stretch = 10;
/** How often a site is looked for that was passed over. */
const mostAttempts = 12;
/** How often one is tried then: what is made now and then only is not made each time. */
const inARow = 3;
const stretchMs = 300_000;

/**
 * Prints a line for each time the kernel has asked on behalf of the driver: its site, the address to which the
 * call in the driver returns, that to which the call of the allocator does, and how often this one was there
 * before, whoever asked. What the allocator and the checkers ask for themselves has a
 * word before it, as its failure is not that of the site. Who needs a new node of a tree that the kernel
 * shares depends on what is in the tree: all that a call of the driver's comes to are one site.
 * With `failed`, only what was told to fail. With `task`, not what interrupts have asked.
 */
const sitesOfTrace = `
function infra(f) { return f ~ /^(should_fail|__should_fail|kmem_cache_|__kmalloc|kmalloc|__do_kmalloc|___kmalloc|slab_|__slab|___slab|new_slab|allocate_slab|alloc_slab|refill_|__refill|alloc_from_pcs|alloc_full_sheaf|alloc_empty_sheaf|__pcs|__alloc_|prepare_alloc|alloc_pages|alloc_frozen|___alloc|get_free_pages|kasan|__kasan|stack_depot|save_stack|set_track|kmemleak|__create_object|create_object|__link_object|debug_object|__debug_object|lookup_object|fill_pool|debug_dma|dma_entry|dma_debug)/ }
function node(f) {
	if (f ~ /^(radix_tree_|idr_|ida_)/) return "node of a radix tree"
	if (f ~ /^(xas_|__xas_|xa_|__xa_)/) return "node of an xarray"
	if (f ~ /^(mas_|mtree_)/) return "node of a maple tree"
	return ""
}
function end(  i, f, own, inner, key, addr, word, past, limit, tree, refill) {
	if (frames == 0 || irq || failed && !told) { frames = 0; return }
	limit = frames < 31 ? frames : 31
	if (frame[1] ~ /usercopy|copy_|strncpy|futex|make_request/) { frames = 0; return }
	for (inner = 1; inner < limit && infra(frame[inner]); inner++) {}
	refill = 0
	for (i = 1; i < limit; i++) if (frame[i] ~ /^(__pcs_replace_empty_main|new_slab)[+]/) refill = 1
	if (!refill) nth[address[inner]]++
	# Without this one the checker of DMA gives up.
	for (i = 1; i <= limit; i++) if (frame[i] ~ /^add_dma_entry/) { frames = 0; return }
	own = 0
	for (i = 1; i <= limit; i++) if (index(frame[i], m)) { own = i; break }
	if (own == 0) { frames = 0; return }
	# What came in between has interrupted the driver, at any place of it.
	for (i = 1; i < own; i++) if (frame[i] ~ /^asm_/) { frames = 0; return }
	for (i = 1; i <= own; i++) {
		f = frame[i]
		if (!past && i < own && infra(f)) {
			if (f ~ /^(kasan|__kasan|stack_depot|kmemleak|create_object|__create|debug_|__debug_|fill_pool|set_track|dma_)/) word = "checker "
			else if (word == "" && f ~ /^(allocate_slab|new_slab|alloc_slab|refill_|__refill|alloc_full_sheaf|alloc_empty_sheaf|__pcs)/) word = "slab "
			continue
		}
		past = 1
		if (tree != "" && i < own) continue
		if (key == "" && i < own && (tree = node(f)) != "") { key = tree; continue }
		key = key (key == "" ? "" : " < ") f
	}
	print "site " address[own] " " own " " address[inner] " " nth[address[inner]] " " word key
	frames = 0
}
/<stack trace>/ { next }
/ asked: / { end(); for (i = 1; i <= NF; i++) if ($i ~ /^\\[[0-9]+\\]$/) { flags = $(i + 1); break }; irq = task && substr(flags, 3, 1) ~ /[hsHzZ]/; told = /ret=1/; next }
/^ *=> / { frames++; sub(/^ *=> /, ""); address[frames] = $NF; gsub(/[<>]/, "", address[frames]); sub(/ <[0-9a-f]+>$/, ""); sub(/\\/0x[0-9a-f]+/, ""); frame[frames] = $0 }
END { end() }`;

/** What the scripts below may use; `$m` is the module. */
const tools = `
t=/sys/kernel/tracing
[ -e $t/kprobe_events ] || mount -t tracefs nodev $t || exit 1
watch() {
	echo 0 >$t/tracing_on
	echo 16384 >$t/buffer_size_kb
	[ -e $t/events/lab/asked ] || echo 'r:lab/asked should_fail_ex ret=$retval:u8' >$t/kprobe_events || exit 1
	for option in stacktrace sym-offset sym-addr; do echo 1 >$t/options/$option || exit 1; done
	echo 1 >$t/events/lab/asked/enable
}
# All that is asked, or only what is told to fail: a trace of all is long, and slow to read.
only_failed() { echo "$1" >$t/events/lab/asked/filter; }
only_this_task() { echo $$ >$t/set_event_pid; }
all_tasks() { echo >$t/set_event_pid; }
sites() { # TASK FAILED
	awk -v m="[$m]" -v task=$1 -v failed=$2 '${sitesOfTrace}' $t/trace
}
# fail-nth counts at every place where the kernel can inject a failure: those that fail no allocation
# get a filter that no stack passes.
spare_others() {
	for depth in /sys/kernel/debug/fail_*/stacktrace-depth; do
		case $depth in */fail_page_alloc/*) continue ;; esac
		echo 1 >\${depth%/*}/require-start; echo 1 >\${depth%/*}/require-end; echo 1 >$depth
	done
	# What the allocator needs for itself now and then would shift the numbers.
	reject failslab __pcs_replace_empty_main
	reject fail_page_alloc new_slab
}
reject() { # FAULT FUNCTION
	set -- /sys/kernel/debug/$1 $(grep -A1 " $2$" /proc/kallsyms | cut -d' ' -f1)
	echo 0x$2 >$1/reject-start; echo 0x$3 >$1/reject-end
}
# Counted is only what returns to this address.
aim() { # FROM UP_TO
	for dir in failslab fail_page_alloc; do
		echo 0x$1 >/sys/kernel/debug/$dir/require-start; echo 0x$2 >/sys/kernel/debug/$dir/require-end
	done
}
step() { # NTH
	# The first time this allocates, too: what is looked up there is new for each shell.
	echo 0 >/proc/self/fail-nth
	echo >$t/trace; echo 1 >$t/tracing_on
	echo $1 >/proc/self/fail-nth
	echo "$value" >"$file"
	echo 0 >/proc/self/fail-nth
	echo 0 >$t/tracing_on
} 2>/dev/null
`;

/** Empties the caches of pages, which a poll then has to fill. */
const fresh = `
for l in /sys/bus/pci/drivers/$m/*/net/*; do
	echo 0x1002 >$l/flags; echo 0x1003 >$l/flags || exit 1
	until read -r carrier <\${l}/carrier && [ "$carrier" = 1 ]; do sleep 0.1; done
done`;

/** Where a step is written to, and how it is undone. */
function stepScript(step: TaskStep, device: string): string {
  const driver = '/sys/bus/pci/drivers/$m';
  return step === 'probe'
    ? `value=${device} file=${driver}/bind
undo() { [ ! -e ${driver}/${device} ] || echo ${device} >${driver}/unbind; }
undo`
    : `[ -e ${driver}/${device} ] || echo ${device} >${driver}/bind || exit 1
for l in ${driver}/${device}/net/*; do :; done
value=0x1003 file=$l/flags
undo() { echo 0x1002 >$l/flags; }
undo`;
}

/** The allocation sites of one driver in one guest. */
export class AllocationSites {
  readonly #guest: Guest;
  /** Told how far a sweep is. */
  readonly #tells: (progress: string) => void;
  readonly #module: string;
  readonly #device: string;

  constructor(
    guest: Guest,
    module: string,
    device: string,
    tells: (progress: string) => void = () => undefined,
  ) {
    this.#guest = guest;
    this.#tells = tells;
    this.#module = module;
    this.#device = device;
  }

  /**
   * Does a step again and again, failing an allocation at one site after the other: the first one that is
   * made there, and the last one, when something has been done already that must be undone.
   */
  async sweep(step: TaskStep, most: number): Promise<Coverage> {
    const order = await this.#trace(step);
    const found = new Set(order.map(({ site }) => site).filter(isSite));
    const failed = new Set<string>();
    let allocations = 0;
    const fail = async (lines: readonly Line[]) => {
      for (let done = 0; done < lines.length; done += stretch) {
        const sites = await this.#fail(step, lines.slice(done, done + stretch));
        for (const site of sites) failed.add(site);
        allocations += sites.length;
        this.#tells(`${step}: ${Math.min(done + stretch, lines.length)} of ${lines.length}`);
      }
    };
    await fail([...found].slice(0, most).flatMap((site) => firstAndLast(order, site)));
    // The allocator asks now and then for itself: numbers shift, and a site is passed over.
    const all = found.size <= most;
    const once = new Set(all ? [...found].filter((site) => !failed.has(site)) : []);
    for (let attempt = 0; attempt < mostAttempts && all; attempt += 1) {
      const missing = [...found].filter((site) => !failed.has(site));
      if (missing.length === 0) break;
      this.#tells(`${step}: passed over: ${missing.join('; ')}`);
      const now = await this.#trace(step);
      const there = missing.flatMap((site) => firstAndLast(now, site).slice(0, 1));
      for (const { site } of there) once.delete(site);
      for (let time = 0; time < inARow; time += 1) {
        await fail(there.filter(({ site }) => !failed.has(site)));
      }
    }
    for (const site of failed) once.delete(site);
    return { found, failed, once, allocations, complete: all };
  }

  /** The calls in the driver's own text from which packets allocate, with what they return to. */
  async ofTraffic(traffic: string): Promise<ReadonlyMap<string, string>> {
    const lines = await this.#run(
      'looking for allocations under traffic',
      `${fresh}
watch; only_failed 0; all_tasks; echo >$t/trace; echo 1 >$t/tracing_on
${traffic}
echo 0 >$t/tracing_on; sites 0 0 | awk '{ $5 = 0; print }' | sort -u`,
    );
    return new Map(
      lines.filter(isOwn).map(({ site, address }) => [site.split(' < ').at(-1) ?? site, address]),
    );
  }

  /** Lets allocations that return to `address` fail, three times, under traffic; how often they did. */
  async failUnderTraffic(address: string, traffic: string): Promise<number> {
    const { stdout } = await this.#guest.attempt(
      'failing allocations under traffic',
      `m=${this.#module}\n${tools}\n${fresh}
lab-fault arm $m 0 3 any >/dev/null || exit 1
for dir in failslab fail_page_alloc; do
	d=/sys/kernel/debug/$dir
	echo 0x${address} >$d/require-start
	echo 0x${next(address)} >$d/require-end
	echo 16 >$d/stacktrace-depth
	echo 100 >$d/probability
done
reject failslab add_dma_entry; reject fail_page_alloc add_dma_entry
${traffic}
lab-fault disarm`,
      stretchMs,
    );
    return Number(/^lab-fault: delivered (\d+)/m.exec(stdout)?.[1] ?? 0);
  }

  /** Every time a clean step asks, in order. */
  async #trace(step: TaskStep): Promise<readonly Line[]> {
    return await this.#run(
      `looking for the allocations of ${step}`,
      `watch; only_failed 0; only_this_task
lab-fault arm $m 0 1000000 any >/dev/null || exit 1; spare_others
${stepScript(step, this.#device)}
step 0; undo; sites 1 0; lab-fault disarm >/dev/null`,
    );
  }

  /** The sites at which allocations have failed when these were to; none for one that was not made. */
  async #fail(step: TaskStep, lines: readonly Line[]): Promise<readonly string[]> {
    const tries = lines.map(({ inner, nth }) => `aim ${inner} ${next(inner)}; try ${nth}`);
    const failed = await this.#run(
      `failing allocations during ${step}`,
      `watch; only_failed 'ret == 1'; only_this_task
lab-fault arm $m 0 1000000 any >/dev/null || exit 1; spare_others
${stepScript(step, this.#device)}
try() { step $1; undo; sites 1 1; }
${tries.join('\n')}
lab-fault disarm >/dev/null`,
    );
    return failed.map(({ site }) => site);
  }

  async #run(doing: string, script: string): Promise<readonly Line[]> {
    const command = `m=${this.#module}\n${tools}\n${script}`;
    const stdout = await this.#guest.run(doing, command, stretchMs);
    return stdout.split('\n').flatMap(parseLine);
  }
}

interface Line {
  readonly site: string;
  readonly address: string;
  /** Position of the driver's function on the stack, from 1. */
  readonly depth: number;
  /** To what the call of the allocator returns. */
  readonly inner: string;
  /** How often that one has been there, this time included. */
  readonly nth: number;
}

/** The first time of a site and the last one, if that is another. */
function firstAndLast(order: readonly Line[], site: string): readonly Line[] {
  const lines = order.filter((line) => line.site === site);
  return lines.length > 1 ? [...lines.slice(0, 1), ...lines.slice(-1)] : lines;
}

/** The address behind this one. */
function next(address: string): string {
  return (BigInt(`0x${address}`) + 1n).toString(16);
}

/** How deep below the driver an allocation is its own, and not one of the stack it hands packets to. */
const ownDepth = 14;

function isOwn({ site, depth }: Line): boolean {
  return isSite(site) && depth <= ownDepth;
}

/**
 * The allocator's and the checkers' own are none. Nor is what the interpreter of ACPI allocates when PCI asks
 * it for the routing of an interrupt: a failure there leaves it with references to objects that it frees.
 */
function isSite(site: string): boolean {
  return !/^(?:slab|checker) |\bacpi_/.test(site);
}

function parseLine(line: string): readonly Line[] {
  const found = /^site ([0-9a-f]+) (\d+) ([0-9a-f]+) (\d+) (.*)$/.exec(line);
  if (found === null) return [];
  const [, address = '', depth, inner = '', nth, site = ''] = found;
  return [{ address, depth: Number(depth), inner, nth: Number(nth), site }];
}
