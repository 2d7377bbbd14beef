/** What the releases differ in inside kernel/livepatch: a test for each difference and each release. */

import test, { type ExecutionContext } from 'ava';
import { EACCES, EBUSY, EEXIST, EINVAL, ENOEXEC, EOPNOTSUPP } from '../../src/kernel/errno.js';
import { ftraceEnableSysctl } from '../../src/kernel/ftrace.js';
import { KOBJECT } from '../../src/kernel/kobject.js';
import { dmesg } from '../../src/kernel/printk.js';
import { TASK, TIF_PATCH_PENDING } from '../../src/kernel/task.js';
import { asm } from '../../src/kernel/text.js';
import { KERNEL_FACTS, KERNEL_VERSIONS, type KernelVersion } from '../../src/kernel/versions.js';
import {
  ENABLED,
  kstrtobool,
  PATCH_FILES,
  PATCHED,
  TRANSITION,
} from '../../src/livepatch/core-sysfs.js';
import { O_06 } from '../../src/memory/sites.js';
import { inWordsOf, KLP_FACTS, stateName } from '../../src/livepatch/versions.js';
import {
  asleepIn,
  blocked,
  bootSmall,
  isPending,
  keyOf,
  livepatch,
  plain,
  said,
  settle,
  switchedBy,
} from './fixtures.js';
import { KLP_CPU } from '../../src/livepatch/layout.js';
import { klpTrySwitchTask } from '../../src/livepatch/transition.js';
import { SWITCHED_BY_STACK_CHECK, TRACE_KLP_MODULE_GET } from '../../src/livepatch/trace.js';
import type { ModuleDecl } from './declaration.js';
import type { Machine } from './machine.js';

/** One value for each release. */
type PerVersion<T> = Readonly<Record<KernelVersion, T>>;

function each(
  title: string,
  body: (version: KernelVersion) => (t: ExecutionContext) => void,
): void {
  for (const version of KERNEL_VERSIONS) test(`${version}: ${title}`, body(version));
}

/** The whole log, prefixes included. */
const log = (m: Machine, from = 0): string[] =>
  dmesg(m.words, m.layout.context, from).map(({ text }) => text);

const STATES: PerVersion<string> = {
  '6.1': 'KLP_UNDEFINED',
  '6.5': 'KLP_UNDEFINED',
  '6.12': 'KLP_TRANSITION_IDLE',
  '7.3': 'KLP_TRANSITION_IDLE',
};
each("a task's state outside a transition has its name in that release", (version) => (t) => {
  t.is(stateName(version, -1), STATES[version]);
  t.is(stateName(version, 1), STATES[version].replace(/UNDEFINED|IDLE/, 'PATCHED'));
  t.is(inWordsOf(version, 'it is KLP_UNDEFINED'), `it is ${STATES[version]}`);
});

/** Threads outside of `f`, which a hook could switch: one offers its CPU, one sleeps freezably, one just sleeps. */
const HOOKED = [
  { name: 'offering', code: [asm.at('loop', asm.condResched), asm.sleep(7), asm.jump('loop')] },
  { name: 'freezing', code: [asm.at('loop', asm.sleepFreezable(7)), asm.jump('loop')] },
  { name: 'sleeping', code: [asm.at('loop', asm.sleep(7)), asm.jump('loop')] },
];
/** Which of them is switched by itself, before any second attempt. */
const SELF_SWITCHED: PerVersion<string[]> = {
  '6.1': [],
  '6.5': ['offering'],
  '6.12': ['offering'],
  '7.3': ['freezing'],
};
each(
  'klp_sched_try_switch: a thread that runs switches itself where that release has its hook, and nowhere else',
  (version) => (t) => {
    for (const { name } of HOOKED) {
      const m = bootSmall({
        version,
        functions: HOOKED,
        modules: [livepatch('p', ['f'])],
        tasks: [asleepIn('f'), { comm: 'x', thread: name }],
      });
      m.load('p');
      t.is(keyOf(m), version === '6.1' ? 0 : 1);
      // As if it had not been switched by the first attempt.
      const task = m.tasks[1]!;
      m.words[task + TASK.patchState] = 0;
      m.words[task + TASK.tiFlags]! |= 1 << TIF_PATCH_PENDING;
      m.cpu.events.length = 0;
      m.sleep(20);
      const bySelf = switchedBy(m, task).filter((by) => by === SWITCHED_BY_STACK_CHECK).length;
      t.is(bySelf, SELF_SWITCHED[version].includes(name) ? 1 : 0, name);
      t.is(isPending(m, task), bySelf === 0, name);
    }
  },
);

