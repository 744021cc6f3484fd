/** A process that ships a closed ledger to a container: node uploader.fixture.ts LEDGER ACCOUNT */
import { join } from 'node:path'
import { keptLog } from '../../exchange.fixture.ts'
import { endOfFiles } from '../../journal/follower.ts'
import { FeedRunner, feedParts } from '../runner.ts'
import { azuriteKey } from './azurite.fixture.ts'
import { openBlobFeed } from './index.ts'

const [, , directory = '', account = ''] = process.argv
const name = 'archive'
const [journal, cursors, log] = [join(directory, 'journal'), join(directory, 'cursors'), keptLog()]
let running: FeedRunner | null = null
const feed = await openBlobFeed(
  {
    ...{ account, container: 'ledger', prefix: '', credential: { key: azuriteKey } },
    ...{ format: 'jsonl', form: 'gatehouse', columns: null, bodies: true },
  },
  feedParts({ name, cursors, log }, () => running),
  60_000,
)
running = new FeedRunner(feed, {
  ...{ name, journal, cursors, log, everyMs: 1 },
  written: () => endOfFiles(journal),
  scheduler: () => () => {},
  needs: () => {},
})
await running.caughtUp()
