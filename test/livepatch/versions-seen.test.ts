/** Behaviour observed on running kernels of all releases: a test for each experiment and each release. */

import test, { type ExecutionContext } from 'ava';
import { cpuDown, cpuUp } from '../../src/kernel/cpuhp.js';
import { EBUSY, EEXIST, EINVAL, ENODEV, EWOULDBLOCK } from '../../src/kernel/errno.js';
import { dupTaskStruct, linkChild } from '../../src/kernel/fork.js';
import { dmesg } from '../../src/kernel/printk.js';
import { asm } from '../../src/kernel/text.js';
import { sendSignal } from '../../src/kernel/signal.js';
import { TIF_NOTIFY_SIGNAL } from '../../src/kernel/task.js';
import { HZ } from '../../src/kernel/timer.js';
import { KERNEL_VERSIONS, type KernelVersion } from '../../src/kernel/versions.js';
import {
  ENABLED,
  FORCE,
  klpSysfsRead,
  PATCHED,
  TRANSITION,
} from '../../src/livepatch/core-sysfs.js';
import { klpShadowAlloc } from '../../src/livepatch/shadow.js';
import {
  allTasks,
  asleepIn,
  blocked,
  blockedDisable,
  bootSmall,
  livepatch,
  plain,
} from './fixtures.js';
import { said, settle, stateOf, unblock } from './fixtures.js';
import type { ModuleDecl } from './declaration.js';
import type { Machine } from './machine.js';

function each(title: string, body: (t: ExecutionContext, version: KernelVersion) => void): void {
  for (const version of KERNEL_VERSIONS) {
    test(`${version}: ${title}`, (t) => {
      body(t, version);
    });
  }
}

/** The whole log, prefixes included. */
const log = (m: Machine, from = 0): string[] =>
  dmesg(m.words, m.layout.context, from).map(({ text }) => text);

/** How often a line with this text was logged. */
const count = (m: Machine, text: string, from = 0): number =>
  log(m, from).filter((line) => line.includes(text)).length;

/** A thread that never sleeps: in `l` itself, or in a loop around the leaf `g`. */
function busy(version: KernelVersion, offers: boolean, around: 'l' | 'g', cpus: number): Machine {
  const offer = offers ? [asm.condResched] : [];
  const m = bootSmall({
    version,
    cpus,
    debugTrySwitchTask: true,
    functions: [
      { name: 'l', code: [asm.at('loop', asm.spin(5)), ...offer, asm.jump('loop')] },
      { name: 'in_l', code: [asm.call('l'), asm.die] },
      {
        name: 'around_g',
        code: [asm.at('loop', asm.call('g')), ...offer, asm.spin(5), asm.jump('loop')],
      },
    ],
    modules: [livepatch('p', [around])],
    tasks: [{ comm: 'busy', thread: around === 'l' ? 'in_l' : 'around_g' }],
  });
  m.sleep(5);
  m.load('p');
  return m;
}

each(
  'a thread that loops in cond_resched() inside the patched function stays, whoever attempts it',
  (t, version) => {
    const m = busy(version, true, 'l', 2);
    const from = m.logEnd;
    m.sleep(2 * HZ);
    const attempts = count(m, 'busy:', from);
    const byHook = version === '6.5' || version === '6.12';
    // By the hook some hundred times a second, else once a second.
    t.true(byHook ? attempts > 200 : attempts >= 1 && attempts <= 4, String(attempts));
    const said = new Set(
      log(m, from).flatMap((line) => /busy:\d+ (is .*)$/.exec(line)?.slice(1) ?? []),
    );
    const either = ['is running', 'is sleeping on function l'];
    t.true([...said].every((text) => either.includes(text)) && said.size > 0, [...said].join());
    if (byHook) t.true(said.has('is sleeping on function l'));
    t.is(m.read('p', TRANSITION), 1);
  },
);

each(
  'a thread that loops in cond_resched() around a patched leaf is switched soon',
  (t, version) => {
    const m = busy(version, true, 'g', 1);
    m.sleep(4 * HZ);
    t.is(m.read('p', TRANSITION), 0);
  },
);

each(
  'a thread that never calls cond_resched() is running until it stops, or preempted lazily',
  (t, version) => {
    const stays = version === '6.1' || version === '6.12';
    // Alone on its CPU, or with others that want to run there.
    const m = busy(version, false, 'g', stays ? 2 : 1);
    // One attempt finds it in the function; at the second it is switched.
    m.sleep(HZ + HZ / 2);
    if (!stays) t.deepEqual([m.words[m.ctx.klp.signalsCnt], m.read('p', TRANSITION)], [1, 0]);
    m.sleep(3 * HZ);
    t.is(m.read('p', TRANSITION), stays ? 1 : 0);
    if (stays) t.true(count(m, 'busy:') === count(m, 'is running') && count(m, 'busy:') >= 3);
  },
);

