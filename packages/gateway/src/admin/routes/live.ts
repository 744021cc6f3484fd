import { createRoute, z } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import type { RecordFilter } from '../../ledger/reports.ts'
import { allowedCheckMs, whileAllowed } from '../allowed.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { AdminError } from '../errors.ts'
import type { LivePiece } from '../live/events.ts'
import { Hub, isWithoutStore, type Listener, type LiveKind, type StateKind } from '../live/hub.ts'
import { matches } from '../live/matches.ts'
import { filterOf } from '../parameters.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { errorAnswer, filterParameters, whole } from '../schemas.ts'
import { Seats } from '../seats.ts'
import { streamed } from '../streamed.ts'
import { type Visible, within } from '../visible.ts'
import { feedsOf } from './feeds.ts'
import { instancesOf } from './instances.ts'
import { limitsOf } from './limits.ts'

/** Streams of all readers. What they show is read once for all of them. */
const streamsMax = 64
const readersStreamsMax = 8
/** A stream ends then, and its reader connects again with what it is allowed by that time. */
const streamSecondsMax = 600
const heartbeatMs = 15_000
const stateMs = 1_000
/** Whoever waits for a record sees it soon after it is loaded; a look costs nothing. */
const lookMs = 100

const kinds = ['record', 'instances', 'limits', 'feeds'] as const satisfies readonly LiveKind[]
const cursor = z.string().regex(/^\d{1,15}$/, 'expected the `cursor` of a list, or the id of an event')
const { from: _, to: __, ...filters } = filterParameters

const parameters = z.strictObject({
  ...filters,
  events: z
    .string()
    .max(100, 'at most 100 characters')
    .transform(list => list.split(','))
    .pipe(z.array(z.enum(kinds)))
    .optional()
    .openapi({ type: 'string', description: `Some of ${kinds.join(', ')}, with commas between them. Default: all.` }),
  after: cursor.optional().openapi({
    description: '`cursor` of a list: the records that came after it are the first. `Last-Event-ID` counts before it.',
  }),
  forSeconds: whole(0, streamSecondsMax)
    .optional()
    .openapi({ description: `The stream ends after so many seconds. Default ${streamSecondsMax}.` }),
})

const route = createRoute({
  method: 'get',
  path: '/api/v1/live',
  summary:
    'Server-sent events: `record`, each record as it is loaded, for these filters; `instances`, `limits` and `feeds`, the answers of these routes when they have changed, at most every second.',
  ...needs('viewer', 'developer'),
  request: { query: parameters, headers: z.object({ 'last-event-id': cursor.optional() }) },
  responses: {
    200: {
      description:
        'The stream. It ends after ten minutes, with the session or the token, and when the reader may see something else: connect again with `Last-Event-ID`, and no record is missed.',
      content: { 'text/event-stream': { schema: z.string() } },
    },
    ...commonAnswers,
    429: jsonAnswer(errorAnswer, `${streamsMax} streams are open, or ${readersStreamsMax} of this reader.`),
  },
})

export function addLive(app: AdminApp, { ledger, house, clock, tailPollMs, closing, log }: AdminParts): void {
  const states = async (wanted: readonly StateKind[]): Promise<Partial<Record<StateKind, unknown>>> => {
    const report = await house.replicas()
    const limits = wanted.includes('limits') ? { limits: limitsOf(house, await house.limits(), report) } : {}
    return {
      ...limits,
      ...(wanted.includes('instances') ? { instances: instancesOf(house, report) } : {}),
      ...(wanted.includes('feeds') ? { feeds: feedsOf(report) } : {}),
    }
  }
  const hub = new Hub({
    ledger,
    states,
    pollMs: Math.min(lookMs, tailPollMs),
    stateMs: Math.min(stateMs, 2 * tailPollMs),
  })
  const seats = new Seats({ most: streamsMax, callersMost: readersStreamsMax, refused: exhausted })
  const checkMs = Math.min(allowedCheckMs, 2 * tailPollMs)

  app.openapi(route, async c => {
    const { events, after, forSeconds = streamSecondsMax, ...filter } = c.req.valid('query')
    const visible = c.get('visible')
    requireShown(events ?? [], visible)
    const from = await startOf(c.req.valid('header')['last-event-id'] ?? after ?? null, hub, events)
    const headers = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' }
    // Nobody would read the stream.
    if (c.req.method === 'HEAD') return c.body(null, 200, headers)
    const { signal } = c.req.raw
    const over = new AbortController()
    const leave = seats.take(callerKey(c.get('caller')))
    const release = (): void => {
      leave()
      over.abort()
    }
    const leftMs = Math.max(0, Math.min(forSeconds * 1_000, c.get('caller').expiresAtMs - clock()))
    const isOver = [signal, closing, over.signal, AbortSignal.timeout(leftMs)]
    const ends = whileAllowed(c, AbortSignal.any(isOver), checkMs)
    ends.addEventListener('abort', release, { once: true })
    const wanted = (events ?? kindsFor(visible)).filter(kind => kind !== 'record' || from !== null)
    const asked: Asked = { kinds: wanted, from, filter: within(visible, filterOf(filter)) }
    return c.body(streamed(c, log, streamOf(hub, asked, ends, release)), 200, headers)
  })
}

