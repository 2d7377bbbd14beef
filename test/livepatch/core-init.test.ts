import test from 'ava';
import { EEXIST, EINVAL, ENOENT, ENOMEM } from '../../src/kernel/errno.js';
import { SYMBOL } from '../../src/kernel/kallsyms.js';
import {
  ENABLED,
  FORCE,
  PATCHED,
  REPLACE,
  STACK_ORDER,
  TRANSITION,
} from '../../src/livepatch/core-sysfs.js';
import type { MachineDecl, ModuleDecl, ObjectDecl } from './declaration.js';
import {
  bootSmall,
  funcOf,
  funcsOf,
  funcWord,
  livepatch,
  placeAt,
  plain,
  settle,
} from './fixtures.js';
import type { Machine } from './machine.js';

/** A patch `p` whose replacements are called `new`. */
const patchOf = (...objects: ObjectDecl[]): ModuleDecl => ({
  name: 'p',
  functions: [plain('new', 1)],
  patch: { objects },
});

const loadP = (decl: MachineDecl): { ret: number; log: string[]; m: Machine } => {
  const m = bootSmall(decl);
  const ret = m.load('p');
  return { ret, log: m.log(), m };
};

test('klp_find_object_symbol: a name that does not exist is refused', (t) => {
  const { ret, log, m } = loadP({
    modules: [patchOf({ funcs: [{ old: 'nowhere', new: 'new' }] })],
    names: ['nowhere'],
  });
  t.is(ret, -EINVAL);
  t.deepEqual(log, ["symbol 'nowhere' not found in symbol table"]);
  t.deepEqual(m.levels(), ['err']);
  t.is(m.directory('p'), 0);
  t.is(m.module('p'), 0);
});

/** A machine with a loaded module `twins` that has two functions called `tf`. */
function twins(sympos: number): { ret: number; log: string[]; m: Machine } {
  const m = bootSmall({
    modules: [
      { name: 'twins', functions: [plain('tf'), plain('filler'), plain('tf')] },
      patchOf({ name: 'twins', funcs: [{ old: 'tf', new: 'new', sympos }] }),
    ],
  });
  m.load('twins');
  const ret = m.load('p');
  return { ret, log: m.log(), m };
}

test('klp_find_object_symbol: position 0 wants a unique name', (t) => {
  const { ret, log } = twins(0);
  t.is(ret, -EINVAL);
  t.deepEqual(log, ["unresolvable ambiguity for symbol 'tf' in object 'twins'"]);
});

test('klp_find_object_symbol: a position picks one of several, and is the second half of the directory name', (t) => {
  const first = twins(1).m;
  const second = twins(2).m;
  t.true(
    funcWord(second, funcOf(second, 'p', 'twins'), 'oldFunc') >
      funcWord(first, funcOf(first, 'p', 'twins'), 'oldFunc'),
  );
  t.deepEqual(second.functionDirectories('p', 'twins'), ['tf,2']);
});

test('klp_find_object_symbol: a position past the last is refused', (t) => {
  const { ret, log } = twins(3);
  t.is(ret, -EINVAL);
  t.deepEqual(log, ["symbol position 3 for symbol 'tf' in object 'twins' not found"]);
});

test('klp_find_object_symbol: vmlinux is (null) in one message and vmlinux in the other', (t) => {
  const functions = [plain('twin', 0)];
  const decl = (sympos: number): MachineDecl => ({
    functions,
    modules: [patchOf({ funcs: [{ old: 'twin', new: 'new', sympos }] })],
  });
  const m = bootSmall(decl(0));
  // A second symbol of the same name in vmlinux: `h` is called `twin` from now on.
  let at = m.layout.context.symbols;
  while (m.words[at + SYMBOL.addr] !== m.addr('h')) at += SYMBOL.size;
  m.words[at + SYMBOL.name] = m.name('twin');
  t.is(m.load('p'), -EINVAL);
  t.deepEqual(m.log(), ["unresolvable ambiguity for symbol 'twin' in object '(null)'"]);
  const { log } = loadP(decl(7));
  t.deepEqual(log, ["symbol position 7 for symbol 'twin' in object 'vmlinux' not found"]);
});

