/** Several ftrace users of one patched function: one comes, one goes, one is refused, and a task calls the function. */

import { kfree, kzalloc } from '../../kernel/alloc.js';
import {
  FIRST_SCENARIO_FTRACE_FN,
  FTRACE_FN_LIST,
  FTRACE_OPS,
  FTRACE_OPS_FL_DYNAMIC,
  FTRACE_OPS_FL_IPMODIFY,
  FTRACE_OPS_FL_SAVE_REGS,
  ftraceSetFilterIp,
  registerFtraceFunction,
  unregisterFtraceFunction,
} from '../../kernel/ftrace.js';
import { ftraceGetRegs } from '../../kernel/ftrace-list.js';
import { filterHolds, forEachFtraceOp } from '../../kernel/ftrace-record.js';
import { KERNEL } from '../../kernel/layout.js';
import { loadModule } from '../../kernel/module.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_34, O_35, O_36, O_37 } from '../../memory/sites.js';
import { NULL, type Addr } from '../../memory/struct.js';
import type { KernelBody, PredictedFinding, RaceScenario } from '../../scenario/declare.js';
import { kernelRace, raceContext, type KernelRaceSpec } from '../../scenario/kernel-race.js';
import {
  allowed,
  callAndSleep,
  enableInitialised,
  fateOf,
  initPatch,
  loadLivepatches,
  PATCHED_FUNCTION,
} from '../../scenario/patched-function.js';

/** A tracer that looks whether it has the registers that it may have asked for. */
const FN_TRACER = FIRST_SCENARIO_FTRACE_FN;

/** Words of the race: what the tracer saw, and the tracer that goes. */
const NO_REGISTERS = 'no_registers';
const GOING = 'going';

/** The handler of a tracer. */
function tracer(cpu: Cpu, _ip: Addr, _parentIp: Addr, ops: Addr, fregs: Addr): void {
  const isWanted = (cpu.read(ops + FTRACE_OPS.flags) & FTRACE_OPS_FL_SAVE_REGS) !== 0;
  if (isWanted && ftraceGetRegs(cpu, fregs) === NULL) {
    cpu.write(raceContext(cpu).symbol(NO_REGISTERS), 1);
  }
}

/** A user of `f` that is not registered yet. */
function newUser(cpu: Cpu, flags: number): Addr {
  const ops = kzalloc(cpu, cpu.ctx.kernel.ftraceOps);
  cpu.write(ops + FTRACE_OPS.func, FN_TRACER);
  cpu.write(ops + FTRACE_OPS.flags, FTRACE_OPS_FL_DYNAMIC | flags);
  ftraceSetFilterIp(cpu, ops, raceContext(cpu).symbol('f'), false);
  return ops;
}

function register(cpu: Cpu, flags: number): Addr {
  const ops = newUser(cpu, flags);
  registerFtraceFunction(cpu, ops);
  return ops;
}

/** `f` is patched, and traced: its entry calls the list function. */
function patchedAndTraced(cpu: Cpu): void {
  loadLivepatches(cpu, 1);
  register(cpu, 0);
}

/** As {@link patchedAndTraced}, and one more user, which is to go. */
function tracedTwice(cpu: Cpu): void {
  patchedAndTraced(cpu);
  cpu.write(raceContext(cpu).symbol(GOING), register(cpu, 0));
}

function addTracer(cpu: Cpu): void {
  register(cpu, 0);
}

function addWithRegisters(cpu: Cpu): void {
  register(cpu, FTRACE_OPS_FL_SAVE_REGS);
}

/** A tracer goes, and is freed. */
function removeTracer(cpu: Cpu): void {
  const ops = cpu.peek(raceContext(cpu).symbol(GOING));
  unregisterFtraceFunction(cpu, ops, O_36);
  kfree(cpu, cpu.ctx.kernel.ftraceOps, ops);
}

/** Somebody else changes the instruction pointer at `f`, as a kprobe with a post handler does. */
function probed(cpu: Cpu): void {
  register(cpu, FTRACE_OPS_FL_IPMODIFY);
  loadModule(cpu, 0);
}

/** The same, beside a tracer: the entry of `f` calls the list function. */
function probedAndTraced(cpu: Cpu): void {
  register(cpu, 0);
  probed(cpu);
}

/** Enable a patch that is refused. */
function enableRefused(cpu: Cpu): void {
  enableInitialised(cpu, 0);
}

/** How often the caller looks for a change of the list before it calls all the same. */
const POLLS = 300;

/** The current task calls `f` as soon as the list of users has changed: before, nothing can go wrong. */
function callOnceListed(cpu: Cpu): void {
  const list = cpu.ctx.kernel.globals + KERNEL.ftraceOpsList;
  const first = cpu.read(list);
  // Plain reads, no wait: neither may order what the list function reads later.
  for (let polls = 0; polls < POLLS && cpu.read(list) === first; polls++);
  callAndSleep(cpu);
}

