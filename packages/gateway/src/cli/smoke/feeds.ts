/** Feeds have sent the records of the calls: to where records are kept, and as spans. */
import { setTimeout as delay } from 'node:timers/promises'
import type { FeedsAnswer } from '../../admin/house-schemas.ts'
import { type Finding, failure, note, ok } from '../../doctor/index.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { printableLine } from '../terminal/printable.ts'
import type { Smoke, Step } from './index.ts'
import { lookEveryMs } from './records.ts'

type Feed = FeedsAnswer['feeds'][number]

/** Kinds that ship spans in the place of records. */
const spanKinds: ReadonlySet<string> = new Set(['otlp', 'application-insights'])

export const feeds: Step = {
  promise: 'Each feed has sent the records of these calls, and the other side has taken them.',
  needs: ['refusal'],
  asksAdmin: true,
  run: smoke => followed(smoke, feed => !spanKinds.has(feed.kind), noFeed),
}

export const spans: Step = {
  promise: 'Each feed of spans has sent those of these calls, and the collector has taken them.',
  needs: ['refusal'],
  asksAdmin: true,
  run: smoke => followed(smoke, feed => spanKinds.has(feed.kind), noSpans),
}

const noFeed = note('No feed ships records.', 'None is needed. docs/feeds.md says where records can be shipped.')
const noSpans = note('No feed ships spans.', 'None is needed. docs/telemetry.md says how to see calls as traces.')

async function followed(smoke: Smoke, isMeant: (feed: Feed) => boolean, none: Finding): Promise<readonly Finding[]> {
  const { context, reader, waitMs, requestIds } = smoke
  // All calls of the test had ended when the last one began, by the gateway's clock.
  const endedAtMs = Math.max(...[...requestIds.values()].map(timeIn))
  const untilMs = performance.now() + waitMs
  for (;;) {
    const answer = await askAdmin<FeedsAnswer>(context, { path: '/api/v1/feeds', as: reader })
    const meant = answer.feeds.filter(isMeant)
    const nowMs = context.clock()
    if (meant.every(feed => hasSent(feed, endedAtMs, nowMs)) || performance.now() >= untilMs) {
      return meant.length === 0 ? [none] : meant.map(feed => findingOf(feed, endedAtMs, nowMs, waitMs))
    }
    await delay(lookEveryMs)
  }
}

/** Milliseconds since the epoch, from an id of version 7 (RFC 9562). */
function timeIn(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)
}

/** The oldest record that it has not sent is younger than ours, and it has sent something since ours ended. */
function hasSent(feed: Feed, endedAtMs: number, nowMs: number): boolean {
  return isPast(feed, endedAtMs, nowMs) && feed.lastSentAtMs !== null && feed.lastSentAtMs >= endedAtMs
}

function isPast({ lagRecords, lagSeconds }: Feed, endedAtMs: number, nowMs: number): boolean {
  return lagRecords === 0 || endedAtMs + (lagSeconds + 1) * 1_000 < nowMs
}

function findingOf(feed: Feed, endedAtMs: number, nowMs: number, waitMs: number): Finding {
  const { name, kind, status, lagRecords, sent, lastError, setAside } = feed
  if (hasSent(feed, endedAtMs, nowMs)) {
    if (setAside === 0) return ok(`${kind}: ${sent} sent, ${lagRecords} waiting.`, name)
    const next = 'docs/feeds.md says where they are and why; those of these calls may be among them.'
    return note(`${kind}: ${sent} sent; ${setAside} were set aside.`, next, name)
  }
  if (status === 'paused') return failure(`${kind}: it is paused.`, `gatehouse feeds resume ${name}`, name)
  if (isPast(feed, endedAtMs, nowMs) && status === 'running') {
    const next = `Does feeds.${name} leave out this workload, these outcomes, or a share (workloads, outcomes, sample)?`
    return note(`${kind}: nothing waits, and nothing was sent since these calls.`, next, name)
  }
  const reason = lastError === null ? '' : ` ${printableLine(lastError)}`
  const next = `Beside the gateway: gatehouse doctor --only feeds. Role assignments take up to ten minutes; gatehouse feeds shows whether it catches up.`
  return failure(`${kind}: ${status}, ${lagRecords} records waiting after ${waitMs / 1_000} s.${reason}`, next, name)
}
