/**
 * The rules by which a search of states leaves something out. A test may break one, to show that it would notice: a search
 * without the rule's condition misses ends.
 */
export const RULES = [
  'R-1', // a step is no choice if nobody may still access its words in a way that does not commute
  'R-2', // what was relied on and turned out to be wrong calls for another search
  'R-3', // accesses of different bits of a word commute, accesses of the whole word with none of them
  'R-4', // an access in a section of a lock that every access of the word holds is no choice
  'R-5', // releasing a lock commutes with taking it, but not with looking at it
  'R-6', // who waits looks at the word at any time
  'R-7', // of a function that has returned only its result matters
  'R-8', // at the head of a loop and after it only the variables matter
  'R-9', // a state is its memory and the local states of its CPUs
  'R-10', // a trylock may fail although nobody holds the lock
  'R-11', // an operation that keeps interrupts off is a choice if one may come
  'R-12', // a word that nobody reads before it is overwritten is no part of a state
  'R-13', // local states that ask for the same, now and after equal answers, are one
  'R-14', // code waits for what it is interrupted by, and interrupts for sections that keep them off
  'R-15', // before a step nobody else gets past taking a lock that the code of the step holds
  'R-16', // a step is no choice if it commutes with all that the other of two CPUs does until it has to wait
  'R-17', // so is a whole section of a lock, if it and the sections that the other enters meanwhile lead to one state in either order
  'R-18', // under a weak memory a store may come before a load of another CPU, which may still see the older value
  'R-19', // and a load may come right before the next step of its CPU that others can tell from none
  'R-20', // messages below what all who may access the word respect are no part of a state
  'R-21', // positions are one if no message and no access that may be overtaken lies between
  'R-22', // accesses of which everything that must come after them knows anyway are no part of a state
  'R-23', // fence times are one if nothing that matters was published between
  'R-24', // a step is no choice if it commutes with all that the others may do without its CPU
  'R-25', // meanwhile they see what words hold, what these held as far as they can see, and what they store themselves
] as const;

/** Rules of the memory of the kernel. */
export const WEAK_RULES: ReadonlySet<SearchRule> = new Set([
  'R-18',
  'R-19',
  'R-20',
  'R-21',
  'R-22',
  'R-23',
  'R-24',
  'R-25',
]);

/** A rule of the search. */
export type SearchRule = (typeof RULES)[number];
