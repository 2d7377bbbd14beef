import test from 'ava';
import { EBUSY, EEXIST, EINVAL, ENODEV, ENOMEM } from '../../src/kernel/errno.js';
import { ftraceEnableSysctl } from '../../src/kernel/ftrace.js';
import { MODULE, MODULE_STATE_GOING } from '../../src/kernel/module.js';
import { ENABLED, FORCE, TRANSITION } from '../../src/livepatch/core-sysfs.js';
import { __klpDisablePatch, __klpEnablePatch, klpEnablePatch } from '../../src/livepatch/core.js';
import { KLP_FUNC, KLP_PATCH, KLP_UNDEFINED } from '../../src/livepatch/layout.js';
import { WARN_DISABLE_DISABLED, WARN_ENABLE_ENABLED } from '../../src/livepatch/warn-sites.js';
import {
  asleepIn,
  bootSmall,
  funcOf,
  funcWord,
  livepatch,
  plain,
  said,
  settle,
} from './fixtures.js';

const enabling = (p: string): string[] => [
  `enabling patch '${p}'`,
  `'${p}': initializing patching transition`,
  said(p, 'pre_patch'),
  `'${p}': starting patching transition`,
  `'${p}': completing patching transition`,
  said(p, 'post_patch'),
  `'${p}': patching complete`,
];
const disabling = (p: string): string[] => [
  `'${p}': initializing unpatching transition`,
  said(p, 'pre_unpatch'),
  `'${p}': starting unpatching transition`,
  `'${p}': completing unpatching transition`,
  said(p, 'post_unpatch'),
  `'${p}': unpatching complete`,
];

test('a patch goes through enable, disable and removal with the exact log of the kernel', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  t.is(m.load('p'), 0);
  settle(m);
  t.is(m.refcount('p'), 1);
  t.is(m.unload('p'), -11);
  t.is(m.write('p', ENABLED, '0\n'), 2);
  settle(m);
  t.is(m.directory('p'), 0);
  t.is(m.unload('p'), 0);
  t.deepEqual(m.log(), [...enabling('p'), ...disabling('p')]);
  t.deepEqual(m.warnings(), {});
});

test('everything a patch allocated is given back', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f', 'g'])] });
  const { patchCache, objectCache, funcCache, opsCache } = m.ctx.klp;
  const inUse = (): number[] =>
    [patchCache, objectCache, funcCache, opsCache].map((c) => m.words[c.control + 3]!);
  for (let round = 0; round < 3; round++) {
    t.is(m.load('p'), 0);
    settle(m);
    t.deepEqual(inUse(), [1, 1, 2, 2]);
    m.write('p', ENABLED, '0');
    settle(m);
    t.is(m.unload('p'), 0);
    t.deepEqual(inUse(), [0, 0, 0, 0]);
  }
});

test('__klp_enable_patch: -EBUSY while another transition runs, and no trace of the new patch is left', (t) => {
  const m = bootSmall({
    modules: [livepatch('p', ['f']), livepatch('q', ['g'])],
    tasks: [asleepIn('f')],
  });
  t.is(m.load('p'), 0);
  const from = m.logEnd;
  t.is(m.load('q'), -EBUSY);
  t.deepEqual(m.log(from), []);
  t.is(m.directory('q'), 0);
  t.is(m.module('q'), 0);
  t.is(m.listLength(m.ctx.klp.patches), 1);
});

test('__klp_disable_patch: -EBUSY while another transition runs', (t) => {
  const m = bootSmall({
    modules: [livepatch('p', ['g']), livepatch('q', ['f'])],
    tasks: [asleepIn('f')],
  });
  m.load('p');
  settle(m);
  t.is(m.load('q'), 0);
  t.is(m.read('q', TRANSITION), 1);
  t.is(m.write('p', ENABLED, '0'), -EBUSY);
  t.is(m.read('p', ENABLED), 1);
});

