import test from 'ava';
import { EINVAL, ENODEV } from '../../src/kernel/errno.js';
import { MODULE, MODULE_STATE_LIVE } from '../../src/kernel/module.js';
import { klpModuleComing, klpModuleGoing } from '../../src/livepatch/core-module.js';
import { ENABLED, PATCHED, TRANSITION } from '../../src/livepatch/core-sysfs.js';
import { KLP_OBJECT } from '../../src/livepatch/layout.js';
import { WARN_COMING_STATE, WARN_GOING_STATE } from '../../src/livepatch/warn-sites.js';
import { asleepIn, bootSmall, funcOf, funcWord, placeAt, plain, said, settle } from './fixtures.js';
import type { MachineDecl, ModuleDecl } from './declaration.js';
import type { Machine } from './machine.js';

/** A patch of vmlinux (`f`) and of module `target` (`tf`), both with callbacks. */
const twoObjects = (name: string, vmlinuxFuncs = true): ModuleDecl => ({
  name,
  functions: [plain(`${name}_f`, 1), plain(`${name}_tf`, 1)],
  patch: {
    objects: [
      { funcs: vmlinuxFuncs ? [{ old: 'f', new: `${name}_f` }] : [], callbacks: true },
      { name: 'target', funcs: [{ old: 'tf', new: `${name}_tf` }], callbacks: true },
    ],
  },
});

const TARGET: ModuleDecl = { name: 'target', functions: [plain('tf')] };

function machine(decl: MachineDecl = {}): Machine {
  return bootSmall({ modules: [TARGET, twoObjects('p')], ...decl });
}

const APPLY = "applying patch 'p' to loading module 'target'";
const REVERT = "reverting patch 'p' on unloading module 'target'";

test('target module before livepatch: both objects go through enabling and disabling in order', (t) => {
  const m = machine();
  m.load('target');
  m.load('p');
  settle(m);
  m.write('p', ENABLED, '0');
  settle(m);
  t.deepEqual(
    m.log().filter((line) => line.includes('callback')),
    ['pre_patch', 'post_patch', 'pre_unpatch', 'post_unpatch'].flatMap((callback) => [
      said('p', callback),
      said('p', callback, 'target'),
    ]),
  );
});

test('klp_module_coming: a target that is loaded later is patched before its init function runs', (t) => {
  const m = machine();
  m.load('p');
  settle(m);
  const from = m.logEnd;
  t.is(m.words[m.object('p', 'target') + KLP_OBJECT.mod], 0);
  t.is(m.load('target'), 0);
  t.deepEqual(m.log(from), [
    APPLY,
    said('p', 'pre_patch', 'target'),
    said('p', 'post_patch', 'target'),
  ]);
  t.is(m.words[m.object('p', 'target') + KLP_OBJECT.mod], m.module('target'));
  t.is(funcWord(m, funcOf(m, 'p', 'target'), 'patched'), 1);
  t.is(m.words[m.object('p', 'target') + KLP_OBJECT.patched], 1);
  t.is(m.refcount('target'), 0);
});

test('klp_module_going: a target that is unloaded is unpatched first', (t) => {
  const m = machine();
  m.load('target');
  m.load('p');
  settle(m);
  const from = m.logEnd;
  t.is(m.unload('target'), 0);
  t.deepEqual(m.log(from), [
    said('p', 'pre_unpatch', 'target'),
    REVERT,
    said('p', 'post_unpatch', 'target'),
  ]);
  const func = funcOf(m, 'p', 'target');
  t.deepEqual([funcWord(m, func, 'oldFunc'), funcWord(m, func, 'patched')], [0, 0]);
  t.is(m.listLength(m.ctx.klp.ops), 1);
});

test('a target may come and go again and again', (t) => {
  const m = machine();
  m.load('p');
  settle(m);
  for (let i = 0; i < 5; i++) {
    t.is(m.load('target'), 0);
    t.is(m.unload('target'), 0);
  }
  t.deepEqual(m.warnings(), {});
  t.is(m.listLength(m.ctx.klp.ops), 1);
});

