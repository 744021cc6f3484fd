import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { createRoute } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import type { EraseFilter, ErasePreview } from '../../ledger/privacy/index.ts'
import { reasonOf } from '../desk.ts'
import { commonAnswers, jsonAnswer, jsonBody, needs } from '../document.ts'
import { AdminError } from '../errors.ts'
import { filterOf } from '../parameters.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { keyOfCaller, requireWorkload } from '../person.ts'
import {
  answerOf,
  eraseBody,
  erasePreviewAnswer,
  erasePreviewBody,
  erasureAnswer,
  erasuresAnswer,
  idParameters,
} from '../privacy-schemas.ts'
import { errorAnswer } from '../schemas.ts'

const path = '/api/v1/records/erasures'
const unknownCaller = jsonAnswer(errorAnswer, 'No such caller, or no such workload.')

const preview = createRoute({
  method: 'post',
  path: `${path}/preview`,
  summary:
    'What an erasure of one person would remove, and the token with which it is ordered. Changes nothing. Recorded.',
  ...needs('eraser'),
  request: { body: jsonBody(erasePreviewBody) },
  responses: { 200: jsonAnswer(erasePreviewAnswer, 'What would be removed.'), 404: unknownCaller, ...commonAnswers },
})
const order = createRoute({
  method: 'post',
  path,
  summary: 'Erases the bodies and names of one person from the ledger of the process that answers. Recorded.',
  ...needs('eraser'),
  request: { body: jsonBody(eraseBody) },
  responses: {
    200: jsonAnswer(erasureAnswer, 'The erasure, which goes on.'),
    404: unknownCaller,
    409: jsonAnswer(errorAnswer, 'The token is not of a preview of the same records, or another erasure is under way.'),
    ...commonAnswers,
  },
})
const list = createRoute({
  method: 'get',
  path,
  summary: 'Erasures, newest first, with the certificates of those that are done.',
  ...needs('eraser', 'auditor', 'admin'),
  responses: { 200: jsonAnswer(erasuresAnswer, 'The erasures of this ledger.'), ...commonAnswers },
})
const one = createRoute({
  method: 'get',
  path: `${path}/{id}`,
  summary: 'One erasure, with its certificate when it is done.',
  ...needs('eraser', 'auditor', 'admin'),
  request: { params: idParameters },
  responses: {
    200: jsonAnswer(erasureAnswer, 'The erasure.'),
    404: jsonAnswer(errorAnswer, 'No such erasure.'),
    ...commonAnswers,
  },
})

/** How long a preview can be ordered. */
const tokenMs = 15 * 60_000
/** Previews that are remembered; beyond it, the oldest is forgotten. */
const tokensMax = 100

/** A preview that was shown. */
interface Shown {
  readonly filter: EraseFilter
  readonly name: string | null
  readonly untilMs: number
}

export function addErasures(app: AdminApp, { ledger, house, desk, clock }: AdminParts): void {
  const shown = new Map<string, Shown>()

  const filterFor = async (asked: Asked): Promise<EraseFilter> => {
    const { fromMs = null, toMs = null } = filterOf({ from: asked.from, to: asked.to })
    await requireWorkload({ ledger, house }, asked.workload ?? null)
    const caller = await keyOfCaller(ledger, asked.caller)
    if (caller.startsWith('user:')) return { caller, workload: asked.workload ?? null, fromMs, toMs }
    const message = 'Member "caller" of the body: only a person can be erased, with a key that begins with user:.'
    throw new AdminError('parameter_invalid', message, { param: 'caller' })
  }

  const show = (found: ErasePreview): string => {
    const token = randomBytes(18).toString('base64url')
    shown.set(token, { filter: found.filter, name: found.name, untilMs: clock() + tokenMs })
    for (const oldest of shown.keys()) if (shown.size > tokensMax) shown.delete(oldest)
    return token
  }

  const take = (token: string, filter: EraseFilter): Shown => {
    const found = shown.get(token)
    if (found === undefined || found.untilMs < clock()) {
      throw new AdminError(
        'confirmation_refused',
        `This token is not known, was used, or is older than ${spokenToken}.`,
      )
    }
    if (isDeepStrictEqual(found.filter, filter)) return found
    throw new AdminError(
      'confirmation_refused',
      'This token is of a preview of other records. Look at the preview again.',
    )
  }

  app.openapi(preview, async c => {
    const found = await ledger.erasures.preview(await filterFor(c.req.valid('json')))
    // Neither the trail nor the log gets the name of who may be erased.
    await desk.note(c, 'erasure_previewed', { records: found.records, held: found.heldRecords })
    return c.json(
      {
        ...found,
        holds: [...found.holds],
        feeds: [...found.feeds],
        token: show(found),
        expiresAtMs: clock() + tokenMs,
      },
      200,
    )
  })

  app.openapi(order, async c => {
    const { token, reason, ...asked } = c.req.valid('json')
    const filter = await filterFor(asked)
    if (ledger.erasures.list().some(({ state }) => state !== 'done')) {
      throw new AdminError(
        'erasure_running',
        'An erasure is under way: wait for its certificate, then order the next one.',
      )
    }
    const { name } = take(token, filter)
    requireNoName(`${reason} ${reasonOf(c) ?? ''}`, filter.caller, name)
    shown.delete(token)
    const work = () => ledger.erasures.start(filter, reason, callerKey(c.get('caller')))
    const state = await desk.change(c, {
      action: 'erasure_ordered',
      facts: { workload: filter.workload },
      unlogged: { why: reason },
      work,
      result: ({ id }) => ({ erasure: id }),
    })
    return c.json(answerOf(state), 200)
  })

  app.openapi(list, c => c.json({ erasures: ledger.erasures.list().map(answerOf) }, 200))

  app.openapi(one, c => {
    const { id } = c.req.valid('param')
    const found = ledger.erasures.list().find(erasure => erasure.id === id)
    if (found !== undefined) return c.json(answerOf(found), 200)
    throw new AdminError(
      'erasure_unknown',
      'There is no such erasure. gatehouse records erasures lists those there are.',
    )
  })
}

const spokenToken = `${tokenMs / 60_000} minutes`

interface Asked {
  readonly caller: string
  readonly workload?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** The certificate is kept: a reason with the name would bring back what it says is gone. */
function requireNoName(reason: string, key: string, name: string | null): void {
  const written = reason.toLowerCase()
  const parts = [key.slice(key.lastIndexOf('/') + 1), ...(name === null ? [] : [name])]
  if (!parts.some(part => written.includes(part.toLowerCase()))) return
  const message =
    'Member "reason" of the body: it is kept with the certificate, so it must not name the person. Give the number of the request.'
  throw new AdminError('parameter_invalid', message, { param: 'reason' })
}
