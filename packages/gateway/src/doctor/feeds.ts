/** Each feed: whether its other side can be reached with its credential. Sends no record. */

import { lookup } from 'node:dns/promises'
import { access, constants, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Config } from '../config/schema/index.ts'
import { codeOf } from '../errors.ts'
import { explainSystemError } from '../ledger/feeds/filing/system-errors.ts'
import { type Check, type Finding, failure, note, ok, type Subject } from './index.ts'
import { placeOf, reach } from './network.ts'

export const feeds: Check = {
  looksAt:
    'Each feed: its directory can be written; its container, event hub or topic exists and accepts the credential; a collector takes a request without a span; Application Insights can be reached with a token, where one is needed; the host of a webhook can be connected to. No record is sent.',
  timeoutMs: 60_000,
  async run(subject) {
    const written = Object.entries(subject.config.feeds)
    if (written.length === 0) return [ok('None is configured.')]
    const found = await Promise.all(written.map(([name, feed]) => examined(name, feed, subject)))
    return found.flat()
  },
}

type Feed = Config['feeds'][string]
type OfKind<Kind extends Feed['kind']> = Extract<Feed, { readonly kind: Kind }>

/** Longest wait for one feed, in milliseconds. */
const feedMsMax = 25_000

async function examined(name: string, feed: Feed, subject: Subject): Promise<readonly Finding[]> {
  const { promise: late, resolve } = Promise.withResolvers<null>()
  const timer = setTimeout(() => resolve(null), feedMsMax)
  try {
    const found = await Promise.race([examine(name, feed, subject), late])
    if (found !== null) return found
    const text = `Its other side did not answer within ${feedMsMax / 1_000} s.`
    return [failure(text, `Check the address of feeds.${name}, the network and private endpoints.`, name)]
  } catch (error) {
    const next = `Correct feeds.${name} or the other side; docs/feeds.md says what the kind needs.`
    return [explained(error, next, name)]
  } finally {
    clearTimeout(timer)
  }
}

/**
 * The words of the kinds say what is wrong and then what to do, and hold no credential.
 * @param next what to do where they do not say it.
 */
export function explained(error: unknown, next: string, about: string | null): Finding {
  const message = error instanceof Error ? error.message : 'unknown reason'
  const at = message.search(/\. [A-Z]/)
  if (at === -1) return failure(message, next, about)
  return failure(message.slice(0, at + 1), message.slice(at + 2), about)
}

async function examine(name: string, feed: Feed, subject: Subject): Promise<readonly Finding[]> {
  switch (feed.kind) {
    case 'files':
      return examineFiles(name, feed)
    case 'blob':
      return examineBlob(name, feed)
    case 'event-hubs':
      return examineEventHub(name, feed)
    case 'kafka':
      return examineKafka(name, feed)
    case 'webhook':
      return examineWebhook(name, feed, subject)
    case 'otlp':
      return examineCollector(name, feed, subject)
    case 'application-insights':
      return examineInsights(name, feed, subject)
    default:
      return feed satisfies never
  }
}

async function examineFiles(name: string, { directory }: OfKind<'files'>): Promise<readonly Finding[]> {
  // It is made when it is missing, and its parent is not.
  const isMade = await stat(directory).then(
    () => true,
    () => false,
  )
  const path = isMade ? directory : dirname(directory)
  try {
    await access(path, constants.W_OK | constants.X_OK)
    return [ok(`${path} can be written.`, name)]
  } catch (error) {
    const reason = explainSystemError(error, directory)
    throw reason instanceof Error && reason !== error ? reason : new Error(`${path}: ${codeOf(error)}.`)
  }
}

