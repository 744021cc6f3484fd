import { pipeline } from 'node:stream'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { headersOf } from '../layers.ts'
import type { AdminApp, AdminEnv, AdminParts } from '../parts.ts'
import { callersRelayedMax, Relay, type RelayedOperation, relayedMax } from '../playground/relay.ts'
import { usableWorkload } from '../playground/usable.ts'
import { playgroundAnswer, relayedBody, relayedBytesMax, relayParameters } from '../playground-schemas.ts'
import { errorAnswer } from '../schemas.ts'

const offer = createRoute({
  method: 'get',
  path: '/api/v1/playground',
  summary: 'What the caller may use in the playground: workloads, their targets, and the deployments of each.',
  ...needs('caller'),
  responses: { 200: jsonAnswer(playgroundAnswer, 'By the configuration in force.'), ...commonAnswers },
})

function relayed<Operation extends RelayedOperation>(operation: Operation) {
  return createRoute({
    method: 'post',
    path: `/api/v1/playground/${operation}`,
    summary: `Sends a call of ${operation} to the gateway, as the caller, and passes its answer on as it comes.`,
    ...needs('caller'),
    request: {
      query: relayParameters,
      body: { required: true, content: { 'application/json': { schema: relayedBody } } },
    },
    responses: {
      200: {
        description:
          'The answer of the gateway, with its status whatever that is: JSON, or server-sent events for a stream. `x-gatehouse-call-id` is the id of its record, `x-gatehouse-refusal` the code where the gateway refused it.',
        content: { 'text/event-stream': { schema: relayedBody } },
      },
      ...commonAnswers,
      413: jsonAnswer(errorAnswer, `The body is longer than ${relayedBytesMax} bytes.`),
      429: jsonAnswer(
        errorAnswer,
        `${relayedMax} such calls are running, or ${callersRelayedMax} of this caller; or a limit of the gateway.`,
      ),
      501: jsonAnswer(errorAnswer, 'This process serves no calls.'),
    },
  })
}

const chat = relayed('chat/completions')
const responses = relayed('responses')

export function addPlayground(app: AdminApp, { house, closing }: AdminParts): void {
  const relay = new Relay(() => house.ownUrl, closing)
  const send = async (
    c: Context<AdminEnv>,
    operation: RelayedOperation,
    to: { readonly target: string; readonly workload: string },
  ): Promise<Response> => {
    const body = await c.req.text()
    const left = c.req.raw.signal
    const answer = await relay.send({ operation, ...to, caller: c.get('caller'), token: c.get('token'), body, left })
    if (answer !== null) {
      const { outgoing } = c.env
      outgoing.writeHead(answer.status, { ...headersOf(c.get('requestId')), ...answer.headers })
      // The reader learns of the call before the first word comes.
      outgoing.flushHeaders()
      // A reader that leaves ends the call, and a stream that breaks off ends the answer without its end.
      pipeline(answer.body, outgoing, () => {})
    }
    return RESPONSE_ALREADY_SENT
  }

  app.openapi(offer, c => {
    const workloads = c.get('bound').map(name => usableWorkload(house, name))
    return c.json({ workloads, bodyBytesMax: relayedBytesMax }, 200)
  })
  app.openapi(chat, c => send(c, 'chat/completions', c.req.valid('query')))
  app.openapi(responses, c => send(c, 'responses', c.req.valid('query')))
}
