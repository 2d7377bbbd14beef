/** One run of `sed` over some lines. */

import { SedError, type Address, type Piece, type SedCommand } from './sed-script.js';

/** Cycles after which a script is taken for one that loops. */
const MOST_STEPS = 1_000_000;

/** What `s` puts in place of a match. */
function replacement(pieces: readonly Piece[], groups: readonly (string | undefined)[]): string {
  let out = '';
  let all = 'E';
  let next = '';
  const add = (text: string): void => {
    if (text === '') return;
    const folded = all === 'U' ? text.toUpperCase() : all === 'L' ? text.toLowerCase() : text;
    const first = folded[0] ?? '';
    out += next === 'u' ? first.toUpperCase() : next === 'l' ? first.toLowerCase() : first;
    out += folded.slice(1);
    next = '';
  };
  for (const piece of pieces) {
    if ('text' in piece) add(piece.text);
    else if ('group' in piece) add(groups[piece.group] ?? '');
    else if (piece.fold === 'u' || piece.fold === 'l') next = piece.fold;
    else all = piece.fold;
  }
  return out;
}

/** One run over some lines. */
export class SedRun {
  readonly #commands: readonly SedCommand[];
  readonly #isQuiet: boolean;
  /** For each range: the line on which it ends; 0: it is not open. */
  readonly #ranges = new Map<SedCommand, number>();
  readonly #last = { pattern: undefined as RegExp | undefined };
  #lines: readonly string[] = [];
  #at = 0;
  #space = '';
  #hold = '';
  #out = '';
  /** Line at which something was printed last; -1: that was text of the script. */
  #printedAt = -1;
  #after = '';
  #isReplaced = false;
  #steps = 0;
  status = 0;
  isOver = false;
  /** What is written into files, by name. */
  readonly files = new Map<string, string>();
  /** Texts of files that are read, by name. */
  readonly sources: ReadonlyMap<string, string>;

  constructor(
    commands: readonly SedCommand[],
    isQuiet: boolean,
    sources: ReadonlyMap<string, string>,
  ) {
    this.#commands = commands;
    this.#isQuiet = isQuiet;
    this.sources = sources;
  }

  /** Edit a text. @param isFresh whether lines are counted from 1 again */
  edit(text: string): string {
    this.#lines = text === '' ? [] : text.split(/(?<=\n)/);
    this.#out = '';
    const endsOpen = text !== '' && !text.endsWith('\n');
    this.#printedAt = -1;
    for (this.#at = 0; this.#at < this.#lines.length && !this.isOver; this.#at++) {
      this.#space = this.#line(this.#at);
      while (this.#cycle()) if (++this.#steps > MOST_STEPS) throw new SedError('it loops for ever');
    }
    // The last line of the output has no end if it is an input's last line that has none.
    const isOpen = endsOpen && this.#printedAt === this.#lines.length - 1;
    return isOpen ? this.#out.replace(/\n$/, '') : this.#out;
  }

  #line(at: number): string {
    return (this.#lines[at] ?? '').replace(/\n$/, '');
  }

  get #isLast(): boolean {
    return this.#at >= this.#lines.length - 1;
  }

