import { play, type Stage } from './play.ts'
import { drawScene } from './scenes.ts'

export interface Traffic {
  /** Starts no new scene and cuts those in flight. */
  stop(): Promise<void>
}

/** Mean time between two calls, in ms: slow enough to read along. */
const everyMs = 2_500

/** A continuing mix of calls, at irregular intervals as people make them, until it is stopped. */
export function startTraffic(stage: Stage, random: () => number): Traffic {
  const stopping = new AbortController()
  const playing = new Set<Promise<void>>()
  let timer: NodeJS.Timeout | undefined
  const next = (): void => {
    const wait = Math.min(-Math.log(1 - random()) * everyMs, 4 * everyMs)
    timer = setTimeout(() => {
      // A failed call is in the ledger; the traffic continues.
      const one = play(drawScene(random), stage, stopping.signal).catch(() => {})
      playing.add(one)
      void one.finally(() => playing.delete(one))
      next()
    }, wait)
  }
  next()
  return {
    async stop() {
      clearTimeout(timer)
      stopping.abort()
      await Promise.allSettled(playing)
    },
  }
}
