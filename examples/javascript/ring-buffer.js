// A queue for one producer and one consumer.
export class RingBuffer {
  #meta;
  #data;

  constructor(sab) {
    this.#meta = new Int32Array(sab, 0, 2); // 0: next to take, 1: next to fill
    this.#data = new Int32Array(sab, 8);
  }

  push(value) {
    const tail = Atomics.load(this.#meta, 1);
    if (tail - Atomics.load(this.#meta, 0) === this.#data.length) return false;
    this.#data[tail % this.#data.length] = value;
    Atomics.store(this.#meta, 1, tail + 1);
    return true;
  }

  pop() {
    const head = Atomics.load(this.#meta, 0);
    if (head === Atomics.load(this.#meta, 1)) return undefined;
    const value = this.#data[head % this.#data.length];
    Atomics.store(this.#meta, 0, head + 1);
    return value;
  }
}
