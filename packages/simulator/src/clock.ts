/**
 * Milliseconds since the Unix epoch, whole or fractional. The demonstration's history and the tests use clocks of their
 * own.
 */
export type Clock = () => number

/** The machine's clock. */
export const systemClock: Clock = Date.now