test('__klp_disable_patch: WARNs and refuses a patch that is not enabled', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])], tasks: [asleepIn('f')] });
  m.load('p');
  const patch = m.patch('p');
  m.words[patch + KLP_PATCH.enabled] = 0;
  t.is(
    m.run((cpu) => __klpDisablePatch(cpu, patch)),
    -EINVAL,
  );
  t.deepEqual(m.warnings(), { [WARN_DISABLE_DISABLED.id]: 1 });
});

test('__klp_enable_patch: WARNs and refuses a patch that is already enabled', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.load('p');
  settle(m);
  const patch = m.patch('p');
  t.is(
    m.run((cpu) => __klpEnablePatch(cpu, patch)),
    -EINVAL,
  );
  t.deepEqual(m.warnings(), { [WARN_ENABLE_ENABLED.id]: 1 });
});

test('klp_enable_patch: refuses NULL, no module, no objects and an object without functions', (t) => {
  const m = bootSmall({
    modules: [
      { name: 'bare', patch: {} },
      { name: 'hollow', patch: { objects: [{}] } },
    ],
  });
  t.is(
    m.run((cpu) => klpEnablePatch(cpu, 0)),
    -EINVAL,
  );
  t.is(m.load('bare'), -EINVAL);
  t.is(m.load('hollow'), -EINVAL);
  t.deepEqual(m.log(), []);
});

test('klp_enable_patch: an empty array of functions and one of objects are fine', (t) => {
  const m = bootSmall({
    modules: [
      { name: 'p', patch: { objects: [{ funcs: [] }] } },
      { name: 'q', patch: { objects: [] } },
    ],
  });
  t.is(m.load('p'), 0);
  settle(m);
  t.is(m.load('q'), 0);
});

test('klp_enable_patch: refuses a module that is not marked as a livepatch', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])], tasks: [asleepIn('f')] });
  m.load('p');
  const from = m.logEnd;
  m.words[m.module('p') + MODULE.klp] = 0;
  t.is(
    m.run((cpu) => klpEnablePatch(cpu, m.patch('p'))),
    -EINVAL,
  );
  t.deepEqual(m.log(from), ['module p is not marked as a livepatch module']);
  t.deepEqual(m.levels(from), ['err']);
});

test('klp_enable_patch: -ENODEV before the subsystem is initialised (klp_initialized)', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.words[m.ctx.klp.rootKobj] = 0;
  t.is(m.load('p'), -ENODEV);
});

test('klp_enable_patch: -ENODEV when the module is going already, and the mutex is released', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])], tasks: [asleepIn('f')] });
  m.load('p');
  m.words[m.module('p') + MODULE.state] = MODULE_STATE_GOING;
  t.is(
    m.run((cpu) => klpEnablePatch(cpu, m.patch('p'))),
    -ENODEV,
  );
  t.is(m.words[m.ctx.klp.mutex], 0);
});

test('klp_enable_patch: without reliable stacks it warns in two lines and goes on', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])], reliableStacks: false });
  t.is(m.load('p'), 0);
  t.deepEqual(m.log().slice(0, 3), [
    "This architecture doesn't have support for the livepatch consistency model.",
    'The livepatch transition may never complete.',
    "enabling patch 'p'",
  ]);
  t.deepEqual(m.levels().slice(0, 2), ['warn', 'warn']);
});

test('klp_enable_patch: refuses a cumulative patch that does not know an installed state', (t) => {
  const m = bootSmall({
    modules: [
      livepatch('p', ['f'], { states: [{ id: 1, version: 2 }] }),
      livepatch('q', ['g'], { replace: true }),
      livepatch('old', ['g'], { states: [{ id: 1, version: 1 }] }),
    ],
  });
  m.load('p');
  settle(m);
  const from = m.logEnd;
  t.is(m.load('q'), -EINVAL);
  t.is(m.load('old'), -EINVAL);
  t.deepEqual(
    m.log(from),
    ['q', 'old'].map(
      (name) =>
        `Livepatch patch (${name}) is not compatible with the already installed livepatches.`,
    ),
  );
});

