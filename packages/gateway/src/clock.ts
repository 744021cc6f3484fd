/**
 * Milliseconds since the Unix epoch, whole or fractional. Tests and the demonstration's history pass clocks of their
 * own.
 */
export type Clock = () => number

/** The machine's clock. */
export const systemClock: Clock = Date.now
