/** The init function of test_klp_shadow_vars: it goes through the whole interface of shadow variables, and tells. */

import { ENOMEM } from '../../kernel/errno.js';
import { printk } from '../../kernel/printk.js';
import {
  klpShadowAlloc,
  klpShadowFree,
  klpShadowFreeAll,
  klpShadowGet,
  klpShadowGetOrAlloc,
} from '../../livepatch/shadow.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL, type Addr } from '../../memory/struct.js';
import { line } from './messages.js';

const MODULE = 'test_klp_shadow_vars';
const ID1 = 0x1234;
const ID2 = 0x1235;
const OBJECTS = 3;

const GET = line(MODULE, 'klp_shadow_get(obj=PTR%d, id=0x%lx) = PTR%d');
const NOTHING = line(MODULE, '  got expected NULL result');
const FOUND = line(MODULE, '  got expected PTR%d -> PTR%d result');
const CTOR = line(MODULE, 'shadow_ctor: PTR%d -> PTR%d');
const DTOR = line(MODULE, 'shadow_dtor(obj=PTR%d, shadow_data=PTR%d)');
const ALLOC = [ID1, ID2].map((id) => line(MODULE, allocText('klp_shadow_alloc', id)));
const GET_OR_ALLOC = line(MODULE, allocText('klp_shadow_get_or_alloc', ID1));
const FREE = line(MODULE, 'klp_shadow_free(obj=PTR%d, id=0x%lx, dtor=PTR%d)');
const FREE_ALL = line(MODULE, 'klp_shadow_free_all(id=0x%lx, dtor=PTR%d)');

function allocText(fn: string, id: number): string {
  const given = `id=0x${id.toString(16)}, size=8, gfp_flags=GFP_KERNEL`;
  return `${fn}(obj=PTR%d, ${given}), ctor=PTR%d, ctor_data=PTR%d = PTR%d`;
}

/** Numbers for pointers, in the order in which they are first spoken of; NULL is 0. */
class Pointers {
  readonly #seen: number[] = [];

  of(pointer: number): number {
    const known = this.#seen.indexOf(pointer);
    return known >= 0 ? known : this.#seen.push(pointer) - 1;
  }
}

/** Addresses that stand for the module's objects, its fields, its constructor and its destructor. */
const OBJECT = 0x100;
const FIELD1 = 0x200;
const FIELD2 = 0x300;
const CTOR_ADDRESS = 0x400;
const DTOR_ADDRESS = 0x401;

/** One pass through the interface, with what it has spoken of. */
interface Run {
  readonly pointers: Pointers;
  /** Data of each variable, by object. */
  readonly first: Addr[];
  readonly second: Addr[];
}

function get(cpu: Cpu, run: Run, obj: number, id: number): Addr {
  const data = klpShadowGet(cpu, obj, id);
  printk(cpu, GET, run.pointers.of(obj), id, run.pointers.of(data));
  return data;
}

function expectNothing(cpu: Cpu, run: Run, obj: number, id: number): void {
  if (get(cpu, run, obj, id) === NULL) printk(cpu, NOTHING);
}

function expectFound(cpu: Cpu, run: Run, data: Addr, expected: Addr, field: number): void {
  if (data !== expected || cpu.get(data) !== field) return;
  printk(cpu, FOUND, run.pointers.of(data), run.pointers.of(field));
}

/** The constructor of the variables: they keep what it is given. */
function shadowCtor(cpu: Cpu, _obj: Addr, data: Addr, field: number): number {
  cpu.set(data, field);
  return 0;
}

/** What the module's constructor prints; the numbers of pointers are not at hand under the lock. */
function tellCtor(cpu: Cpu, run: Run, data: Addr, field: number): void {
  printk(cpu, CTOR, run.pointers.of(data), run.pointers.of(field));
}

