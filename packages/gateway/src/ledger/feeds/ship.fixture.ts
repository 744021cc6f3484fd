/**
 * A process that ships a closed ledger with one feed: node --expose-gc ship.fixture.ts LEDGER KIND SETTINGS. It prints
 * by how many bytes what it holds in memory grew at most meanwhile. What it no longer holds does not count: when it is
 * collected differs from machine to machine.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { keptLog } from '../exchange.fixture.ts'
import { endOfFiles } from '../journal/follower.ts'
import type { FeedModule } from './index.ts'
import { type FeedKind, feedModules } from './kinds.ts'
import { FeedRunner, feedParts } from './runner.ts'

const [, , directory = '', name = '', settings = '{}'] = process.argv
const [journal, cursors, log] = [join(directory, 'journal'), join(directory, 'cursors'), keptLog()]
const { openFeed } = (await import(feedModules[name as FeedKind].href)) as FeedModule
let running: FeedRunner | null = null
const feed = await openFeed(
  JSON.parse(settings),
  feedParts({ name, cursors, log }, () => running),
)
running = new FeedRunner(feed, {
  ...{ name, journal, cursors, log, everyMs: 1 },
  written: () => endOfFiles(journal),
  scheduler: () => () => {},
  needs: () => {},
})
const collect = globalThis.gc ?? assert.fail('run with --expose-gc')
function held(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
const before = held()
let most = before
const looking = setInterval(() => {
  most = Math.max(most, held())
}, 20)
await running.caughtUp()
clearInterval(looking)
process.stdout.write(String(most - before))
await running.close()
