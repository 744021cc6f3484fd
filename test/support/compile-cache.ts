/**
 * For environments that do not take over all variables of the tests: where Node keeps compiled code. Without it, a
 * gateway that is started spends a third of its start on compiling hundreds of modules again.
 */
export const compileCache: Readonly<Record<string, string>> =
  process.env['NODE_COMPILE_CACHE'] === undefined ? {} : { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] }