each('the value that enabled has already is refused', (t, version) => {
  const m = bootSmall({ version, modules: [livepatch('p', ['f'])] });
  m.load('p');
  settle(m);
  t.is(m.write('p', ENABLED, '1'), -EINVAL);
  t.is(m.write('p', ENABLED, '0'), 1);
});

each(
  'a symbol that is not at its position is named without quotes around the position',
  (t, version) => {
    const at = (sympos: number): ModuleDecl => ({
      name: `q${sympos}`,
      functions: [plain('new')],
      patch: { objects: [{ funcs: [{ old: 'f', new: 'new', sympos }] }] },
    });
    const m = bootSmall({ version, modules: [at(3)] });
    t.is(m.load('q3'), -EINVAL);
    t.deepEqual(m.log(), ["symbol position 3 for symbol 'f' in object 'vmlinux' not found"]);
  },
);

each(
  'no objects, or an object without functions, is accepted and patches nothing',
  (t, version) => {
    const empty: ModuleDecl = { name: 'p', patch: { objects: [{ funcs: [] }] } };
    const none: ModuleDecl = { name: 'q', patch: { objects: [] } };
    const missing: ModuleDecl = { name: 'r', patch: { objects: [{}] } };
    const m = bootSmall({ version, modules: [empty, none, missing] });
    for (const name of ['p', 'q']) {
      t.is(m.load(name), 0);
      settle(m);
      t.is(m.read(name, ENABLED), 1);
      if (name === 'p') {
        t.is(
          m.run((cpu) => klpSysfsRead(cpu, m.directory('p', 'vmlinux'), PATCHED)),
          1,
        );
        t.deepEqual(m.functionDirectories('p', 'vmlinux'), []);
      }
      t.true(m.log().includes(`'${name}': patching complete`));
    }
    t.is(m.words[m.ctx.klp.ops], m.ctx.klp.ops);
    t.is(m.load('r'), -EINVAL);
  },
);

each(
  'check_modinfo_livepatch: the first livepatch taints the kernel before its first line',
  (t, version) => {
    const m = bootSmall({ version, modules: [livepatch('p', ['f']), livepatch('q', ['g'])] });
    m.load('p');
    settle(m);
    m.load('q');
    t.deepEqual(log(m).slice(0, 2), [
      'p: tainting kernel with TAINT_LIVEPATCH',
      "livepatch: enabling patch 'p'",
    ]);
    t.is(count(m, 'tainting'), 1);
  },
);

each(
  'module_augment_kernel_taints: the first module from outside of the tree says so around the livepatch line',
  (t, version) => {
    const target: ModuleDecl = { name: 'target', functions: [plain('tf')] };
    const m = bootSmall({
      version,
      outsideModules: true,
      modules: [livepatch('p', ['f']), livepatch('q', ['g']), target],
    });
    m.load('p');
    settle(m);
    t.deepEqual(log(m).slice(0, 4), [
      'p: loading out-of-tree module taints kernel.',
      'p: tainting kernel with TAINT_LIVEPATCH',
      'p: module verification failed: signature and/or required key missing - tainting kernel',
      "livepatch: enabling patch 'p'",
    ]);
    m.load('target');
    m.load('q');
    t.is(count(m, 'taint'), 3);
  },
);

each(
  '__dynamic_pr_debug: with debug lines on, an idle task that runs is named in an ordinary transition',
  (t, version) => {
    const m = bootSmall({
      version,
      cpus: 2,
      debugTrySwitchTask: true,
      modules: [livepatch('p', ['f'])],
    });
    m.load('p');
    settle(m);
    t.true(
      log(m).some((l) => /^livepatch: klp_try_switch_task: swapper\/\d:0 is running$/.test(l)),
    );
    t.is(m.read('p', TRANSITION), 0);
  },
);

each(
  'patch_state is -1 outside a transition and 0 or 1 in one, and a child has its parent’s',
  (t, version) => {
    const m = blocked({ version, tasks: [asleepIn('bottom', 'other')] });
    t.deepEqual([stateOf(m, m.tasks[0]!), stateOf(m, m.tasks[1]!)], [0, 1]);
    const child = m.run((cpu) => {
      const born = dupTaskStruct(cpu);
      linkChild(cpu, born, m.addr('bottom'), 0);
      return [stateOf(m, born), stateOf(m, cpu.current)];
    });
    t.is(child[0], child[1]);
    unblock(m);
    settle(m);
    t.deepEqual([stateOf(m, m.tasks[0]!), stateOf(m, m.tasks[1]!)], [-1, -1]);
  },
);

