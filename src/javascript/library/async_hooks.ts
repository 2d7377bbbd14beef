/** Stands for `node:async_hooks` in explored programs: resources without hooks. */

import { host } from './host.js';

type AnyFunction = (...args: unknown[]) => unknown;

export class AsyncResource {
  readonly type: string;

  constructor(type: string) {
    this.type = type;
  }
  runInAsyncScope(f: AnyFunction, self?: unknown, ...args: unknown[]): unknown {
    return f.apply(self, args);
  }
  emitDestroy(): this {
    return this;
  }
  asyncId(): number {
    return 1;
  }
  triggerAsyncId(): number {
    return 1;
  }
  bind(f: AnyFunction): AnyFunction {
    return (...args) => f.apply(this, args);
  }
  static bind(f: AnyFunction): AnyFunction {
    return f;
  }
}

export function executionAsyncId(): number {
  return 1;
}
export function triggerAsyncId(): number {
  return 0;
}
export function executionAsyncResource(): object {
  return {};
}

export const AsyncLocalStorage = host.refusal('AsyncLocalStorage', 'of node:async_hooks ');
export const createHook = host.refusal('createHook', 'of node:async_hooks ');

export default {
  ...{ AsyncResource, executionAsyncId, triggerAsyncId, executionAsyncResource },
  ...{ AsyncLocalStorage, createHook },
};
