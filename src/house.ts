/** Composition root: builds everything from a Config and closes it in reverse order. */
export {}