each(
  'clear_notify_signal: signals are sent at attempt 16: user sleepers leave, an interruptible thread stays',
  (t, version) => {
    const m = bootSmall({
      version,
      debugTrySwitchTask: true,
      functions: [
        { name: 'wait_f', code: [asm.at('again', asm.sleep(0)), asm.jump('again')] },
        { name: 'sys_slow', code: [asm.call('slow'), asm.ret] },
        { name: 'slow', code: [asm.sleep(0), asm.ret] },
        {
          name: 'user',
          traceable: false,
          code: [asm.syscall('sys_slow'), asm.at('end', asm.spin(1)), asm.jump('end')],
        },
      ],
      modules: [livepatch('p', ['wait_f', 'slow'])],
      tasks: [
        { comm: 'kthread', thread: 'bottom', sleepingIn: ['bottom', 'wait_f'] },
        { comm: 'user', program: 'user' },
      ],
    });
    m.sleep(10);
    m.load('p');
    const started = m.jiffies;
    m.until(() => count(m, 'signaling remaining tasks') > 0);
    // 15 whole seconds after the first attempt, give or take the rounding of the second one.
    const passed = (m.jiffies - started) / HZ;
    t.true(passed >= 14.5 && passed <= 16, String(passed));
    const lines = log(m);
    const signal = lines.findIndex((line) => line.includes('signaling'));
    const asleep = lines.filter(
      (line) => line.includes('kthread:') && line.includes('is sleeping on'),
    );
    t.is(asleep.length, 16);
    t.true(lines.lastIndexOf(asleep[15]!) < signal);
    m.sleep(3 * HZ);
    t.is(stateOf(m, m.tasks[1]!), 1);
    t.is(stateOf(m, m.tasks[0]!), 0);
    t.is(count(m, 'signaling remaining tasks'), 1);
    t.not(m.task(m.tasks[0]!, 'state'), 0);
    // The program has taken the fake signal on its way to user mode.
    t.is(m.task(m.tasks[1]!, 'tiFlags') & (1 << TIF_NOTIFY_SIGNAL), 0);
  },
);

each('a forced patching can be disabled and its module removed', (t, version) => {
  const m = blocked({ version });
  t.is(m.write('p', FORCE, '1'), 1);
  settle(m);
  unblock(m);
  t.is(m.write('p', ENABLED, '0'), 1);
  settle(m);
  t.is(m.refcount('p'), 0);
  t.is(m.unload('p'), 0);
});

each('a forced unpatching keeps its module', (t, version) => {
  const m = blockedDisable({ version });
  t.is(m.write('p', FORCE, '1'), 1);
  t.is(count(m, 'forcing remaining tasks to the patched state'), 1);
  settle(m);
  t.is(m.refcount('p'), 1);
  t.is(m.unload('p'), -EWOULDBLOCK);
  t.is(m.load('p'), -EEXIST);
});

const TARGET: ModuleDecl = { name: 'target', functions: [plain('tf')], lifeCycle: true };
const onTarget = (name: string): ModuleDecl => ({
  name,
  functions: [plain(`${name}_tf`, 1)],
  patch: {
    objects: [{ name: 'target', funcs: [{ old: 'tf', new: `${name}_tf` }], callbacks: true }],
  },
});
each(
  "a target's init comes after livepatch has patched it, its exit before it is reverted",
  (t, version) => {
    const m = bootSmall({ version, modules: [TARGET, onTarget('p')] });
    m.load('p');
    settle(m);
    const from = m.logEnd;
    t.is(m.load('target'), 0);
    t.is(m.unload('target'), 0);
    t.deepEqual(m.log(from), [
      "applying patch 'p' to loading module 'target'",
      said('p', 'pre_patch', 'target'),
      said('p', 'post_patch', 'target'),
      'target: target_init',
      'target: target_exit',
      said('p', 'pre_unpatch', 'target'),
      "reverting patch 'p' on unloading module 'target'",
      said('p', 'post_unpatch', 'target'),
    ]);
  },
);

each('when the second of two patches refuses a target, the first is taken off it', (t, version) => {
  const missing: ModuleDecl = {
    ...onTarget('q'),
    patch: { objects: [{ name: 'target', funcs: [{ old: 'absent', new: 'q_tf' }] }] },
  };
  const m = bootSmall({ version, modules: [TARGET, onTarget('p'), missing] });
  for (const name of ['p', 'q']) {
    m.load(name);
    settle(m);
  }
  const from = m.logEnd;
  t.is(m.load('target'), -EINVAL);
  t.deepEqual(m.log(from).slice(-3), [
    said('p', 'pre_unpatch', 'target'),
    "reverting patch 'p' on unloading module 'target'",
    said('p', 'post_unpatch', 'target'),
  ]);
});

