import test from 'ava';
import { ENODEV } from '../../src/kernel/errno.js';
import { ENABLED, FORCE } from '../../src/livepatch/core-sysfs.js';
import {
  klpIsModule,
  klpIsObjectLoaded,
  klpPostPatchCallback,
  klpPostUnpatchCallback,
  klpPrePatchCallback,
  klpPreUnpatchCallback,
} from '../../src/livepatch/object.js';
import { KLP_CALLBACKS, KLP_OBJECT } from '../../src/livepatch/layout.js';
import type { ModuleDecl } from './declaration.js';
import {
  asleepIn,
  bootSmall,
  funcOf,
  funcWord,
  livepatch,
  placeAt,
  plain,
  settle,
} from './fixtures.js';
import type { Machine } from './machine.js';

const PATCH: ModuleDecl = {
  name: 'p',
  functions: [plain('p_f', 1), plain('p_tf', 1)],
  patch: {
    objects: [
      { funcs: [{ old: 'f', new: 'p_f' }], callbacks: true },
      { name: 'target', funcs: [{ old: 'tf', new: 'p_tf' }], callbacks: true },
    ],
  },
};

const TARGET: ModuleDecl = { name: 'target', functions: [plain('tf')] };

/** Run `scenario` and count the callbacks of an object that ran: pre_patch, post_patch, pre_unpatch, post_unpatch. */
function counts(object: string, scenario: (m: Machine) => void, blocked = false): number[] {
  const m = bootSmall({
    modules: [TARGET, PATCH, livepatch('q', ['g'], { replace: true })],
    tasks: [asleepIn(blocked ? 'f' : 'bottom')],
  });
  scenario(m);
  const lines = m.log();
  return ['pre_patch', 'post_patch', 'pre_unpatch', 'post_unpatch'].map(
    (name) => lines.filter((line) => line === `p: ${name}_callback: ${object}`).length,
  );
}

const enable = (m: Machine): void => {
  m.load('p');
  settle(m);
};

/** Start a disabling that the sleeper holds up in the new function. */
const startDisable = (m: Machine): void => {
  placeAt(m, m.tasks[0]!, funcWord(m, funcOf(m, 'p'), 'newFunc') + 3);
  m.write('p', ENABLED, '0');
};

const letGo = (m: Machine): void => {
  placeAt(m, m.tasks[0]!, m.addr('bottom') + 3);
  settle(m);
};

/** The kernel's matrix: which callbacks of which object run how often. */
const MATRIX: readonly {
  readonly when: string;
  readonly object?: string;
  readonly blocked?: boolean;
  readonly run: (m: Machine) => void;
  readonly expected: readonly number[];
}[] = [
  { when: 'an enabling completes', run: enable, expected: [1, 1, 0, 0] },
  {
    when: 'an enabling fails in pre_patch of this object',
    run: (m) => {
      m.prePatchRet.set('vmlinux', -ENODEV);
      m.load('p');
    },
    expected: [1, 0, 0, 0],
  },
  {
    when: 'an enabling fails in pre_patch of a later object',
    run: (m) => {
      m.load('target');
      m.prePatchRet.set('target', -ENODEV);
      m.load('p');
    },
    expected: [1, 0, 0, 1],
  },
  {
    when: 'an enabling is reversed',
    blocked: true,
    run: (m) => {
      m.load('p');
      m.write('p', ENABLED, '0');
      settle(m);
    },
    expected: [1, 0, 0, 1],
  },
  {
    when: 'a disabling completes',
    run: (m) => {
      enable(m);
      m.write('p', ENABLED, '0');
      settle(m);
    },
    expected: [1, 1, 1, 1],
  },
  {
    when: 'a disabling is reversed',
    run: (m) => {
      enable(m);
      startDisable(m);
      m.write('p', ENABLED, '1');
      settle(m);
    },
    expected: [1, 2, 1, 0],
  },
  {
    when: 'the module comes without a transition',
    object: 'target',
    run: (m) => {
      enable(m);
      m.load('target');
    },
    expected: [1, 1, 0, 0],
  },
  {
    when: 'the module comes during a patching that completes',
    object: 'target',
    blocked: true,
    run: (m) => {
      m.load('p');
      m.load('target');
      letGo(m);
    },
    expected: [1, 1, 0, 0],
  },
  {
    when: 'the module comes during an unpatching that completes',
    object: 'target',
    run: (m) => {
      enable(m);
      startDisable(m);
      m.load('target');
      letGo(m);
    },
    expected: [1, 0, 0, 1],
  },
  {
    when: 'the module goes without a transition',
    object: 'target',
    run: (m) => {
      m.load('target');
      enable(m);
      m.unload('target');
    },
    expected: [1, 1, 1, 1],
  },
  {
    when: 'the module goes during a patching',
    object: 'target',
    blocked: true,
    run: (m) => {
      m.load('target');
      m.load('p');
      m.unload('target');
      letGo(m);
    },
    expected: [1, 0, 0, 1],
  },
  {
    when: 'the module goes during an unpatching',
    object: 'target',
    run: (m) => {
      m.load('target');
      enable(m);
      startDisable(m);
      m.unload('target');
      letGo(m);
    },
    expected: [1, 1, 1, 1],
  },
  {
    when: 'the patch is replaced',
    run: (m) => {
      enable(m);
      m.load('q');
      settle(m);
    },
    expected: [1, 1, 0, 0],
  },
  {
    when: 'an enabling is forced',
    blocked: true,
    run: (m) => {
      m.load('p');
      m.write('p', FORCE, '1');
      settle(m);
    },
    expected: [1, 1, 0, 0],
  },
];