  #print(text: string): void {
    this.#printedAt = this.#at;
    this.#out += `${text}\n`;
  }

  #endCycle(isPrinted = !this.#isQuiet): void {
    if (isPrinted) this.#print(this.#space);
    if (this.#after !== '') this.#printedAt = -1;
    this.#out += this.#after;
    this.#after = '';
  }

  /** One pass over the commands. @returns whether another one follows without a new line */
  #cycle(): boolean {
    const commands = this.#commands;
    this.#isReplaced = false;
    for (let i = 0; i < commands.length; i++) {
      if (++this.#steps > MOST_STEPS) throw new SedError('it loops for ever');
      const command = commands[i] as SedCommand;
      if (this.#isMeant(command) === command.isNot) {
        if (command.name === '{') i = command.end;
        continue;
      }
      const next = this.#do(command);
      if (next === 'again') return true;
      if (next === 'end') return false;
      if (typeof next === 'number') i = next;
    }
    this.#endCycle();
    return false;
  }

  #matches(address: Address): boolean {
    const line = this.#at + 1;
    if (address.kind === 'line') return line === address.n;
    if (address.kind === 'last') return this.#isLast;
    if (address.kind === 'step') {
      const { first, step } = address;
      return step === 0 ? line === first : line >= first && (line - first) % step === 0;
    }
    if (address.kind === 'match') return this.#test(address.pattern);
    return false;
  }

  #test(pattern: RegExp | undefined): boolean {
    const used = pattern ?? this.#last.pattern;
    if (used === undefined) throw new SedError('no previous regular expression');
    this.#last.pattern = used;
    used.lastIndex = 0;
    return used.test(this.#space);
  }

  #isMeant(command: SedCommand): boolean {
    const { from, to } = command;
    if (from === undefined) return true;
    if (to === undefined) return this.#matches(from);
    const line = this.#at + 1;
    const open = this.#ranges.get(command) ?? (from.kind === 'line' && from.n === 0 ? Infinity : 0);
    if (open === 0) {
      if (!this.#matches(from)) return false;
      this.#ranges.set(command, this.#endOf(to, line));
      return true;
    }
    const isEnd = to.kind === 'match' || to.kind === 'last' ? this.#matches(to) : line >= open;
    // A range whose end is before its beginning is one line long.
    if (to.kind === 'line' && line > open) {
      this.#ranges.set(command, 0);
      return this.#matches(from);
    }
    this.#ranges.set(command, isEnd ? 0 : open);
    return true;
  }

  /** Line on which a range ends that begins here; 0: it is over at once. */
  #endOf(to: Address, line: number): number {
    if (to.kind === 'line') return to.n <= line ? 0 : to.n;
    if (to.kind === 'more') return to.n === 0 ? 0 : line + to.n;
    if (to.kind === 'multiple') {
      const end = to.n === 0 ? line : Math.ceil(line / to.n) * to.n;
      return end === line ? 0 : end;
    }
    return to.kind === 'last' && this.#isLast ? 0 : Infinity;
  }

  /** What follows: the next command, another one, the same cycle again, or its end. */
  #do(command: SedCommand): 'again' | 'end' | number | undefined {
    const { name, text } = command;
    switch (name) {
      case 's':
        this.#substitute(command);
        return undefined;
      case 'p':
        this.#print(this.#space);
        return undefined;
      case 'd':
        this.#endCycle(false);
        return 'end';
      case 'a':
        this.#after += `${text}\n`;
        return undefined;
      case 'i':
        this.#print(text);
        return undefined;
      case 'c':
        if (command.to === undefined || command.isNot || this.#ranges.get(command) === 0)
          this.#print(text);
        this.#endCycle(false);
        return 'end';
      case '=':
        this.#print(String(this.#at + 1));
        return undefined;
      case 'y':
        this.#space = Array.from(this.#space, (c) => command.letters.get(c) ?? c).join('');
        return undefined;
      case 'l':
        this.#print(`${visible(this.#space)}$`);
        return undefined;
      case 'q':
      case 'Q':
        this.isOver = true;
        this.status = Number(text);
        if (name === 'q') this.#endCycle();
        return 'end';
      case 'b':
        return this.#label(text);
      case 't':
      case 'T': {
        const isTaken = this.#isReplaced === (name === 't');
        this.#isReplaced = false;
        return isTaken ? this.#label(text) : undefined;
      }
      case 'r':
        this.#after += this.sources.get(text) ?? '';
        return undefined;
      case 'w':
        this.#write(text, this.#space);
        return undefined;
      default:
        return this.#move(name);
    }
  }

  /** Commands that move text between lines. */
  #move(name: string): 'again' | 'end' | undefined {
    const newline = this.#space.indexOf('\n');
    if (name === 'h') this.#hold = this.#space;
    else if (name === 'H') this.#hold += `\n${this.#space}`;
    else if (name === 'g') this.#space = this.#hold;
    else if (name === 'G') this.#space += `\n${this.#hold}`;
    else if (name === 'x') [this.#space, this.#hold] = [this.#hold, this.#space];
    else if (name === 'z') this.#space = '';
    else if (name === 'P') this.#print(newline < 0 ? this.#space : this.#space.slice(0, newline));
    else if (name === 'D') {
      if (newline < 0) {
        this.#endCycle(false);
        return 'end';
      }
      this.#space = this.#space.slice(newline + 1);
      this.#endCycle(false);
      return 'again';
    } else if (name === 'n' || name === 'N') {
      if (this.#isLast) {
        this.isOver = true;
        this.#endCycle();
        return 'end';
      }
      if (name === 'n') this.#endCycle();
      this.#at++;
      this.#space = name === 'n' ? this.#line(this.#at) : `${this.#space}\n${this.#line(this.#at)}`;
    }
    return undefined;
  }

  #label(name: string): number {
    if (name === '') return this.#commands.length;
    const at = this.#commands.findIndex((one) => one.name === ':' && one.text === name);
    if (at < 0) throw new SedError(`can't find label for jump to \`${name}'`);
    return at;
  }

  #write(file: string, text: string): void {
    if (file === '/dev/stdout') this.#print(text);
    else this.files.set(file, `${this.files.get(file) ?? ''}${text}\n`);
  }

  #substitute({ pattern, pieces, flags }: SedCommand): void {
    const used = pattern ?? this.#last.pattern;
    if (used === undefined) throw new SedError('no previous regular expression');
    this.#last.pattern = used;
    used.lastIndex = 0;
    let count = 0;
    const changes: number[] = [];
    const changed = this.#space.replace(used, (...found: unknown[]) => {
      const end = found.findIndex((one) => typeof one === 'number');
      const groups = found.slice(0, end) as (string | undefined)[];
      count++;
      if (flags.isGlobal ? count < flags.nth : count !== flags.nth) return groups[0] ?? '';
      changes.push(count);
      return replacement(pieces, groups);
    });
    if (changes.length === 0) return;
    this.#space = changed;
    this.#isReplaced = true;
    if (flags.isPrinted) this.#print(changed);
    if (flags.file !== '') this.#write(flags.file, changed);
  }
}

const SHOWN: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
  '\f': '\\f',
  '\v': '\\v',
};

/** As `l` prints it. */
const visible = (text: string): string => text.replace(/[\\\n\t\r\f\v]/g, (c) => SHOWN[c] ?? c);
