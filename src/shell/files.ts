/** The file system of the shell: the kernel's files, and ordinary ones in memory beside them. */

import { InMemoryFs, type FsStat, type IFileSystem } from 'just-bash';
import { EACCES, EISDIR, ENOENT } from '../kernel/errno.js';
import { strerror } from './errors.js';
import { openFor, type FileNode, type Node } from './nodes.js';
import type { KernelTree } from './tree.js';

type Base = InMemoryFs;

/** A write that the kernel refused, or a file that could not be opened for it. */
export interface Refusal {
  readonly path: string;
  readonly error: number;
  readonly isOpen: boolean;
}

const DIRECTORY_MODE = 0o755;
/** Size of a folder that is no folder of the kernel: it has one, so `[ -s folder ]` is true. */
const DIRECTORY_SIZE = 4096;
/** When the machine was started, in its own time. */
const BOOTED_AT = new Date(Date.UTC(2026, 0, 1));
/** Folders of the kernel's files. */
const KERNELS = /^\/(sys|proc)(\/|$)/;
const NULL_DEVICE = '/dev/null';
/** What {@link NULL_DEVICE} is, as far as it is looked at. */
const EMPTY: FileNode = { kind: 'file', mode: 0o020666 };

/**
 * A file system for just-bash. A refused write does not throw, since that would end the whole script; it is kept as
 * {@link ShellFs.refusal} until a caller asks for it.
 */
export class ShellFs implements IFileSystem {
  readonly base: Base;
  readonly #tree: KernelTree;
  #refusal: Refusal | undefined;
  /** Changed modes of the kernel's files. */
  readonly #modes = new Map<string, number>();

  /** @param modules paths of the modules' files, whose contents are never read */
  constructor(tree: KernelTree, modules: readonly string[] = []) {
    this.#tree = tree;
    // A redirection does not create a missing folder, so the usual folders have to exist.
    const folders = ['/tmp', '/root', '/var/tmp', '/etc'].map((path) => [`${path}/.keep`, '']);
    const files = modules.map((path) => [path, '\x7fELF']);
    this.base = new InMemoryFs(
      Object.fromEntries([...folders, ...files]) as Record<string, string>,
    );
  }

  /** The refusal that nobody has asked for yet, if there is one. */
  get refusal(): Refusal | undefined {
    return this.#refusal;
  }

  /** The refusal since the last question, if there was one. */
  takeRefusal(): Refusal | undefined {
    const refusal = this.#refusal;
    this.#refusal = undefined;
    return refusal;
  }

  node(path: string): Node | undefined {
    return this.#tree.find(path);
  }

