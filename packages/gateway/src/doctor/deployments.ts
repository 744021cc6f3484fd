/** Deployments that the configuration names, against those that each instance has. */
import { z } from 'zod'
import type { InstanceConfig } from '../config/schema/index.ts'
import type { CredentialHeader } from '../instances/credentials.ts'
import { errorIn } from '../wire/answer-error.ts'
import { backendOf } from '../wire/backends.ts'
import { signedIn } from './credentials.ts'
import { type Check, type Finding, failure, note, ok, type Subject } from './index.ts'
import { ask, wayFault } from './network.ts'

export const deployments: Check = {
  looksAt:
    'Each configured deployment: whether the instance has it. Azure OpenAI lists none to callers, so each gets one chat completion with an empty body, which is refused before it can be billed; other servers list their models.',
  timeoutMs: 60_000,
  async run(subject) {
    const found = await Promise.all(Object.keys(subject.config.instances).map(name => ofInstance(name, subject)))
    return found.flat()
  },
}

/** Requests to one instance at the same time. */
const atOnce = 4

/** True: it is there. False: it is not. Null: the answer does not say. */
type Presence = boolean | null

async function ofInstance(name: string, subject: Subject): Promise<readonly Finding[]> {
  const written = subject.config.instances[name]
  const names = Object.keys(written?.deployments ?? {})
  if (written === undefined || names.length === 0) return [ok('It has no deployments in the configuration.', name)]
  if (written.credential === 'caller') {
    const next = 'Nothing; a call with a token of your own shows it.'
    return [note('Its deployments cannot be looked up without a token of a caller.', next, name)]
  }
  const signed = await signedIn(name, written, subject)
  if ('level' in signed) return [unknown(name, 'there is no token')]
  try {
    const look = backendOf(written.kind).deploymentInAddress ? presenceByCall : presenceByList
    return findingsOf(name, await look(written, names, { signed, clock: subject.clock }))
  } catch (error) {
    return [unknown(name, wayFault(error))]
  }
}

function unknown(name: string, why: string): Finding {
  const next = 'See the findings of instances and credentials first.'
  return note(`Its deployments could not be looked up: ${why}.`, next, name)
}

function findingsOf(name: string, presences: ReadonlyMap<string, Presence>): readonly Finding[] {
  const of = (wanted: Presence): string[] => [...presences].filter(([, has]) => has === wanted).map(([one]) => one)
  const [present, absent, unclear] = [of(true), of(false), of(null)]
  return [
    ...(present.length === 0 ? [] : [ok(`It has ${present.join(', ')}.`, name)]),
    ...absent.map(one => {
      const next = `Create it there, or correct instances.${name}.deployments; a name differs from the model's. A new one takes minutes.`
      return failure(`It has no deployment ${one}.`, next, name)
    }),
    ...(unclear.length === 0 ? [] : [unknown(name, `no clear answer for ${unclear.join(', ')}`)]),
  ]
}

interface Asking {
  readonly signed: CredentialHeader
  readonly clock: Subject['clock']
}

const version = 'api-version=2024-10-21'

async function presenceByCall(written: InstanceConfig, names: readonly string[], asking: Asking) {
  const backend = backendOf(written.kind)
  const found = new Map<string, Presence>()
  for (let at = 0; at < names.length; at += atOnce) {
    const some = names.slice(at, at + atOnce)
    await Promise.all(
      some.map(async deployment => {
        const address = { isV1: false, deployment, below: 'chat/completions', query: version }
        const { status, body } = await ask(`${written.endpoint}${backend.path(address, null)}`, asking.clock, {
          method: 'POST',
          headers: { [asking.signed.name]: asking.signed.value, 'content-type': 'application/json' },
          body: '{}',
        })
        const isAbsent = backend.lacksDeployment(status, errorIn(body))
        // Whatever else is wrong with an empty body is found by the deployment itself.
        found.set(deployment, isAbsent ? false : status === 400 || status === 422 || status === 429 ? true : null)
      }),
    )
  }
  return found
}

const modelList = z.object({ data: z.array(z.object({ id: z.string() })) })

async function presenceByList(written: InstanceConfig, names: readonly string[], asking: Asking) {
  const { probePath } = backendOf(written.kind)
  const headers = { [asking.signed.name]: asking.signed.value }
  const { status, body } = await ask(`${written.endpoint}${probePath}`, asking.clock, { headers })
  const list = status === 200 ? modelList.safeParse(parsed(body)) : null
  const ids = list?.success === true ? new Set(list.data.data.map(({ id }) => id)) : null
  return new Map<string, Presence>(names.map(name => [name, ids === null ? null : ids.has(name)]))
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return null
  }
}
