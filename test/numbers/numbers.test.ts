import test from 'ava';
import { functionsOf, measureRooms } from './rooms.js';

test('functions of every form are measured, with those inside them', (t) => {
  const code = `function plain() {
  const arrow = () => {
    return 1;
  };
  return arrow();
}
class Box {
  get size() { return 1; }
  constructor() {
    //
  }
  overloaded(a: number): void;
  overloaded(a: unknown) {}
}
`;
  t.deepEqual(
    functionsOf('code.ts', code).map(({ name, lines }) => [name, lines]),
    [
      ['plain', 6],
      ['anonymous', 3],
      ['size', 1],
      ['constructor', 3],
      ['overloaded', 1],
    ],
  );
});

test('every room has functions with a median of at most 10 lines', (t) => {
  const rooms = measureRooms();
  t.true(rooms.length >= 18);
  for (const { room, functions, median } of rooms) {
    t.true(functions > 0, room);
    t.true(median <= 10, `${room}: ${median}`);
  }
});