function alloc(cpu: Cpu, run: Run, obj: number, id: number, field: number): Addr {
  const isNew = klpShadowGet(cpu, obj, id) === NULL;
  const data = klpShadowAlloc(cpu, obj, id, 1, shadowCtor, field);
  if (data !== NULL && isNew) tellCtor(cpu, run, data, field);
  tellAlloc(cpu, run, ALLOC[id - ID1] ?? GET_OR_ALLOC, obj, field, data);
  return data;
}

function getOrAlloc(cpu: Cpu, run: Run, obj: number, field: number): Addr {
  const isNew = klpShadowGet(cpu, obj, ID1) === NULL;
  const data = klpShadowGetOrAlloc(cpu, obj, ID1, 1, shadowCtor, field);
  if (data !== NULL && isNew) tellCtor(cpu, run, data, field);
  tellAlloc(cpu, run, GET_OR_ALLOC, obj, field, data);
  return data;
}

function tellAlloc(
  cpu: Cpu,
  run: Run,
  message: typeof GET_OR_ALLOC,
  obj: number,
  field: number,
  data: Addr,
): void {
  const { pointers } = run;
  const object = pointers.of(obj);
  const ctor = pointers.of(CTOR_ADDRESS);
  printk(cpu, message, object, ctor, pointers.of(field), pointers.of(data));
}

function allocateAll(cpu: Cpu, run: Run): boolean {
  for (let i = 0; i < OBJECTS; i++) {
    run.pointers.of(FIELD1 + i);
    const one =
      i % 2 === 1
        ? alloc(cpu, run, OBJECT + i, ID1, FIELD1 + i)
        : getOrAlloc(cpu, run, OBJECT + i, FIELD1 + i);
    run.pointers.of(FIELD2 + i);
    const two = alloc(cpu, run, OBJECT + i, ID2, FIELD2 + i);
    if (one === NULL || two === NULL) return false;
    run.first.push(one);
    run.second.push(two);
  }
  return true;
}

function freeFirst(cpu: Cpu, run: Run, obj: number): void {
  const data = klpShadowGet(cpu, obj, ID1);
  klpShadowFree(cpu, obj, ID1);
  printk(cpu, DTOR, run.pointers.of(obj), run.pointers.of(data));
  printk(cpu, FREE, run.pointers.of(obj), ID1, run.pointers.of(DTOR_ADDRESS));
  expectNothing(cpu, run, obj, ID1);
}

/** Module init: 0, or -ENOMEM. */
export function shadowVarsInit(cpu: Cpu, _mod: Addr): number {
  const run: Run = { pointers: new Pointers(), first: [], second: [] };
  run.pointers.of(NULL);
  expectNothing(cpu, run, OBJECT, ID1);
  if (!allocateAll(cpu, run)) return -ENOMEM;
  for (let i = 0; i < OBJECTS; i++) {
    const one = get(cpu, run, OBJECT + i, ID1);
    expectFound(cpu, run, one, run.first[i] ?? NULL, FIELD1 + i);
    const two = get(cpu, run, OBJECT + i, ID2);
    expectFound(cpu, run, two, run.second[i] ?? NULL, FIELD2 + i);
  }
  for (let i = 0; i < OBJECTS; i++) {
    const again = getOrAlloc(cpu, run, OBJECT + i, FIELD1 + i);
    expectFound(cpu, run, again, run.first[i] ?? NULL, FIELD1 + i);
  }
  for (let i = 0; i < OBJECTS; i++) freeFirst(cpu, run, OBJECT + i);
  for (let i = 0; i < OBJECTS; i++) {
    const two = get(cpu, run, OBJECT + i, ID2);
    expectFound(cpu, run, two, run.second[i] ?? NULL, FIELD2 + i);
  }
  klpShadowFreeAll(cpu, ID2);
  printk(cpu, FREE_ALL, ID2, run.pointers.of(NULL));
  for (let i = 0; i < OBJECTS; i++) expectNothing(cpu, run, OBJECT + i, ID2);
  return 0;
}
