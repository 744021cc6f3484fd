/** Section `collect`: what a collector reads. Only `gatehouse collect` uses it. */
import { z } from 'zod'
import { feedName } from './feeds/common.ts'
import { eventHubsFeed } from './feeds/event-hubs.ts'
import { kafkaConnection } from './feeds/kafka.ts'

const filesSource = z.strictObject({
  kind: z.literal('files').describe('JSON lines that feeds of kind `files` wrote to a shared file system.'),
  directory: z
    .string()
    .min(1)
    .describe(
      'A directory of such a feed, or one that has the directories of several replicas; relative to the configuration file.',
    ),
})

const { namespace, hub, credential } = eventHubsFeed.shape

const eventHubsSource = z.strictObject({
  kind: z.literal('event-hubs').describe('an event hub that feeds of kind `event-hubs` send to.'),
  namespace,
  hub,
  credential: credential.describe(
    'How the collector signs in to the namespace. An identity needs the role Azure Event Hubs Data Receiver.',
  ),
  consumerGroup: z
    .string()
    .regex(/^[A-Za-z0-9$](?:[A-Za-z0-9._-]{0,49})$/, '$Default, or letters, digits and . _ -, at most 50')
    .default('$Default')
    .describe('Consumer group that only the collector uses. Its own ledger keeps how far it has read.'),
})

const kafkaSource = z.strictObject({
  kind: z.literal('kafka').describe('a topic that feeds of kind `kafka` write, of one replica or of all.'),
  ...kafkaConnection,
})

/** In the order of the reference. */
const source = z.discriminatedUnion('kind', [filesSource, eventHubsSource, kafkaSource])

export const collect = z.strictObject({
  sources: z
    .record(feedName, source)
    .describe(
      'Where the records of the replicas come from, by name. Their feeds must have the form `gatehouse` with all columns.',
    ),
})
