/** The kinds of feeds: each has a folder whose `index.ts` exports `openFeed`. */
import { workerUrl } from '../../worker-url.ts'

/** By kind: the module that the feed's thread loads. Only that thread loads it, with all that it needs. */
export const feedModules = {
  files: workerUrl('./files/index.ts', import.meta.url),
} as const
