/** Kernel text: the instruction set of simulated functions, and an assembler for them. */

/** Words of one instruction: operation and two operands. */
export const INSTRUCTION_WORDS = 3;

/** Entry of every traceable function; a = ftrace_ops to call, 0 while it is a no-op. */
export const OP_FENTRY = 1;
/** Call the function at a. */
export const OP_CALL = 2;
/** Return; from the first function of a system call, to user mode. */
export const OP_RET = 3;
/** Record that code of version a >> 16 of function group a & 0xffff runs. */
export const OP_MARK = 4;
/** Sleep for a jiffies (0: until woken); b = 1: uninterruptibly, 2: where the freezer may stop the task. */
export const OP_SLEEP = 5;
/** Sleep until the word at a is non-zero; b as for {@link OP_SLEEP}. */
export const OP_WAIT = 6;
/** cond_resched(). */
export const OP_COND_RESCHED = 7;
/** Compute for a turns. */
export const OP_SPIN = 8;
/** Go to a. */
export const OP_JUMP = 9;
/** Go to a with probability b / 1024. */
export const OP_JUMP_RANDOM = 10;
/** Call one of the functions of the table at a: its first word is their number. */
export const OP_CALL_RANDOM = 11;
/** User mode: enter the kernel at function a. */
export const OP_SYSCALL = 12;
/** The exit-to-user loop. */
export const OP_EXIT_TO_USER = 13;
/** Call function a of the natives table with argument b. */
export const OP_KCALL = 14;
/** Give up the CPU in whatever state the task has set. */
export const OP_SCHEDULE = 15;
/** First half of fork. */
export const OP_FORK_DUP = 16;
/** Second half of fork; the child starts in user mode at a, or in kernel mode at b. */
export const OP_FORK_LINK = 17;
/** Leave the task list. */
export const OP_UNHASH = 18;
/** Die. */
export const OP_DIE = 19;
/** Wake a sleeping task that is chosen at random among the first a of the task list. */
export const OP_WAKE_RANDOM = 20;

/** Operand: a number, the address of a symbol, or of a label of the same function. */
export type Operand = number | { readonly symbol: string } | { readonly label: string };

/** One instruction before assembly. `label` names its address within the function. */
export interface Instruction {
  readonly op: number;
  readonly a?: Operand;
  readonly b?: Operand;
  readonly label?: string;
}

/** A function of the simulated kernel or of a module. */
export interface FunctionSource {
  readonly name: string;
  readonly code: readonly Instruction[];
  /** False: no ftrace site at the entry, so that the function cannot be patched. */
  readonly traceable?: boolean;
}

/** A table of functions to choose from, for {@link OP_CALL_RANDOM}. */
export interface TableSource {
  readonly name: string;
  readonly symbols: readonly string[];
}

/** Number of words of an assembled function. */
export function functionWords(source: FunctionSource): number {
  return (source.code.length + (source.traceable === false ? 0 : 1)) * INSTRUCTION_WORDS;
}

/**
 * Assemble a function at an address.
 *
 * @param resolve address of a symbol
 * @returns its words
 * @throws {RangeError} when a label does not exist
 */
export function assemble(
  source: FunctionSource,
  at: number,
  resolve: (symbol: string) => number,
): Int32Array {
  const entry = source.traceable === false ? [] : [{ op: OP_FENTRY }];
  const code: readonly Instruction[] = [...entry, ...source.code];
  const words = new Int32Array(code.length * INSTRUCTION_WORDS);
  const labels = new Map<string, number>();
  code.forEach((instruction, i) => {
    if (instruction.label !== undefined) labels.set(instruction.label, at + i * INSTRUCTION_WORDS);
  });
  const value = (operand: Operand | undefined): number => {
    if (operand === undefined) return 0;
    if (typeof operand === 'number') return operand;
    if ('symbol' in operand) return resolve(operand.symbol);
    const address = labels.get(operand.label);
    if (address === undefined) throw new RangeError(`${source.name}: no label ${operand.label}`);
    return address;
  };
  code.forEach((instruction, i) => {
    words.set([instruction.op, value(instruction.a), value(instruction.b)], i * INSTRUCTION_WORDS);
  });
  return words;
}