/** A developer follows the records that they may see; states of the house are for viewers. */
function kindsFor(visible: Visible): readonly LiveKind[] {
  return visible === null ? kinds : ['record']
}

function requireShown(events: readonly LiveKind[], visible: Visible): void {
  const hidden = events.find(kind => !kindsFor(visible).includes(kind))
  if (hidden === undefined) return
  const message = `Events of the kind ${hidden} need the role viewer. As a developer, ask for record alone.`
  throw new AdminError('role_missing', message, { param: 'events' })
}

/** @returns null where there are no records to follow, and nobody asked for them by name. @throws LedgerError */
async function startOf(
  after: string | null,
  hub: Hub,
  events: readonly LiveKind[] | undefined,
): Promise<string | null> {
  if (events?.includes('record') === false) return null
  try {
    const now = await hub.now()
    // A cursor that is ahead of this ledger is of another one.
    return after === null || Number(after) > Number(now) ? now : after
  } catch (error) {
    if (events === undefined && isWithoutStore(error)) return null
    throw error
  }
}

function exhausted(whose: 'all' | 'own'): AdminError {
  const message =
    whose === 'all'
      ? `${streamsMax} streams are open already. Try again in a few seconds.`
      : `${readersStreamsMax} streams of yours are open already. Close one of them, as a tab of the console.`
  return new AdminError('streams_exhausted', message)
}

interface Asked {
  readonly kinds: readonly LiveKind[]
  /** Cursor after which the records begin; null for none. */
  readonly from: string | null
  readonly filter: RecordFilter
}

async function* streamOf(hub: Hub, asked: Asked, ends: AbortSignal, release: () => void): AsyncGenerator<Uint8Array> {
  const listener = hub.join(asked.kinds)
  const leave = (): void => listener.leave()
  if (ends.aborted) leave()
  else ends.addEventListener('abort', leave, { once: true })
  try {
    yield Buffer.from('retry: 2000\n\n')
    const seen = new Map<StateKind, number>()
    let at = asked.from
    while (!listener.isOver) {
      const { changes } = listener
      yield* newStates(listener, asked.kinds, seen)
      const page = at === null ? null : await listener.after(at)
      if (page !== null) yield* eventsOf(page.pieces, asked.filter, listener)
      const hasMoved = page !== null && page.cursor !== at
      at = page?.cursor ?? null
      if (!hasMoved && !(await listener.changed(changes, heartbeatMs))) yield heartbeat(at)
    }
  } finally {
    leave()
    release()
  }
}

/** Events of the records that match. A stream without a filter sends the bytes that all such streams send. */
function* eventsOf(pieces: readonly LivePiece[], filter: RecordFilter, listener: Listener): Generator<Uint8Array> {
  const wantsAll = Object.keys(filter).length === 0
  for (const piece of pieces) {
    if (listener.isOver) return
    const events = wantsAll ? piece.events : piece.eventsOf(row => matches(filter, row))
    if (events !== null) yield events
  }
}

function* newStates(
  listener: Listener,
  wanted: readonly LiveKind[],
  seen: Map<StateKind, number>,
): Generator<Uint8Array> {
  for (const kind of wanted) {
    const state = kind === 'record' ? null : listener.state(kind)
    if (kind === 'record' || state === null || seen.get(kind) === state.version) continue
    seen.set(kind, state.version)
    yield state.event
  }
}

/**
 * Sent when nothing has changed for as long as a proxy lets a connection be silent. An id without data is no event, and
 * moves the cursor past records that the filter leaves out.
 */
function heartbeat(at: string | null): Uint8Array {
  return Buffer.from(at === null ? ': still here\n\n' : `id: ${at}\n\n`)
}
