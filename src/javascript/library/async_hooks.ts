/** Stands for `node:async_hooks` in explored programs: resources without hooks. */

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

export function AsyncLocalStorage(): never {
  throw new Error('AsyncLocalStorage is not available in the explorer');
}
export function createHook(): object {
  const hook = { enable: (): object => hook, disable: (): object => hook };
  return hook;
}

export default {
  ...{ AsyncResource, executionAsyncId, triggerAsyncId, executionAsyncResource },
  ...{ AsyncLocalStorage, createHook },
};