test('a target that comes during a patching is patched at once, and its post_patch waits for the completion', (t) => {
  const m = machine({ tasks: [asleepIn('f')] });
  m.load('p');
  const from = m.logEnd;
  t.is(m.load('target'), 0);
  t.deepEqual(m.log(from), [APPLY, said('p', 'pre_patch', 'target')]);
  t.is(funcWord(m, funcOf(m, 'p', 'target'), 'transition'), 1);
  m.words[m.object('p') + KLP_OBJECT.patched] = 0; // nobody is in the way any more
  settle(m);
  t.deepEqual(m.log(from).slice(2), [
    "'p': completing patching transition",
    said('p', 'post_patch'),
    said('p', 'post_patch', 'target'),
    "'p': patching complete",
  ]);
});

test('a target that goes during a patching runs post_unpatch only, and the completion skips it', (t) => {
  const m = machine({ tasks: [asleepIn('f')] });
  m.load('target');
  m.load('p');
  const from = m.logEnd;
  t.is(m.unload('target'), 0);
  t.deepEqual(m.log(from), [REVERT, said('p', 'post_unpatch', 'target')]);
  m.write('p', ENABLED, '0');
  settle(m);
  t.deepEqual(m.log(from).slice(2), [
    "'p': reversing transition from patching to unpatching",
    "'p': starting unpatching transition",
    "'p': completing unpatching transition",
    said('p', 'post_unpatch'),
    "'p': unpatching complete",
  ]);
});

test('busy target module: a target comes and goes during a transition that is then reversed', (t) => {
  const m = machine({ tasks: [asleepIn('f')] });
  m.load('p');
  t.is(m.read('p', TRANSITION), 1);
  const from = m.logEnd;
  m.load('target');
  m.unload('target');
  m.write('p', ENABLED, '0');
  settle(m);
  t.is(m.unload('p'), 0);
  t.deepEqual(m.log(from), [
    APPLY,
    said('p', 'pre_patch', 'target'),
    REVERT,
    said('p', 'post_unpatch', 'target'),
    "'p': reversing transition from patching to unpatching",
    "'p': starting unpatching transition",
    "'p': completing unpatching transition",
    said('p', 'post_unpatch'),
    "'p': unpatching complete",
  ]);
});

test('a target that comes during an unpatching is patched, and unpatched at the completion', (t) => {
  const m = machine({ tasks: [asleepIn('bottom')] });
  m.load('p');
  settle(m);
  const at = funcWord(m, funcOf(m, 'p'), 'newFunc') + 3;
  placeAt(m, m.tasks[0]!, at);
  m.write('p', ENABLED, '0');
  const from = m.logEnd;
  t.is(m.load('target'), 0);
  t.deepEqual(m.log(from), [APPLY, said('p', 'pre_patch', 'target')]);
  placeAt(m, m.tasks[0]!, m.addr('bottom') + 3);
  settle(m);
  t.deepEqual(m.log(from).slice(2), [
    "'p': completing unpatching transition",
    said('p', 'post_unpatch'),
    said('p', 'post_unpatch', 'target'),
    "'p': unpatching complete",
  ]);
});

test('klp_module_coming: a failing pre_patch refuses the module', (t) => {
  const m = machine();
  m.load('p');
  settle(m);
  m.prePatchRet.set('target', -ENODEV);
  const from = m.logEnd;
  t.is(m.load('target'), -ENODEV);
  t.deepEqual(m.log(from), [
    APPLY,
    said('p', 'pre_patch', 'target'),
    "pre-patch callback failed for object 'target'",
    "patch 'p' failed for module 'target', refusing to load module 'target'",
  ]);
  t.is(m.module('target'), 0);
  t.is(m.words[m.object('p', 'target') + KLP_OBJECT.mod], 0);
});

test('klp_module_coming: a module without the patched function is refused', (t) => {
  const m = machine({
    modules: [{ name: 'target', functions: [plain('other')] }, twoObjects('p')],
  });
  m.load('p');
  settle(m);
  const from = m.logEnd;
  t.is(m.load('target'), -EINVAL);
  t.deepEqual(m.log(from), [
    "symbol 'tf' not found in symbol table",
    "failed to initialize patch 'p' for module 'target' (-22)",
    "patch 'p' failed for module 'target', refusing to load module 'target'",
  ]);
});

