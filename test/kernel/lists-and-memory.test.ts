import test from 'ava';
import { CACHE, claimCache, initCache, kfree, kzalloc } from '../../src/kernel/alloc.js';
import {
  initListHead,
  LIST,
  listAdd,
  listAddRcu,
  listAddTail,
  listDel,
  listDelRcu,
  listEmpty,
  listIsSingular,
  LIST_POISON1,
} from '../../src/kernel/list.js';
import { formatMessage, type Message } from '../../src/kernel/printk.js';
import { asm, assemble, functionWords, OP_CALL, OP_FENTRY } from '../../src/kernel/text.js';
import { AtomicsCpu } from '../../src/memory/atomics.js';
import { KernelOops } from '../../src/memory/fault.js';
import { claimLocal } from '../../src/memory/local.js';
import { createSharedMemory, MemoryMap } from '../../src/memory/map.js';
import { Ablation, O_13 } from '../../src/memory/sites.js';
import { POISON, struct, type CpuId } from '../../src/memory/struct.js';

const OBJECT = struct('object', { a: 1, b: 1, c: 1 });

function machine(ablation = new Ablation()) {
  const map = new MemoryMap();
  const localBase = claimLocal(map, 1);
  const cache = claimCache(map, 'object', OBJECT, 3);
  const nodes = map.claim('node', LIST, 4);
  const { words } = createSharedMemory(map.words);
  initCache(words, cache);
  const cpu = new AtomicsCpu(0 as CpuId, {} as never, { words, localBase, ablation });
  return { cpu, cache, words, head: nodes, node: (i: number) => nodes + i * LIST.size };
}

test('a cache hands out zeroed objects until it is exhausted, and says so', (t) => {
  const { cpu, cache, words } = machine();
  const objects = [kzalloc(cpu, cache), kzalloc(cpu, cache), kzalloc(cpu, cache)];
  t.is(new Set(objects).size, 3);
  t.true(objects.every((at) => words[at] === 0 && words[at + 2] === 0));
  t.is(kzalloc(cpu, cache), 0);
  t.is(words[cache.control + CACHE.inUse], 3);
});

test('a freed object is poisoned and reused last', (t) => {
  const { cpu, cache, words } = machine();
  const first = kzalloc(cpu, cache);
  kfree(cpu, cache, first);
  t.is(words[first + 1], POISON);
  t.not(kzalloc(cpu, cache), first);
  t.not(kzalloc(cpu, cache), first);
  t.is(kzalloc(cpu, cache), first);
});

test('an access through a poisoned pointer is an oops that says use after free', (t) => {
  const { cpu } = machine();
  t.throws(() => cpu.read(POISON + 4), {
    instanceOf: KernelOops,
    code: 'ERR_INVARIANT_VIOLATED',
    message: /use after free: access through a poisoned pointer at address 0x6b6b6b6f/,
  });
});

test('lists keep their order, and know when they are empty or singular', (t) => {
  const { cpu, head, node } = machine();
  initListHead(cpu, head);
  t.true(listEmpty(cpu, head));
  listAdd(cpu, node(1), head);
  t.true(listIsSingular(cpu, head));
  listAddTail(cpu, node(2), head);
  listAddRcu(cpu, node(3), head);
  const order = [];
  for (let p = cpu.read(head); p !== head; p = cpu.read(p)) order.push(p);
  t.deepEqual(order, [node(3), node(1), node(2)]);
  t.false(listIsSingular(cpu, head));
});

test('list_del poisons next, list_del_rcu leaves it for readers, unless O-13 is ablated', (t) => {
  const { cpu, head, node } = machine();
  initListHead(cpu, head);
  listAddTail(cpu, node(1), head);
  listAddTail(cpu, node(2), head);
  listDelRcu(cpu, node(1));
  t.is(cpu.read(node(1) + LIST.next), node(2));
  listDel(cpu, node(2));
  t.is(cpu.read(node(2) + LIST.next), LIST_POISON1);
  const ablated = machine(new Ablation([O_13]));
  initListHead(ablated.cpu, ablated.head);
  listAddTail(ablated.cpu, ablated.node(1), ablated.head);
  listDelRcu(ablated.cpu, ablated.node(1));
  t.is(ablated.cpu.read(ablated.node(1) + LIST.next), LIST_POISON1);
});

test('a function is assembled behind its trace site, its labels and symbols resolved', (t) => {
  const source = { name: 'f', code: [asm.at('top', asm.call('g')), asm.jump('top')] };
  t.is(functionWords(source), 9);
  const words = assemble(source, 300, () => 900);
  t.deepEqual([...words.subarray(0, 6)], [OP_FENTRY, 0, 0, OP_CALL, 900, 0]);
  t.is(words[7], 303);
  t.throws(() => assemble({ name: 'f', code: [asm.jump('nowhere')] }, 0, () => 0), {
    instanceOf: RangeError,
    message: 'f: no label nowhere',
  });
});

test('messages are formatted as the kernel formats them', (t) => {
  const message: Message = {
    id: 1,
    level: 'notice',
    prefix: 'livepatch: ',
    text: "'%s': %d of %lu",
  };
  t.is(formatMessage(message, [1, -3, 7], ['', 'name']), "livepatch: 'name': -3 of 7");
  t.is(formatMessage(message, [0, 1, 2], ['']), "livepatch: '(null)': 1 of 2");
});
