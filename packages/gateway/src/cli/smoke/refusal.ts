/** Calls that the gateway must refuse: without a token, and for a deployment that nobody has. Nothing is billed. */
import { type Finding, failure, ok } from '../../doctor/index.ts'
import { postQuestion } from '../commands/chat-call.ts'
import { errorFields } from '../reach/admin-request.ts'
import type { Smoke, Step } from './index.ts'

/** No deployment has this name. */
const nobodys = 'gatehouse-smoke-test-of-a-refusal'

interface Answered {
  readonly status: number
  readonly code: string
  /** Null where it is not an answer of Gatehouse. */
  readonly requestId: string | null
}

export const refusal: Step = {
  promise: 'A call without a token, and one for a deployment that does not exist, are refused by the gateway itself.',
  needs: ['token'],
  asksAdmin: false,
  async run(smoke) {
    const stranger = await ask(smoke, null)
    const named = await ask(smoke, await smoke.context.token({ as: smoke.as }))
    if (named.requestId !== null) smoke.requestIds.set('refusal', named.requestId)
    return [
      refused('a call without a token', stranger, ['token_missing']),
      refused('a call for an unknown deployment', named, ['deployment_not_allowed', 'deployment_unknown']),
    ]
  },
}

function refused(what: string, { status, code, requestId }: Answered, expected: readonly string[]): Finding {
  if (requestId === null) {
    const next = 'What is in front of the gateway must pass every call on to it, with its header fields.'
    return failure(`${what} was answered with ${status} by something that is not the gateway.`, next)
  }
  if (expected.includes(code)) return ok(`${what}: ${status} ${code}, record ${requestId}.`)
  const found = `${what} was answered with ${status} ${status < 400 ? '' : `(${code}) `}instead of ${expected.join(' or ')}, record ${requestId}.`
  const next = 'Take the deployment off the network until you know why: calls must not pass unchecked.'
  return status < 400 ? failure(found, next) : failure(found, `Look up ${code} in docs/refusals.md.`)
}

async function ask({ context, target, workload }: Smoke, token: string | null): Promise<Answered> {
  const messages = [{ role: 'user' as const, content: 'This must be refused.' }]
  const question = { target, workload, deployment: nobodys, stream: false, messages }
  const answer = await postQuestion(context, question, token)
  const { code } = errorFields(await answer.body.json().catch(() => null))
  const id = answer.headers['x-gatehouse-request-id']
  return { status: answer.statusCode, code, requestId: typeof id === 'string' ? id : null }
}