test('klp_module_coming: a module whose function cannot be patched is refused, after post_unpatch', (t) => {
  const hidden = { name: 'tf', traceable: false, code: [{ op: 3 }] };
  const m = machine({ modules: [{ name: 'target', functions: [hidden] }, twoObjects('p')] });
  m.load('p');
  settle(m);
  const from = m.logEnd;
  t.is(m.load('target'), -EINVAL);
  t.deepEqual(m.log(from), [
    APPLY,
    said('p', 'pre_patch', 'target'),
    "failed to find location for function 'tf'",
    "failed to apply patch 'p' to module 'target' (-22)",
    said('p', 'post_unpatch', 'target'),
    "patch 'p' failed for module 'target', refusing to load module 'target'",
  ]);
});

test('klp_cleanup_module_patches_limited: when the second patch fails, only the first is rolled back', (t) => {
  const m = machine({ modules: [TARGET, twoObjects('p', false), twoObjects('q', false)] });
  for (const name of ['p', 'q']) {
    m.load(name);
    settle(m);
  }
  const from = m.logEnd;
  // Both are asked; the second one refuses.
  let asked = 0;
  const { klp } = m.ctx;
  const callbacks = klp.callbacks as ((typeof klp.callbacks)[number] | undefined)[];
  for (const [i, fn] of callbacks.entries()) {
    if (fn === undefined || (i - 1) % 4 !== 0) continue;
    callbacks[i] = (cpu, obj) => (fn(cpu, obj) === 0 && ++asked === 2 ? -ENODEV : 0);
  }
  t.is(m.load('target'), -ENODEV);
  t.deepEqual(m.log(from), [
    APPLY,
    said('p', 'pre_patch', 'target'),
    said('p', 'post_patch', 'target'),
    "applying patch 'q' to loading module 'target'",
    said('q', 'pre_patch', 'target'),
    "pre-patch callback failed for object 'target'",
    "patch 'q' failed for module 'target', refusing to load module 'target'",
    said('p', 'pre_unpatch', 'target'),
    REVERT,
    said('p', 'post_unpatch', 'target'),
  ]);
});

test('klp_cleanup_module_patches_limited: patches are taken off oldest first', (t) => {
  const m = machine({ modules: [TARGET, twoObjects('p', false), twoObjects('q', false)] });
  m.load('target');
  for (const name of ['p', 'q']) {
    m.load(name);
    settle(m);
  }
  const from = m.logEnd;
  t.is(m.unload('target'), 0);
  t.deepEqual(
    m.log(from).filter((line) => line.startsWith('reverting')),
    [REVERT, "reverting patch 'q' on unloading module 'target'"],
  );
  t.is(m.listLength(m.ctx.klp.ops), 0);
});

test('klp_module_coming: the name vmlinux is refused', (t) => {
  const m = bootSmall({ modules: [{ name: 'vmlinux', functions: [plain('x')] }] });
  t.is(m.load('vmlinux'), -EINVAL);
  t.deepEqual(m.log(), ['vmlinux.ko: invalid module name']);
  t.deepEqual(m.levels(), ['err']);
});

test('klp_module_coming and klp_module_going: WARN and refuse in the wrong module state', (t) => {
  const m = machine();
  m.load('target');
  const mod = m.module('target');
  t.is(m.words[mod + MODULE.state], MODULE_STATE_LIVE);
  t.is(
    m.run((cpu) => klpModuleComing(cpu, mod)),
    -EINVAL,
  );
  m.run((cpu) => klpModuleGoing(cpu, mod));
  t.deepEqual(m.warnings(), { [WARN_COMING_STATE.id]: 1, [WARN_GOING_STATE.id]: 1 });
  t.is(m.words[mod + MODULE.klpAlive], 1);
});

test('klp_find_object_module: a module is only found between its coming and its going hook', (t) => {
  const m = machine();
  m.load('target');
  m.words[m.module('target') + MODULE.klpAlive] = 0;
  m.load('p');
  settle(m);
  t.is(m.words[m.object('p', 'target') + KLP_OBJECT.mod], 0);
  const kobj = m.directory('p', 'target');
  t.is(
    m.run((cpu) => PATCHED.show!(cpu, kobj)),
    0,
  );
});
