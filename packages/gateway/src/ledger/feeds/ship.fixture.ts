/**
 * A process that ships a closed ledger with one feed: node ship.fixture.ts LEDGER KIND SETTINGS. It prints by how many
 * bytes its memory grew at most meanwhile.
 */
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
/** Largest memory of the process until now, in kibibytes. */
const most = (): number => process.resourceUsage().maxRSS
const before = most()
await running.caughtUp()
process.stdout.write(String((most() - before) * 1_024))
await running.close()
