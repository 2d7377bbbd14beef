/**
 * One body: a little arithmetic, and a note that it ran. The module is loaded once for each body, under a query of its own, so
 * that the engine takes them for different functions and cannot inline a call through a table.
 */

/** Make the body number `id`. */
export const makeBody =
  (ran: Uint8Array, id: number) =>
  (x: number): number => {
    ran[id] = 1;
    const mixed = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
    return mixed ^ id;
  };