test('klp_init_object_loaded: a function without a size is refused with -ENOENT', (t) => {
  const m = bootSmall({ modules: [patchOf({ funcs: [{ old: 'f', new: 'new' }] })] });
  const { symbols } = m.layout.context;
  let at = symbols;
  while (m.words[at + SYMBOL.addr] !== m.addr('f')) at += SYMBOL.size;
  m.words[at + SYMBOL.words] = 0;
  t.is(m.load('p'), -ENOENT);
  t.deepEqual(m.log(), ["kallsyms size lookup failed for 'f'"]);
});

test('klp_init_func: a function without a replacement is refused silently', (t) => {
  const { ret, log } = loadP({ modules: [patchOf({ funcs: [{ old: 'f' }] })] });
  t.is(ret, -EINVAL);
  t.deepEqual(log, []);
});

test('klp_init_func: the same function twice in a patch is -EEXIST, with position 0 counting as 1', (t) => {
  const { ret } = loadP({
    modules: [
      patchOf({
        funcs: [
          { old: 'f', new: 'new' },
          { old: 'f', new: 'new', sympos: 1 },
        ],
      }),
    ],
  });
  t.is(ret, -EEXIST);
});

test('klp_init_func: a name of 511 characters is fine and one of 512 is not', (t) => {
  for (const [length, error] of [
    [511, undefined],
    [512, -EINVAL],
  ] as const) {
    const name = 'x'.repeat(length);
    const { ret, log } = loadP({
      functions: [plain(name)],
      modules: [patchOf({ funcs: [{ old: name, new: 'new' }] })],
    });
    t.is(ret, error ?? 0);
    if (error !== undefined) t.deepEqual(log, []);
  }
});

test('klp_init_object: a module name of 55 characters is fine and one of 56 is not', (t) => {
  t.is(loadP({ modules: [patchOf({ name: 'm'.repeat(55), funcs: [] })] }).ret, 0);
  t.is(loadP({ modules: [patchOf({ name: 'm'.repeat(56), funcs: [] })] }).ret, -EINVAL);
});

test('klp_init_object: the same object twice in a patch is -EEXIST', (t) => {
  t.is(loadP({ modules: [patchOf({ funcs: [] }, { funcs: [] })] }).ret, -EEXIST);
});

test('klp_init_object: an object that is not loaded has its directories, but no addresses', (t) => {
  const { m } = loadP({
    modules: [patchOf({ name: 'absent', funcs: [{ old: 'af', new: 'new' }] })],
  });
  settle(m);
  t.deepEqual(m.functionDirectories('p', 'absent'), ['af,1']);
  t.is(funcWord(m, funcOf(m, 'p', 'absent'), 'oldFunc'), 0);
  const kobj = m.directory('p', 'absent');
  t.is(
    m.run((cpu) => PATCHED.show!(cpu, kobj)),
    0,
  );
});

// Atomic replace

const replaced = (decl: MachineDecl = {}): Machine => {
  const m = bootSmall({
    modules: [livepatch('p', ['f', 'g']), livepatch('q', ['f'], { replace: true })],
    ...decl,
  });
  m.load('p');
  settle(m);
  return m;
};

test('klp_add_nops and klp_alloc_func_nop: a cumulative patch gets a nop for what only older patches replace', (t) => {
  const m = replaced({ tasks: [{ comm: 's', thread: 'bottom', sleepingIn: ['bottom', 'f'] }] });
  // The sleeper stands in the version of `p`, so that the replacement cannot finish.
  placeAt(m, m.tasks[0]!, funcWord(m, funcOf(m, 'p'), 'newFunc') + 3);
  m.load('q');
  t.is(m.read('q', TRANSITION), 1);
  t.deepEqual(m.functionDirectories('q', 'vmlinux'), ['f,1', 'g,1']);
  const nop = funcsOf(m, 'q')[1]!;
  t.deepEqual(
    (['nop', 'patched', 'newFunc', 'oldFunc'] as const).map((field) => funcWord(m, nop, field)),
    [1, 1, m.addr('g'), m.addr('g')],
  );
});