each('klp_check_stack: a stack walk has one buffer, or one for each CPU', (version) => (t) => {
  const m = blocked({ version, cpus: 2 });
  const bufferOf = (id: number): number =>
    m.ctx.klp.perCpu + id * KLP_CPU.size + KLP_CPU.stackEntries;
  const filled = (id: number): boolean => m.words[bufferOf(id)] !== 0;
  for (const by of [0, 1]) {
    m.words[bufferOf(0)] = 0;
    m.words[bufferOf(1)] = 0;
    t.false(klpTrySwitchTask(m.cpus[by]!, m.tasks[0]!));
    const own = version === '6.1' ? 0 : by;
    t.deepEqual([filled(0), filled(1)], [own === 0, own === 1], `CPU ${by}`);
  }
});

each(
  'a reverse flips the direction first, or after everybody who switches was waited for',
  (version) => (t) => {
    const m = blocked({ version });
    const { cpu } = m;
    cpu.log = [];
    m.write('p', ENABLED, '0');
    const flip = cpu.log.findIndex(
      ({ op, addr }) => op === 'write' && addr === m.ctx.klp.targetState,
    );
    const clear = cpu.log.findIndex(
      ({ op, value }) => op === 'clearBit' && value === TIF_PATCH_PENDING,
    );
    t.is(flip < clear, version === '6.1');
    t.is(
      cpu.log.some(({ op, value }) => op === 'smpWmb' && value === O_06),
      version !== '6.1',
    );
    cpu.log = undefined;
  },
);

const UNNAMED: ModuleDecl = {
  name: 'q',
  functions: [plain('new')],
  patch: {
    objects: [
      {
        funcs: [
          { old: 'f', new: 'new' },
          { old: '', new: 'new' },
        ],
      },
    ],
  },
};
each(
  'klp_check_patch: a function without a name is refused: before anything is made of the patch, or on the way',
  (version) => (t) => {
    const m = bootSmall({ version, modules: [UNNAMED] });
    const released = m.words[m.ctx.klp.root + KOBJECT.refcount]!;
    t.is(m.load('q'), -EINVAL);
    t.is(
      m.cpu.events.some(({ event }) => event === TRACE_KLP_MODULE_GET),
      version !== '7.3',
    );
    t.is(m.words[m.ctx.klp.root + KOBJECT.refcount], released);
    t.is(m.directory('q'), 0);
  },
);

const RELOCATED: ModuleDecl = {
  name: 'p',
  functions: [plain('p_tf')],
  patch: { objects: [{ name: 'target', funcs: [{ old: 'tf', new: 'p_tf' }], relocations: 1 }] },
};
const TARGET: ModuleDecl = { name: 'target', functions: [plain('tf')], lifeCycle: true };
each(
  'klp_clear_object_relocs, klp_apply_object_relocs: a target that comes back finds its relocations cleared, or is refused',
  (version) => (t) => {
    const m = bootSmall({ version, modules: [RELOCATED, TARGET] });
    m.load('target');
    t.is(m.load('p'), 0);
    settle(m);
    t.is(m.unload('target'), 0);
    const from = m.logEnd;
    if (version !== '6.1') {
      t.is(m.load('target'), 0);
      return;
    }
    t.is(m.load('target'), -ENOEXEC);
    t.deepEqual(m.log(from), [
      'module: x86/modules: Skipping invalid relocation target, existing value is nonzero',
      "failed to initialize patch 'p' for module 'target' (-8)",
      "patch 'p' failed for module 'target', refusing to load module 'target'",
    ]);
  },
);

const FILES: PerVersion<string[]> = {
  '6.1': ['enabled', 'transition', 'force'],
  '6.5': ['enabled', 'transition', 'force'],
  '6.12': ['enabled', 'transition', 'force', 'replace'],
  '7.3': ['enabled', 'transition', 'force', 'replace', 'stack_order'],
};
each(
  'a patch has the files of that release, and a read-only one cannot be written',
  (version) => (t) => {
    t.deepEqual([...KLP_FACTS[version].files], FILES[version]);
    const m = bootSmall({ version, modules: [livepatch('p', ['f'])] });
    m.load('p');
    settle(m);
    const values = { enabled: 1, transition: 0, force: -EACCES, replace: 0, stack_order: 1 };
    for (const file of KLP_FACTS[version].files)
      t.is(m.read('p', PATCH_FILES[file]), values[file], file);
    t.is(m.write('p', TRANSITION, '0'), -EACCES);
    t.is(m.write('p', PATCHED, '0'), -EACCES);
  },
);

test('7.3: stack_order is 1 for the oldest patch, and closes up when one goes', (t) => {
  const m = bootSmall({ version: '7.3', modules: [livepatch('p', ['f']), livepatch('q', ['f'])] });
  for (const name of ['p', 'q']) {
    m.load(name);
    settle(m);
  }
  t.is(m.read('p', PATCH_FILES.stack_order), 1);
  t.is(m.read('q', PATCH_FILES.stack_order), 2);
  m.write('p', ENABLED, '0');
  settle(m);
  t.is(m.read('q', PATCH_FILES.stack_order), 1);
});

