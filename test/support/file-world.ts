/** Worlds that all tests of a file share: started before the first, closed after the last. */
import { startTwins, type TwinWorld } from './twin.ts'
import { type Scope, startWorld, type World, type WorldOptions } from './world.ts'

export interface Running {
  close(): Promise<void>
}

/** Closers that `start` registers run when `close` is called, last first. */
export async function running<T extends object>(start: (scope: Scope) => Promise<T>): Promise<T & Running> {
  const closers: (() => unknown)[] = []
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) await one()
  }
  // What was opened before the failure would keep the file's process alive.
  const started = await start({ after: closer => closers.push(closer) }).catch(async error => {
    await close()
    throw error
  })
  // The same object, because some of its properties are getters.
  return Object.assign(started, { close })
}

export const runTwins = (): Promise<TwinWorld & Running> => running(startTwins)
export const runWorld = (options: WorldOptions = {}): Promise<World & Running> => running(t => startWorld(t, options))
