/** The gateway answers, and there is a token for it. */
import { request } from 'undici'
import { failure, ok } from '../../doctor/index.ts'
import { readHolder } from '../commands/whoami.ts'
import { gatewayUnreachable } from '../reach/addresses.ts'
import { printableLine } from '../terminal/printable.ts'
import type { Step } from './index.ts'

const answerMs = 15_000

export const gateway: Step = {
  promise: 'The gateway can be reached and `/readyz` says that it takes calls.',
  needs: [],
  asksAdmin: false,
  async run({ context }) {
    const base = await context.gateway()
    const { statusCode, body } = await request(`${base}/readyz`, {
      headersTimeout: answerMs,
      bodyTimeout: answerMs,
    }).catch(async (cause: unknown) => {
      throw gatewayUnreachable(base, await context.originOf('gateway'), cause)
    })
    const said: unknown = await body.json().catch(() => null)
    const status = typeof said === 'object' && said !== null && 'status' in said ? said.status : null
    if (status === 'ready') return [ok(`${base} is ready.`)]
    if (status !== 'not ready') {
      const next = 'Name the gateway’s own address with --gateway URL; look at the proxies in front of it.'
      return [failure(`${base}/readyz answered ${statusCode}, and not as Gatehouse does.`, next)]
    }
    const next = 'The log of the gateway says why. Beside it: gatehouse doctor.'
    return [failure(`${base} takes no calls: ${printableLine(JSON.stringify(said))}`, next)]
  },
}

export const token: Step = {
  promise: 'A person or an application gets a token for the gateway. It is not printed.',
  needs: [],
  asksAdmin: false,
  async run({ context, as }) {
    const { kind, displayName, objectId, audience } = readHolder(await context.token({ as }))
    const who = kind === 'user' ? 'the person' : 'the application'
    return [ok(`A token of ${who} ${displayName ?? objectId ?? 'without a name'}, for ${audience ?? 'no audience'}.`)]
  },
}