/** Operand that names a symbol. */
export const symbol = (name: string): Operand => ({ symbol: name });
/** Operand that names a label. */
export const label = (name: string): Operand => ({ label: name });

/** Instructions, by what they do. */
export const asm = {
  /** Call the function of that name, through its ftrace site. */
  call: (name: string): Instruction => ({ op: OP_CALL, a: symbol(name) }),
  /** Call one function of a table, chosen by the task's own random numbers. */
  callRandom: (table: string): Instruction => ({ op: OP_CALL_RANDOM, a: symbol(table) }),
  /** Return to the caller; from the first function of a system call, to user mode. */
  ret: { op: OP_RET } as Instruction,
  /** Record that code of `version` of a group of functions that belong together runs here. */
  mark: (version: number, group: number): Instruction => ({
    op: OP_MARK,
    a: (version << 16) | group,
  }),
  /** Sleep interruptibly for `jiffies`; 0: until somebody wakes the task. */
  sleep: (jiffies: number): Instruction => ({ op: OP_SLEEP, a: jiffies }),
  /** The same, but a signal does not end it. */
  sleepUninterruptible: (jiffies: number): Instruction => ({ op: OP_SLEEP, a: jiffies, b: 1 }),
  /** As system calls of user tasks and freezable kernel threads sleep. */
  sleepFreezable: (jiffies: number): Instruction => ({ op: OP_SLEEP, a: jiffies, b: 2 }),
  /** Sleep as system calls of user tasks do, until `word` is not zero. */
  waitFreezable: (word: Operand): Instruction => ({ op: OP_WAIT, a: word, b: 2 }),
  /** Sleep until `word` is not zero. */
  wait: (word: Operand, uninterruptible = false): Instruction => ({
    op: OP_WAIT,
    a: word,
    b: uninterruptible ? 1 : 0,
  }),
  /** `cond_resched()` */
  condResched: { op: OP_COND_RESCHED } as Instruction,
  /** Compute for so many turns, without touching memory. */
  spin: (turns: number): Instruction => ({ op: OP_SPIN, a: turns }),
  /** Go to the instruction with that label. */
  jump: (to: string): Instruction => ({ op: OP_JUMP, a: label(to) }),
  /** Go there with a probability of `chance` / 1024, by the task's own random numbers. */
  jumpRandom: (to: string, chance: number): Instruction => ({
    op: OP_JUMP_RANDOM,
    a: label(to),
    b: chance,
  }),
  /** In user mode: enter the kernel at the function of that name. */
  syscall: (name: string): Instruction => ({ op: OP_SYSCALL, a: symbol(name) }),
  /** Call a TypeScript function by its number in the table of natives. */
  kcall: (native: number, argument: Operand = 0): Instruction => ({
    op: OP_KCALL,
    a: native,
    b: argument,
  }),
  /** Give up the CPU in whatever state the task has set. */
  schedule: { op: OP_SCHEDULE } as Instruction,
  /** First half of fork: copy the task. */
  forkDup: { op: OP_FORK_DUP } as Instruction,
  /** Second half: link the child, which starts in user mode at `program`. */
  forkUser: (program: string): Instruction => ({ op: OP_FORK_LINK, a: symbol(program) }),
  /** Second half: link the child, which is a kernel thread that starts at `fn`. */
  forkKernel: (fn: string): Instruction => ({ op: OP_FORK_LINK, b: symbol(fn) }),
  /** First half of exit: leave the task list. */
  unhash: { op: OP_UNHASH } as Instruction,
  /** Second half: never run again. */
  die: { op: OP_DIE } as Instruction,
  /** Wake a task that is chosen at random among the first `among` of the task list. */
  wakeRandom: (among: number): Instruction => ({ op: OP_WAKE_RANDOM, a: among }),
  /** The same instruction under a label. */
  at: (name: string, instruction: Instruction): Instruction => ({ ...instruction, label: name }),
} as const;
