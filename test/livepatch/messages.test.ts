import test from 'ava';
import { KLP_MESSAGES } from '../../src/livepatch/messages.js';
import { KLP_TRACE_NAMES } from '../../src/livepatch/trace.js';
import { KLP_WARN_SITES } from '../../src/livepatch/warn-sites.js';

/** The kernel's texts, level by level. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  notice: [
    "enabling patch '%s'",
    "'%s': starting %s transition",
    "'%s': %s complete",
    'signaling remaining tasks',
    "applying patch '%s' to loading module '%s'",
    "reverting patch '%s' on unloading module '%s'",
  ],
  debug: [
    "'%s': initializing %s transition",
    "'%s': completing %s transition",
    "'%s': canceling patching transition, going to unpatch",
    "'%s': reversing transition from %s",
    'klp_try_switch_task: %s:%d is running',
    'klp_try_switch_task: %s:%d has an unreliable stack',
    'klp_try_switch_task: %s:%d is sleeping on function %s',
    'klp_try_switch_task: Unknown error code (%d) when trying to switch %s:%d',
  ],
  warn: [
    'forcing remaining tasks to the patched state',
    "pre-patch callback failed for object '%s'",
    "failed to patch object '%s'",
    "failed to enable patch '%s'",
    "This architecture doesn't have support for the livepatch consistency model.",
    'The livepatch transition may never complete.',
    "failed to initialize patch '%s' for module '%s' (%d)",
    "failed to apply patch '%s' to module '%s' (%d)",
    "patch '%s' failed for module '%s', refusing to load module '%s'",
  ],
  err: [
    'module %s is not marked as a livepatch module',
    'Livepatch patch (%s) is not compatible with the already installed livepatches.',
    'vmlinux.ko: invalid module name',
    "symbol '%s' not found in symbol table",
    "unresolvable ambiguity for symbol '%s' in object '%s'",
    "symbol position %lu for symbol '%s' in object '%s' not found",
    "kallsyms size lookup failed for '%s'",
    "kallsyms size lookup failed for '%s' replacement",
    "failed to find location for function '%s'",
    "failed to set ftrace filter for function '%s' (%d)",
    "failed to register ftrace handler for function '%s' (%d)",
    'Failed to construct shadow variable <%p, %lx> (%d)',
  ],
};

for (const [level, texts] of Object.entries(TEXTS)) {
  test(`the messages of level ${level} have the kernel's texts`, (t) => {
    const ours = KLP_MESSAGES.filter((m) => m.level === level).map((m) => m.text);
    t.deepEqual(ours.sort(), [...texts].sort());
  });
}

test('messages have the prefix of livepatch and numbers of their own from 100 to 199', (t) => {
  t.is(new Set(KLP_MESSAGES.map((m) => m.id)).size, KLP_MESSAGES.length);
  for (const { id, prefix } of KLP_MESSAGES) {
    t.is(prefix, 'livepatch: ');
    t.true(id >= 100 && id <= 199);
  }
});

test('WARN sites have numbers of their own from 32 to 95, trace events from 64 to 127', (t) => {
  t.is(new Set(KLP_WARN_SITES.map((s) => s.id)).size, KLP_WARN_SITES.length);
  for (const { id } of KLP_WARN_SITES) t.true(id >= 32 && id <= 95);
  for (const id of Object.keys(KLP_TRACE_NAMES).map(Number)) t.true(id >= 64 && id <= 127);
});
