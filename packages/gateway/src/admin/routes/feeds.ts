import { createRoute } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import type { FeedState } from '../../ledger/feeds/control.ts'
import { commonAnswers, jsonAnswer, needs, unknownFeed } from '../document.ts'
import { AdminError } from '../errors.ts'
import { feedAnswer, feedsAnswer, nameParameters, rewindParameters } from '../house-schemas.ts'
import type { AdminHouse } from '../index.ts'
import type { AdminApp, AdminParts } from '../parts.ts'

const answers = { 200: jsonAnswer(feedAnswer, 'The feed after it.'), 404: unknownFeed, ...commonAnswers }
const request = { params: nameParameters }

const list = createRoute({
  method: 'get',
  path: '/api/v1/feeds',
  summary: 'Feeds: state of each, how far it is behind, and what it has done since the process started.',
  ...needs('viewer'),
  responses: { 200: jsonAnswer(feedsAnswer, 'The feeds, now.'), ...commonAnswers },
})
const pause = createRoute({
  method: 'post',
  path: '/api/v1/feeds/{name}/pause',
  summary: 'Pauses a feed until it is resumed, also over restarts. The journal keeps what it has not taken. Logged.',
  ...needs('operator'),
  request,
  responses: answers,
})
const resume = createRoute({
  method: 'post',
  path: '/api/v1/feeds/{name}/resume',
  summary: 'Resumes a paused feed; a failing one is tried again at once. Logged.',
  ...needs('operator'),
  request,
  responses: answers,
})
const rewind = createRoute({
  method: 'post',
  path: '/api/v1/feeds/{name}/rewind',
  summary: 'Sends again what ended at a time or later, as far as the journal still has it. Logged.',
  ...needs('operator'),
  request: { ...request, query: rewindParameters },
  responses: answers,
})

export function addFeeds(app: AdminApp, { house, log }: AdminParts): void {
  app.openapi(list, async c => c.json({ feeds: [...(await house.feeds.states())] }, 200))

  app.openapi(pause, async c => {
    const { name } = c.req.valid('param')
    const state = await ordered(house, house.feeds.pause(name))
    log.info(audit(c, name), 'feed_paused')
    return c.json(state, 200)
  })
  app.openapi(resume, async c => {
    const { name } = c.req.valid('param')
    const state = await ordered(house, house.feeds.resume(name))
    log.info(audit(c, name), 'feed_resumed')
    return c.json(state, 200)
  })
  app.openapi(rewind, async c => {
    const { name } = c.req.valid('param')
    const { to } = c.req.valid('query')
    const state = await ordered(house, house.feeds.rewind(name, Date.parse(to)))
    log.info({ ...audit(c, name), to }, 'feed_rewound')
    return c.json(state, 200)
  })
}

type AuditContext = { get(name: 'caller'): Parameters<typeof callerKey>[0]; get(name: 'requestId'): string }

function audit(c: AuditContext, feed: string): Readonly<Record<string, unknown>> {
  return { audit: true, caller: callerKey(c.get('caller')), feed, requestId: c.get('requestId') }
}

async function ordered(house: AdminHouse, answer: Promise<FeedState | null>): Promise<FeedState> {
  const state = await answer.catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AdminError('feed_unavailable', `The feed did not do it: ${reason}`, { cause })
  })
  if (state !== null) return state
  const names = (await house.feeds.states()).map(({ name }) => name).join(', ')
  throw new AdminError('feed_unknown', `There is no such feed. There are: ${names === '' ? 'none' : names}.`)
}