/** A patch of `f`, and one that replaces it and names position 1. */
function renumbered(version: KernelVersion, stableFixes = false): Machine {
  const m = bootSmall({
    version,
    stableFixes,
    modules: [
      livepatch('p', ['f']),
      {
        name: 'q',
        functions: [plain('new', 1)],
        patch: { replace: true, objects: [{ funcs: [{ old: 'f', new: 'new', sympos: 1 }] }] },
      },
    ],
  });
  m.load('p');
  settle(m);
  return m;
}
const DUPLICATE = "sysfs: cannot create duplicate filename '/kernel/livepatch/q/vmlinux/f,1'";
const ADD_FAILED =
  "kobject_add_internal failed for f,1 with -EEXIST, don't try to register things with the same name in the same directory.";
each(
  'klp_find_func: positions 0 and 1 are one function, or two of one directory',
  (version) => (t) => {
    const m = renumbered(version);
    const from = m.logEnd;
    if (version === '7.3') {
      t.is(m.load('q'), 0);
      t.deepEqual(m.functionDirectories('q', 'vmlinux'), ['f,1']);
      return;
    }
    t.is(m.load('q'), -EEXIST);
    t.deepEqual(log(m, from), [DUPLICATE, `${KERNEL_FACTS[version].kobjectPrefix}${ADD_FAILED}`]);
  },
);
each(
  'klp_find_func: with the fixes of late stable releases positions 0 and 1 are one function',
  (version) => (t) => {
    t.is(renumbered(version, true).load('q'), 0);
  },
);

const TWICE: ModuleDecl = {
  name: 'q',
  functions: [plain('new', 1)],
  patch: {
    objects: [
      {
        funcs: [
          { old: 'f', new: 'new' },
          { old: 'f', new: 'new' },
        ],
      },
    ],
  },
};
each(
  'do_init_module: two functions of one name in an object: both lines, and what insmod answers',
  (version) => (t) => {
    const m = bootSmall({ version, modules: [TWICE] });
    t.is(m.load('q'), version === '7.3' ? -EBUSY : -EEXIST);
    t.deepEqual(log(m), [
      'q: tainting kernel with TAINT_LIVEPATCH',
      DUPLICATE,
      `${version === '6.12' || version === '7.3' ? 'kobject: ' : ''}${ADD_FAILED}`,
      ...(version === '7.3'
        ? ['q: init suspiciously returned -EEXIST: Overriding with -EBUSY']
        : []),
    ]);
  },
);

const BOOLS: readonly (readonly [string, boolean | undefined])[] = [
  ...['y', 'Y', '1', 't', 'T', 'on', 'oN', '1junk'].map((text) => [text, true] as const),
  ...['n', 'N', '0', 'f', 'F', 'off', '0junk'].map((text) => [text, false] as const),
  ...[' 1', '', '2', 'x', 'o'].map((text) => [text, undefined] as const),
];
each('enabled accepts what kstrtobool() of that release does', (version) => (t) => {
  const { boolWords } = KERNEL_FACTS[version];
  for (const [text, value] of BOOLS) t.is(kstrtobool(text, boolWords), value, text);
  const m = bootSmall({ version, modules: [livepatch('p', ['f'])] });
  m.load('p');
  settle(m);
  t.is(m.write('p', ENABLED, 'e'), -EINVAL);
  t.is(m.write('p', ENABLED, '1'), -EINVAL);
  t.is(m.write('p', ENABLED, 'default'), version === '7.3' ? 7 : -EINVAL);
});

each('ftrace_enabled=0 with a patch on', (version) => (t) => {
  const m = bootSmall({ version, modules: [livepatch('p', ['f'])] });
  m.load('p');
  settle(m);
  const from = m.logEnd;
  t.is(
    m.run((cpu) => ftraceEnableSysctl(cpu, false)),
    version === '7.3' ? -EOPNOTSUPP : -EBUSY,
  );
  t.is(
    log(m, from).some((line) => line.includes('deprecated')),
    version === '7.3',
  );
  // The line is printed once.
  const again = m.logEnd;
  m.run((cpu) => ftraceEnableSysctl(cpu, true));
  m.run((cpu) => ftraceEnableSysctl(cpu, false));
  t.deepEqual(log(m, again), []);
});

each('loading a patch after ftrace_enabled=0', (version) => (t) => {
  const m = bootSmall({ version, modules: [livepatch('p', ['f'])] });
  t.is(
    m.run((cpu) => ftraceEnableSysctl(cpu, false)),
    version === '7.3' ? -EOPNOTSUPP : 0,
  );
  const from = m.logEnd;
  t.is(m.load('p'), version === '7.3' ? 0 : -EBUSY);
  if (version === '7.3') return;
  t.deepEqual(m.log(from), [
    "enabling patch 'p'",
    "'p': initializing patching transition",
    said('p', 'pre_patch'),
    "failed to register ftrace handler for function 'f' (-16)",
    "failed to patch object 'vmlinux'",
    "failed to enable patch 'p'",
    "'p': canceling patching transition, going to unpatch",
    "'p': completing unpatching transition",
    said('p', 'post_unpatch'),
    "'p': unpatching complete",
  ]);
});
