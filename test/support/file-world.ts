/** Worlds that all tests of a file share: started before the first, closed after the last. */
import { startTwins, type TwinWorld } from './twin.ts'
import { type Scope, startWorld, type World, type WorldOptions } from './world.ts'

export interface Running {
  close(): Promise<void>
}

/** Closers that `start` registers run when `close` is called, last first. */
export async function running<T extends object>(start: (scope: Scope) => Promise<T>): Promise<T & Running> {
  const closers: (() => unknown)[] = []
  const started = await start({ after: close => closers.push(close) })
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) await one()
  }
  // The same object, because some of its properties are getters.
  return Object.assign(started, { close })
}

export const runTwins = (): Promise<TwinWorld & Running> => running(startTwins)
export const runWorld = (options: WorldOptions = {}): Promise<World & Running> => running(t => startWorld(t, options))
