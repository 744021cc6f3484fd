/** Section `feeds`: where records are shipped beyond the ledger. Each kind has its settings in a file of its own. */
import { z } from 'zod'
import { applicationInsightsFeed } from './application-insights.ts'
import { blobFeed } from './blob.ts'
import { eventHubsFeed } from './event-hubs.ts'
import { filesFeed } from './files.ts'
import { kafkaFeed } from './kafka.ts'
import { otlpFeed } from './otlp.ts'
import { webhookFeed } from './webhook.ts'

export { feedName } from './common.ts'

/** In the order of the reference. */
export const feed = z.discriminatedUnion('kind', [
  filesFeed,
  blobFeed,
  eventHubsFeed,
  kafkaFeed,
  webhookFeed,
  otlpFeed,
  applicationInsightsFeed,
])