each('the lower of two stacked patches can be disabled first', (t, version) => {
  const m = bootSmall({ version, modules: [livepatch('p', ['f']), livepatch('q', ['f'])] });
  for (const name of ['p', 'q']) {
    m.load(name);
    settle(m);
  }
  t.is(m.write('p', ENABLED, '0'), 1);
  settle(m);
  t.is(m.directory('p'), 0);
  t.is(m.read('q', ENABLED), 1);
});

each('a replacement that its pre_patch refuses leaves the older patch enabled', (t, version) => {
  const m = bootSmall({
    version,
    modules: [livepatch('p', ['f']), livepatch('q', ['f'], { replace: true })],
  });
  m.load('p');
  settle(m);
  m.prePatchRet.set('vmlinux', -ENODEV);
  const from = m.logEnd;
  t.is(m.load('q'), -ENODEV);
  t.is(m.read('p', ENABLED), 1);
  t.is(count(m, 'post_unpatch', from), 0);
});

each('a patch that is loaded during another transition is refused without a line', (t, version) => {
  const m = blocked({ version, modules: [livepatch('p', ['f']), livepatch('q', ['g'])] });
  const from = m.logEnd;
  t.is(m.load('q'), -EBUSY);
  t.deepEqual(log(m, from), []);
});

each('a shadow variable that is allocated twice is a WARN and NULL', (t, version) => {
  const m = bootSmall({ version });
  const [first, second] = m.run((cpu) => [
    klpShadowAlloc(cpu, m.addr('f'), 0x1234, 1),
    klpShadowAlloc(cpu, m.addr('f'), 0x1234, 1),
  ]);
  t.not(first, 0);
  t.is(second, 0);
  t.true(/^Duplicate shadow variable <[0-9a-f]{16}, 1234>$/.test(log(m)[0] ?? ''));
});

each(
  'a CPU that leaves and comes back during a transition that is stuck is no matter',
  (t, version) => {
    const m = blocked({ version, cpus: 2 });
    m.sleep(30);
    const from = m.logEnd;
    t.is(
      m.run((cpu) => cpuDown(cpu, 1)),
      0,
    );
    t.is(
      m.run((cpu) => cpuUp(cpu, 1)),
      0,
    );
    t.deepEqual(log(m, from), []);
    unblock(m);
    settle(m);
    t.is(m.read('p', TRANSITION), 0);
  },
);

each('a CPU that was offline at boot comes online when it is asked to', (t, version) => {
  const m = bootSmall({ version, cpus: 2, online: 1 });
  t.is(
    m.run((cpu) => cpuUp(cpu, 1)),
    0,
  );
  t.is(
    m.run((cpu) => cpuUp(cpu, 1)),
    -EINVAL,
  );
});

each(
  'two functions of vmlinux with one name leave room for the symbols of modules',
  (t, version) => {
    const m = bootSmall({
      version,
      functions: [plain('twin', 0, 4), plain('twin', 0, 5)],
      modules: [livepatch('p', ['f'])],
    });
    t.is(m.load('p'), 0);
    const at2: ModuleDecl = {
      name: 'q',
      functions: [plain('new', 2, 5)],
      patch: { objects: [{ funcs: [{ old: 'twin', new: 'new', sympos: 2 }] }] },
    };
    const twins = bootSmall({
      version,
      functions: [plain('twin', 0, 4), plain('twin', 0, 5)],
      modules: [at2],
      tasks: [{ comm: 'in', thread: 'bottom', sleepingIn: ['bottom', 'twin'] }],
    });
    // The task sleeps in the first of them: the second can be patched.
    t.is(twins.load('q'), 0);
    settle(twins);
    t.is(twins.read('q', TRANSITION), 0);
  },
);

each(
  'send_signal_locked: a killed user task leaves its sleep and is gone, a kernel thread stays',
  (t, version) => {
    const m = bootSmall({
      version,
      tasks: [{ comm: 'user', program: 'napping_user' }, asleepIn('nap', 'kthread')],
    });
    m.sleep(10);
    const [user, thread] = m.tasks;
    t.true(allTasks(m).includes(user!));
    m.run((cpu) => {
      sendSignal(cpu, user!);
    });
    m.sleep(10);
    t.false(allTasks(m).includes(user!));
    t.true(allTasks(m).includes(thread!));
  },
);
