/** Does long work in short pieces, so that one request does not block the others. */

/** Work on bytes that can pause at about any offset and continue later. */
export interface Sliced<Result> {
  /** Continues by about this many bytes, at least by one. @returns true when all is done. */
  advance(bytes: number): boolean
  /** Only after `advance` has returned true. */
  result(): Result
}

/**
 * Bytes that are processed in one piece. The slowest bytes (keys with escapes, empty lists) take about 30 ns each, so a
 * piece takes 5 ms at worst and 0.1 ms as a rule (bench/bombs.ts).
 */
export const sliceBytes = 131_072

/**
 * Returns the result at once for bytes of one piece; for more, a promise, and the event loop does other work between
 * the pieces.
 */
export function inSlices<Result>(work: Sliced<Result>, bytes: number): Result | Promise<Result> {
  if (bytes > sliceBytes) return later(work)
  while (!work.advance(bytes));
  return work.result()
}

async function later<Result>(work: Sliced<Result>): Promise<Result> {
  while (!work.advance(sliceBytes)) await nextTurn()
  return work.result()
}

/** Resolves after other work of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
