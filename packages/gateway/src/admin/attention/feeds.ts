/** Feeds and sources that do not keep up, or that leave records aside. */
import type { SourceState } from '../../ledger/collect/index.ts'
import type { FeedState } from '../../ledger/feeds/control.ts'
import type { Attention, AttentionFacts } from './index.ts'

/** Age of the oldest record from which a feed is late, in seconds. */
const lateSeconds = 300

export function aboutFeeds({ feeds, nowMs }: Pick<AttentionFacts, 'feeds' | 'nowMs'>): readonly Attention[] {
  return feeds.flatMap(feed => [...aboutState(feed, nowMs), ...aboutLosses(feed)])
}

const aboutFeed = ({ name }: FeedState) => ({ subject: name, page: 'feeds', parameters: { feed: name } }) as const

function aboutState(feed: FeedState, nowMs: number): readonly Attention[] {
  const { name, status, lagRecords, lagSeconds, lastError, lastErrorAtMs } = feed
  const behind = `${lagRecords} records wait, the oldest for ${Math.round(lagSeconds)} s`
  if (status === 'failing' || status === 'stopped') {
    return [
      {
        ...aboutFeed(feed),
        ...{ severity: 'critical', code: 'feed_failing', sinceMs: lastErrorAtMs },
        what: `Feed ${name} does not deliver: ${lastError ?? 'its thread died'}; ${behind}.`,
        next: 'Do what the error says; it is tried again by itself, and at once after resume.',
      },
    ]
  }
  const sinceMs = lagSeconds > 0 ? nowMs - lagSeconds * 1_000 : null
  if (status === 'paused') {
    return [
      {
        ...aboutFeed(feed),
        ...{ severity: 'note', code: 'feed_paused', sinceMs },
        what: `Feed ${name} is paused; ${behind}.`,
        next: 'Resume it before the journal drops what it has not taken.',
      },
    ]
  }
  if (lagSeconds < lateSeconds) return []
  return [
    {
      ...aboutFeed(feed),
      ...{ severity: 'warning', code: 'feed_late', sinceMs },
      what: `Feed ${name} is late: ${behind}.`,
      next: 'Look at how fast its receiver takes records, and at the size of its batches.',
    },
  ]
}

function aboutLosses(feed: FeedState): readonly Attention[] {
  const { name, setAside, droppedSegments } = feed
  const found: Attention[] = []
  if (droppedSegments > 0) {
    found.push({
      ...aboutFeed(feed),
      ...{ severity: 'critical', code: 'feed_missed', sinceMs: null },
      what: `Feed ${name} has missed ${droppedSegments} segments of the journal that were too old to be kept for it.`,
      next: 'Export these days from the ledger; keep the journal longer, or fix the feed sooner.',
    })
  }
  if (setAside > 0) {
    found.push({
      ...aboutFeed(feed),
      ...{ severity: 'warning', code: 'feed_set_aside', sinceMs: null },
      what: `Feed ${name} has set ${setAside} records aside that its receiver can never take.`,
      next: 'Read the file beside its cursor: each record has its reason.',
    })
  }
  return found
}

export function aboutSources(sources: readonly SourceState[]): readonly Attention[] {
  return sources.flatMap(({ name, status, lastError, lastErrorAtMs, setAside }): readonly Attention[] => {
    const about = { subject: name, page: 'sources', parameters: { source: name } } as const
    const failing: Attention = {
      ...about,
      ...{ severity: 'critical', code: 'source_failing', sinceMs: lastErrorAtMs },
      what: `Source ${name} cannot be read: ${lastError ?? 'no reason is known'}`,
      next: 'Do what the error says; it is tried again by itself.',
    }
    const aside: Attention = {
      ...about,
      ...{ severity: 'warning', code: 'source_set_aside', sinceMs: null },
      what: `Source ${name} has set aside ${setAside} messages: they are no record, or lack parts.`,
      next: 'Read the file with the reasons in the ledger’s directory.',
    }
    return [...(status === 'failing' ? [failing] : []), ...(setAside > 0 ? [aside] : [])]
  })
}
