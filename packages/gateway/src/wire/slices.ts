/** Long work in short pieces, so that one request keeps nobody else waiting. */

/** Work on bytes that can be left at about any offset and gone on with later. */
export interface Sliced<Result> {
  /** Goes on by about so many bytes, at least by one. @returns true when all is done. */
  advance(bytes: number): boolean
  /** After an `advance` that answered true. */
  result(): Result
}

/**
 * Bytes that are looked at in one go. The dearest bytes that there are (keys with escapes, empty lists) take some 30 ns each, so a slice
 * is some 5 ms at worst and 0.1 ms as a rule (bench/bombs.ts).
 */
export const sliceBytes = 131_072

/** The result at once for bytes of one slice; for more, a promise, and other work of the event loop is done between slices. */
export function inSlices<Result>(work: Sliced<Result>, bytes: number): Result | Promise<Result> {
  if (bytes > sliceBytes) return later(work)
  while (!work.advance(bytes));
  return work.result()
}

async function later<Result>(work: Sliced<Result>): Promise<Result> {
  while (!work.advance(sliceBytes)) await nextTurn()
  return work.result()
}

/** Resolves behind what else the event loop has to do. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