test('klp_unpatch_replaced_patches and klp_discard_nops: afterwards only the new patch and its own functions are left', (t) => {
  const m = replaced();
  t.is(m.load('q'), 0);
  settle(m);
  t.is(m.directory('p'), 0);
  t.deepEqual(m.functionDirectories('q', 'vmlinux'), ['f,1']);
  t.is(m.listLength(m.ctx.klp.ops), 1);
  t.is(m.listLength(m.ctx.klp.patches), 1);
  t.is(m.words[m.addr('g') + 1], 0);
  t.is(m.refcount('p'), 0);
  t.is(m.unload('p'), 0);
  t.deepEqual(
    m.log().filter((line) => line.startsWith('p: ')),
    ['p: pre_patch_callback: vmlinux', 'p: post_patch_callback: vmlinux'],
  );
});

test('klp_find_object and klp_alloc_object_dynamic: an object that only older patches have is created for the nops, and goes with them', (t) => {
  const m = bootSmall({
    modules: [
      { name: 'target', functions: [plain('tf')] },
      {
        name: 'p',
        functions: [plain('new', 1)],
        patch: { objects: [{ name: 'target', funcs: [{ old: 'tf', new: 'new' }] }] },
      },
      livepatch('q', ['f'], { replace: true }),
    ],
    tasks: [{ comm: 's', thread: 'bottom', sleepingIn: ['bottom', 'f'] }],
  });
  m.load('target');
  m.load('p');
  settle(m);
  m.load('q');
  t.not(m.directory('q', 'target'), 0);
  t.deepEqual(m.functionDirectories('q', 'target'), ['tf,1']);
  m.write('q', FORCE, '1');
  settle(m);
  t.is(m.directory('q', 'target'), 0);
  t.is(m.unload('target'), 0);
});

test('klp_add_object_nops: without memory for the nops the new patch is refused and nothing is left of it', (t) => {
  const m = replaced({ klp: { funcs: 3 } });
  t.is(m.load('q'), -ENOMEM);
  t.is(m.directory('q'), 0);
  t.is(m.read('p', ENABLED), 1);
  t.is(m.listLength(m.ctx.klp.ops), 2);
});

test('a replacement that is reversed leaves the older patch as it was', (t) => {
  const m = replaced({ tasks: [{ comm: 's', thread: 'bottom', sleepingIn: ['bottom', 'f'] }] });
  placeAt(m, m.tasks[0]!, funcWord(m, funcOf(m, 'p'), 'newFunc') + 3);
  m.load('q');
  m.write('q', ENABLED, '0');
  settle(m);
  t.is(m.directory('q'), 0);
  t.is(m.read('p', ENABLED), 1);
  t.is(m.listLength(m.ctx.klp.ops), 2);
  t.is(m.unload('q'), 0);
});

test('stack_order_show: numbers the patches in the order of enabling; replace_show says what was asked', (t) => {
  const m = bootSmall({
    modules: [livepatch('p', ['f']), livepatch('q', ['g']), livepatch('r', ['h'])],
  });
  for (const name of ['p', 'q', 'r']) {
    m.load(name);
    settle(m);
  }
  t.deepEqual(
    ['p', 'q', 'r'].map((name) => m.read(name, STACK_ORDER)),
    [1, 2, 3],
  );
  t.is(m.read('p', REPLACE), 0);
  m.write('q', ENABLED, '0');
  settle(m);
  t.deepEqual(
    ['p', 'r'].map((name) => m.read(name, STACK_ORDER)),
    [1, 2],
  );
});