/** The list function without the look at what an ops wants and a site has. */
function listWithoutRegsCheck(cpu: Cpu, ip: Addr, parentIp: Addr, _ops: Addr, fregs: Addr): void {
  const { kernel } = cpu.ctx;
  let op = NULL;
  while ((op = forEachFtraceOp(cpu, op)) !== NULL) {
    if (filterHolds(cpu, op, ip)) {
      kernel.ftraceFns[cpu.read(op + FTRACE_OPS.func)]?.(cpu, ip, parentIp, op, fregs);
    }
  }
}

interface UsersRace {
  readonly name: string;
  readonly description: string;
  readonly prepare: KernelBody;
  readonly admin: KernelBody;
  /** Default: the task calls at any time. */
  readonly caller?: KernelBody;
  /** Version of `f` that the task may get. */
  readonly version: string;
  readonly overrides?: KernelRaceSpec['declaration']['overrides'];
  readonly ablations: readonly PredictedFinding[];
}

function usersRace(spec: UsersRace): RaceScenario {
  const { name, description, prepare, admin, caller = callAndSleep, version, ablations } = spec;
  const { overrides = {} } = spec;
  return kernelRace({
    name,
    description,
    declaration: {
      ...PATCHED_FUNCTION,
      vmlinux: { ...PATCHED_FUNCTION.vmlinux, data: { [NO_REGISTERS]: 1, [GOING]: 1 } },
      overrides: { ...overrides, ftraceFns: { [FN_TRACER]: tracer, ...overrides.ftraceFns } },
    },
    prepare,
    roles: [
      { comm: 'admin', sleepingIn: [], body: admin },
      { comm: 'caller', sleepingIn: [], body: caller },
    ],
    observe: (end, { booted, tasks }) =>
      end.read(booted.symbol(NO_REGISTERS)) === 0
        ? fateOf(end, booted, tasks[1] ?? 0)
        : 'without registers',
    outcomes: {
      ...allowed(version),
      'without registers': {
        grade: 'forbidden',
        reason: 'a handler that wants all registers is called without them',
      },
    },
    bounds: { steps: 20_000 },
    ablations,
  });
}

const finds = 'f, complete';

/** CPU 0 registers another tracer of a patched function; CPU 1's task calls it. */
export const ftraceAdd = usersRace({
  name: 'ftrace-add',
  description: 'register_ftrace_function() of a further user against the list function.',
  prepare: patchedAndTraced,
  admin: addTracer,
  caller: callOnceListed,
  version: 'f_a',
  ablations: [
    {
      sites: [O_34],
      finds,
      why: 'the new user is seen before its link: the list ends there, and the livepatch is not asked',
    },
    {
      sites: [O_35],
      finds,
      why: 'the link is read before the pointer that leads to it: the list ends there',
    },
  ],
});

/** CPU 0 registers the second user of a patched function, which wants all registers; CPU 1's task calls it. */
export const ftraceRegs = usersRace({
  name: 'ftrace-regs',
  description:
    'register_ftrace_function() with SAVE_REGS against a CPU that is on its way to the list function.',
  prepare: patchedAndTraced,
  admin: addWithRegisters,
  version: 'f_a',
  ablations: [],
});

/** The same with a list function that does not look whether there are registers. */
export const ftraceRegsUnchecked = usersRace({
  name: 'ftrace-regs-unchecked',
  description: 'ftrace-regs with a list function that does not look for the registers.',
  prepare: patchedAndTraced,
  admin: addWithRegisters,
  version: 'f_a',
  overrides: { ftraceFns: { [FTRACE_FN_LIST]: listWithoutRegsCheck } },
  ablations: [
    {
      sites: [],
      finds: 'without registers',
      why: 'the site had saved the arguments only when the new user was put on the list',
    },
  ],
});

/** CPU 0 unregisters and frees a tracer of a patched function; CPU 1's task calls it. */
export const ftraceRemove = usersRace({
  name: 'ftrace-remove',
  description: 'unregister_ftrace_function() of one of several users against the list function.',
  prepare: tracedTwice,
  admin: removeTracer,
  version: 'f_a',
  ablations: [
    { sites: [O_36], finds: 'oops', why: 'the list function is at the user that is freed' },
    {
      sites: [O_37],
      finds: 'oops',
      why: 'unregistering does not wait for a list function that can be preempted',
    },
  ],
});

/** CPU 0 enables a livepatch for a function that a probe has; CPU 1's task calls it. No list function is involved. */
export const ftraceRefusedAlone = usersRace({
  name: 'ftrace-refused-alone',
  description: 'klp_patch_func() of a probed function, which is refused, against a call of it.',
  prepare: probed,
  admin: enableRefused,
  version: 'f',
  overrides: { hooks: { klpModuleInit: initPatch } },
  ablations: [],
});

/** The same where a tracer is there too, so that the list function runs: the kernel as it is. */
export const ftraceRefused = usersRace({
  name: 'ftrace-refused',
  description:
    'klp_patch_func() of a probed and traced function, which is refused, against the list function.',
  prepare: probedAndTraced,
  admin: enableRefused,
  version: 'f',
  overrides: { hooks: { klpModuleInit: initPatch } },
  ablations: [
    {
      sites: [],
      finds: 'oops',
      why: 'nobody waits for the list function between the refusal and the end of the ops',
    },
  ],
});