test('a failing pre_patch callback cancels the enabling, with the log of the kernel selftest', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.prePatchRet.set('vmlinux', -ENODEV);
  t.is(m.load('p'), -ENODEV);
  t.deepEqual(m.log(), [
    "enabling patch 'p'",
    "'p': initializing patching transition",
    said('p', 'pre_patch'),
    "pre-patch callback failed for object 'vmlinux'",
    "failed to enable patch 'p'",
    "'p': canceling patching transition, going to unpatch",
    "'p': completing unpatching transition",
    "'p': unpatching complete",
  ]);
  t.is(m.targetState, KLP_UNDEFINED);
  t.is(m.directory('p'), 0);
  t.is(m.module('p'), 0);
});

test('a failing pre_patch callback of a later object runs post_unpatch of the earlier one only', (t) => {
  const m = bootSmall({
    modules: [
      { name: 'target', functions: [plain('tf')] },
      {
        name: 'p',
        functions: [plain('p_f', 1), plain('p_tf', 1)],
        patch: {
          objects: [
            { funcs: [{ old: 'f', new: 'p_f' }], callbacks: true },
            { name: 'target', funcs: [{ old: 'tf', new: 'p_tf' }], callbacks: true },
          ],
        },
      },
    ],
  });
  m.load('target');
  m.prePatchRet.set('target', -ENOMEM);
  t.is(m.load('p'), -ENOMEM);
  t.deepEqual(m.log().slice(2), [
    said('p', 'pre_patch'),
    said('p', 'pre_patch', 'target'),
    "pre-patch callback failed for object 'target'",
    "failed to enable patch 'p'",
    "'p': canceling patching transition, going to unpatch",
    "'p': completing unpatching transition",
    said('p', 'post_unpatch'),
    "'p': unpatching complete",
  ]);
  t.is(m.listLength(m.ctx.klp.ops), 0);
});

test('when ftrace refuses, enabling fails with -EBUSY and post_unpatch of that object runs', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.run((cpu) => ftraceEnableSysctl(cpu, false));
  t.is(m.load('p'), -EBUSY);
  t.deepEqual(m.log().slice(2), [
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

test('ftrace cannot be turned off while a function is patched', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.load('p');
  settle(m);
  t.is(
    m.run((cpu) => ftraceEnableSysctl(cpu, false)),
    -EBUSY,
  );
});

test('klp_init_patch: a second patch of the same name is refused with -EEXIST', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.load('p');
  settle(m);
  const patch = m.patch('p');
  // The same kobject again: its name is taken.
  const error = m.run((cpu) => {
    const copy = cpu.ctx.klp.patchCache.base + cpu.ctx.klp.patchCache.stride;
    for (let i = 0; i < KLP_PATCH.size; i++) m.words[copy + i] = m.words[patch + i]!;
    m.words[copy + KLP_PATCH.objs] = 1;
    return klpEnablePatch(cpu, copy);
  });
  t.is(error, -EEXIST);
  t.is(m.refcount('p'), 1);
});

test('a disabled patch that waits for its removal refuses further writes with -EINVAL', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.load('p');
  settle(m);
  const kobj = m.directory('p');
  const results = m.run((cpu) => [
    ENABLED.store!(cpu, kobj, '0'),
    ENABLED.store!(cpu, kobj, '1'),
    FORCE.store!(cpu, kobj, '1'),
  ]);
  t.deepEqual(results, [1, -EINVAL, -EINVAL]);
});

test('during an enabling the function is on its stack, patched and in transition; afterwards no more in transition', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])], tasks: [asleepIn('f')] });
  m.load('p');
  const func = funcOf(m, 'p');
  const pair = (): number[] => [funcWord(m, func, 'patched'), funcWord(m, func, 'transition')];
  t.deepEqual(pair(), [1, 1]);
  m.write('p', FORCE, '1');
  settle(m);
  t.deepEqual(pair(), [1, 0]);
  t.is(m.words[func + KLP_FUNC.nop], 0);
});