async function examineBlob(name: string, feed: OfKind<'blob'>): Promise<readonly Finding[]> {
  const [{ openContainer }, { explainStorageError }] = await Promise.all([
    import('../ledger/feeds/blob/client.ts'),
    import('../ledger/feeds/blob/explain.ts'),
  ])
  const container = await openContainer({ ...feed, columns: feed.columns ?? null })
  const where = new URL(container.url)
  const place = `${where.host}/${feed.container}`
  try {
    await container.getProperties({ abortSignal: AbortSignal.timeout(feedMsMax - 1_000) })
    return [ok(`The container ${place} exists and accepts the credential.`, name)]
  } catch (error) {
    const code = codeOf(error)
    const isSignature = typeof feed.credential === 'object' && 'sas' in feed.credential
    if (isSignature && code === 'AuthorizationPermissionMismatch') {
      const found = `${place} accepts the signature, which may not read: what it may write shows with the first batch.`
      return [note(found, 'Look at gatehouse feeds after the start.', name)]
    }
    throw explainStorageError(error, place)
  }
}

/** Longest wait for an answer of the namespace, in milliseconds. */
const hubMs = 10_000

async function examineEventHub(name: string, feed: OfKind<'event-hubs'>): Promise<readonly Finding[]> {
  const [{ Producer }, { placeOf: placeOfHub }, { explainEventHubError }] = await Promise.all([
    import('../ledger/feeds/event-hubs/producer.ts'),
    import('../ledger/feeds/event-hubs/connection.ts'),
    import('../ledger/feeds/event-hubs/explain.ts'),
  ])
  try {
    const producer = await Producer.open(feed, hubMs)
    await producer.close()
    return [ok(`The event hub ${placeOfHub(feed)} accepts the credential.`, name)]
  } catch (error) {
    throw explainEventHubError(error, placeOfHub(feed))
  }
}

async function examineKafka(name: string, feed: OfKind<'kafka'>): Promise<readonly Finding[]> {
  const { TopicProducer } = await import('../ledger/feeds/kafka/producer.ts')
  const producer = await TopicProducer.open(feed, () => {})
  await producer.close()
  return [ok(`The topic ${feed.topic} at ${feed.brokers.join(', ')} accepts the credential.`, name)]
}

async function examineWebhook(name: string, feed: OfKind<'webhook'>, { clock }: Subject): Promise<readonly Finding[]> {
  const { addressFault } = await import('../ledger/feeds/checked-addresses.ts')
  const place = placeOf(feed.url)
  const setting = `feeds.${name}.url`
  const found = await lookup(place.host, { all: true }).catch(() => [])
  const addresses = found.map(({ address }) => address)
  const fault = addressFault(new URL(feed.url).hostname, addresses, feed.privateHost ?? null)
  if (fault !== null) return [failure(`${place.host} ${fault}.`, `Correct ${setting}, or set privateHost.`, name)]
  const { faults } = await reach(place, setting, name, clock())
  if (faults.length > 0) return faults
  return [ok(`${place.host}:${place.port} can be connected to. No message was sent.`, name)]
}

/** A request without a span is one that every collector takes. */
async function examineCollector(name: string, feed: OfKind<'otlp'>, { clock }: Subject): Promise<readonly Finding[]> {
  const { openCollector } = await import('../ledger/feeds/otlp/client.ts')
  const timeout = Math.min(feed.timeout, feedMsMax - 1_000)
  const collector = openCollector({ ...feed, timeout }, 'traces', { clock })
  try {
    await collector.send(new Uint8Array())
    return [ok(`The collector at ${new URL(feed.url).host} takes requests.`, name)]
  } finally {
    await collector.close()
  }
}

/** An item that is none: the service refuses it, but it has looked at the credential before. */
async function examineInsights(
  name: string,
  feed: OfKind<'application-insights'>,
  { clock }: Subject,
): Promise<readonly Finding[]> {
  const [{ Ingestion }, { ContentRefusedError }] = await Promise.all([
    import('../ledger/feeds/application-insights/ingestion.ts'),
    import('../ledger/feeds/refusals.ts'),
  ])
  const ingestion = new Ingestion({ ...feed, timeout: Math.min(feed.timeout, feedMsMax - 1_000) }, { clock })
  try {
    await ingestion.track([]).catch(error => {
      if (!(error instanceof ContentRefusedError)) throw error
    })
    const found = `Application Insights at ${ingestion.name} can be reached. No span was sent.`
    return [
      feed.credential === 'connection-string'
        ? note(found, 'Look at gatehouse feeds after the start.', name)
        : ok(found, name),
    ]
  } finally {
    await ingestion.close()
  }
}