for (const { when, object = 'vmlinux', blocked = false, run, expected } of MATRIX) {
  test(`callbacks of ${object} when ${when}: ${expected.join(' ')}`, (t) => {
    t.deepEqual(counts(object, run, blocked), expected);
  });
}

test('klp_pre_patch_callback: remembers success, and returns 0 without a callback', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.load('p');
  settle(m);
  const obj = m.object('p');
  const enabled = obj + KLP_OBJECT.callbacks + KLP_CALLBACKS.postUnpatchEnabled;
  m.prePatchRet.set('vmlinux', -5);
  t.is(
    m.run((cpu) => klpPrePatchCallback(cpu, obj)),
    -5,
  );
  t.is(m.words[enabled], 0);
  m.words[obj + KLP_OBJECT.callbacks + KLP_CALLBACKS.prePatch] = 0;
  t.is(
    m.run((cpu) => klpPrePatchCallback(cpu, obj)),
    0,
  );
  t.is(m.words[enabled], 1);
});

test('klp_post_unpatch_callback: runs once for each successful pre_patch', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.load('p');
  settle(m);
  const obj = m.object('p');
  const from = m.logEnd;
  m.run((cpu) => klpPostUnpatchCallback(cpu, obj));
  m.run((cpu) => klpPostUnpatchCallback(cpu, obj));
  t.deepEqual(m.log(from), ['p: post_unpatch_callback: vmlinux']);
});

test('klp_post_patch_callback and klp_pre_unpatch_callback: do nothing without a callback', (t) => {
  const m = bootSmall({
    modules: [{ name: 'p', patch: { objects: [{ funcs: [] }] } }],
  });
  m.load('p');
  settle(m);
  const from = m.logEnd;
  const obj = m.object('p');
  m.run((cpu) => {
    klpPostPatchCallback(cpu, obj);
    klpPreUnpatchCallback(cpu, obj);
  });
  t.deepEqual(m.log(from), []);
});

test('klp_is_module and klp_is_object_loaded: vmlinux is no module and always loaded', (t) => {
  const m = bootSmall({ modules: [TARGET, PATCH] });
  enable(m);
  const ask = (object: string): boolean[] => {
    const obj = m.object('p', object);
    return m.run((cpu) => [klpIsModule(cpu, obj), klpIsObjectLoaded(cpu, obj)]);
  };
  t.deepEqual(ask('vmlinux'), [false, true]);
  t.deepEqual(ask('target'), [true, false]);
  m.load('target');
  t.deepEqual(ask('target'), [true, true]);
});