  /** The kernel's file of that name, after the time that looking for it takes. */
  async #look(path: string): Promise<Node | undefined> {
    if (KERNELS.test(path)) await this.#tree.machine.look();
    return this.#tree.find(path);
  }

  async #read(path: string): Promise<string | undefined> {
    if (path === NULL_DEVICE) return '';
    const node = await this.#look(path);
    if (node === undefined) return undefined;
    if (node.kind === 'directory') throw fsError('EISDIR', path);
    if (node.read === undefined) throw fsError('EACCES', path);
    const text = await node.read();
    if (typeof text === 'number') throw fsError(strerror(text), path);
    return text;
  }

  async #write(path: string, content: string | Uint8Array): Promise<boolean> {
    const node = this.#tree.find(path);
    const isKernels = KERNELS.test(path) || path === '/dev/kmsg';
    if (node === undefined) {
      const parent = path.slice(0, path.lastIndexOf('/')) || '/';
      if (!isKernels) {
        // The file system below would make the folder.
        if (path.startsWith('/dev/') || (await this.base.exists(parent))) return false;
        this.#refusal = { path, error: -ENOENT, isOpen: true };
        return true;
      }
      // No file can be created there, in a folder that exists.
      const folder = this.#tree.find(parent);
      this.#refusal = {
        path,
        error: folder?.kind === 'directory' ? -EACCES : -ENOENT,
        isOpen: true,
      };
      return true;
    }
    const opened = node.kind === 'directory' ? -EISDIR : openFor(node, true);
    if (node.kind === 'directory' || opened !== 0) {
      this.#refusal = { path, error: opened, isOpen: true };
      return true;
    }
    const text = typeof content === 'string' ? content : Buffer.from(content).toString('latin1');
    // Opening a file for writing calls this too, with nothing.
    if (text === '' || node.write === undefined) return true;
    const written = await node.write(text);
    if (written < 0) this.#refusal = { path, error: written, isOpen: false };
    return true;
  }

  async readFile(path: string, options?: Parameters<Base['readFile']>[1]): Promise<string> {
    return (await this.#read(path)) ?? this.base.readFile(path, options);
  }

  async readFileBuffer(path: string): Promise<Uint8Array> {
    const text = await this.#read(path);
    return text === undefined ? this.base.readFileBuffer(path) : Buffer.from(text, 'utf8');
  }

  async writeFile(path: string, content: string | Uint8Array): Promise<void> {
    if (path === NULL_DEVICE) return;
    if (await this.#write(path, content)) return;
    // An existing file keeps its mode.
    const mode = (await this.base.exists(path)) ? (await this.base.stat(path)).mode : undefined;
    await this.base.writeFile(path, content);
    if (mode !== undefined) await this.base.chmod(path, mode);
  }

  async appendFile(path: string, content: string | Uint8Array): Promise<void> {
    if (path === NULL_DEVICE) return;
    if (!(await this.#write(path, content))) await this.base.appendFile(path, content);
  }

  async exists(path: string): Promise<boolean> {
    if (path === NULL_DEVICE) return true;
    return (await this.#look(path)) !== undefined || this.base.exists(path);
  }

  async stat(path: string): Promise<FsStat> {
    const node = path === NULL_DEVICE ? EMPTY : await this.#look(path);
    if (node === undefined) {
      const stat = await this.base.stat(path);
      return stat.isDirectory ? { ...stat, size: DIRECTORY_SIZE } : stat;
    }
    const isFile = node.kind === 'file';
    // sysfs counts a page for a file, the others nothing.
    const hasSize = isFile && path.startsWith('/sys/') && !path.startsWith('/sys/kernel/debug/');
    return {
      isFile,
      isDirectory: !isFile,
      isSymbolicLink: false,
      mode: this.#modes.get(path) ?? (isFile ? node.mode : DIRECTORY_MODE),
      size: hasSize ? 4096 : 0,
      mtime: BOOTED_AT,
    };
  }

  lstat(path: string): Promise<FsStat> {
    const isOurs = path === NULL_DEVICE || this.#tree.find(path) !== undefined;
    return isOurs ? this.stat(path) : this.base.lstat(path);
  }

  async readdir(path: string): Promise<string[]> {
    const node = await this.#look(path);
    const own = node?.kind === 'directory' ? node.entries() : [];
    const others = (await this.base.exists(path)) ? await this.base.readdir(path) : [];
    if (node === undefined && others.length === 0) return this.base.readdir(path);
    return [...new Set([...own, ...others])].sort();
  }

  mkdir: Base['mkdir'] = (path, options) => this.base.mkdir(path, options);
  rm: Base['rm'] = (path, options) => this.base.rm(path, options);
  cp: Base['cp'] = (src, dest, options) => this.base.cp(src, dest, options);
  mv: Base['mv'] = (src, dest) => this.base.mv(src, dest);
  async chmod(path: string, mode: number): Promise<void> {
    if (this.#tree.find(path) === undefined) await this.base.chmod(path, mode);
    else this.#modes.set(path, mode);
  }
  symlink: Base['symlink'] = (target, link) => this.base.symlink(target, link);
  link: Base['link'] = (existing, link) => this.base.link(existing, link);
  readlink: Base['readlink'] = (path) => this.base.readlink(path);
  utimes: Base['utimes'] = (path, atime, mtime) => this.base.utimes(path, atime, mtime);
  resolvePath: Base['resolvePath'] = (base, path) => this.base.resolvePath(base, path);
  getAllPaths: Base['getAllPaths'] = () => this.base.getAllPaths();

  async realpath(path: string): Promise<string> {
    return this.#tree.find(path) === undefined ? this.base.realpath(path) : path;
  }
}

function fsError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
