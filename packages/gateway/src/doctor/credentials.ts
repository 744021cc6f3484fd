/** Whether each instance accepts the gateway's own credential, and which role is missing where it does not. */
import { decodeJwt } from 'jose'
import type { InstanceConfig } from '../config/schema/index.ts'
import { type CredentialHeader, createCredential } from '../instances/credentials.ts'
import { type AnswerError, errorIn } from '../wire/answer-error.ts'
import { backendOf } from '../wire/backends.ts'
import { type Check, type Finding, failure, ok, type Subject, warning } from './index.ts'
import { ask, wayAdvice, wayFault } from './network.ts'

export const credentials: Check = {
  looksAt:
    "Each instance with the gateway's own key or identity: a GET of its list of models, which is not billed. Tells a wrong key, a missing role, a token of another tenant, disabled keys and a closed network apart.",
  timeoutMs: 30_000,
  async run(subject) {
    const names = Object.keys(subject.config.instances)
    return Promise.all(names.map(name => accepted(name, subject)))
  },
}

async function accepted(name: string, subject: Subject): Promise<Finding> {
  const written = subject.config.instances[name]
  if (written === undefined) throw new TypeError(`there is no instance ${name}`)
  if (written.credential === 'caller') return ok("Calls carry the caller's own token; the gateway has none.", name)
  const signed = await signedIn(name, written, subject)
  if ('level' in signed) return signed
  const setting = `instances.${name}.endpoint`
  try {
    const { probePath } = backendOf(written.kind)
    const { name: field, value } = signed
    const { status, body } = await ask(`${written.endpoint}${probePath}`, subject.clock, {
      headers: { [field]: value },
    })
    return judged({ name, written, signed, status, error: errorIn(body) })
  } catch (error) {
    return failure(`It could not be asked: ${wayFault(error)}.`, wayAdvice(error, setting), name)
  }
}

/** The header field to send, or why there is none. */
export async function signedIn(
  name: string,
  written: InstanceConfig,
  { clock, appService }: Subject,
): Promise<CredentialHeader | Finding> {
  const credential = createCredential(written, backendOf(written.kind), {
    clock,
    ...(appService === undefined ? {} : { appService }),
  })
  try {
    return await credential.header('')
  } catch (error) {
    // The cause has the reason without secrets.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : 'unknown reason'
    const next = `Assign the managed identity to where the gateway runs, and correct instances.${name}.credential and scope.`
    return failure(`There is no token of the managed identity: ${cause}.`, next, name)
  }
}

interface Answer {
  readonly name: string
  readonly written: InstanceConfig
  readonly signed: CredentialHeader
  readonly status: number
  readonly error: AnswerError
}

const closedNetwork = /virtual network|firewall|private endpoint|public (network )?access|trusted service/i

/** What the answer says about the credential. Texts of the answer are compared and never shown. */
function judged(answer: Answer): Finding {
  const { name, written, signed, status, error } = answer
  const who = whoOf(signed)
  if (status < 300) return ok(`It accepts ${who.text}.`, name)
  const says = `It answered ${status}`
  const setting = `instances.${name}`
  if (status < 400) {
    const next = `Correct ${setting}.endpoint: redirects are not followed, since they would carry the credential along.`
    return failure(`${says}: it leads to another address.`, next, name)
  }
  switch (status) {
    case 401:
      return refusedToken(answer, who)
    case 403:
      if (error.code === 'AuthenticationTypeDisabled')
        return failure(`${says}: keys are disabled there.`, `Use a managed identity in ${setting}.credential.`, name)
      if (closedNetwork.test(error.message ?? '')) {
        const next = 'Give the gateway a private endpoint to the resource, or add its network to the rules there.'
        return failure(`${says}: the resource is closed to this network.`, next, name)
      }
      return failure(`${says}: ${who.text} may not read models there.`, roleAdvice(who, name), name)
    case 404: {
      const next = `Correct ${setting}.endpoint and kind: it should be the resource's own address, without a path.`
      return failure(`${says}: what is there is no ${backendOf(written.kind).title}.`, next, name)
    }
    case 429:
      return warning(`${says}: it is busy, or the account has no quota left.`, 'Look at its quota.', name)
    default:
      return failure(`${says} to a harmless request.`, 'Look at the health of the resource in the portal.', name)
  }
}

interface Who {
  readonly text: string
  /** Object id of the identity; null for a key. */
  readonly objectId: string | null
  readonly tenantId: string | null
  readonly audience: string | null
}

function whoOf({ name, value }: CredentialHeader): Who {
  const key: Who = { text: 'the key', objectId: null, tenantId: null, audience: null }
  if (name !== 'authorization') return key
  try {
    const { oid, tid, aud } = decodeJwt(value.replace(/^Bearer /, ''))
    if (typeof oid !== 'string' || typeof tid !== 'string') return key
    const audience = typeof aud === 'string' ? aud : null
    return { text: `the identity ${oid} of tenant ${tid}`, objectId: oid, tenantId: tid, audience }
  } catch {
    // A key can be sent in the same field.
    return key
  }
}

function refusedToken({ name, written, error }: Answer, who: Who): Finding {
  if (error.code === 'PermissionDenied')
    return failure(`It answered 401: ${who.text} has no role there.`, roleAdvice(who, name), name)
  if (who.objectId === null) {
    const next = `Put a current key of this very resource into instances.${name}.credential, or correct its endpoint.`
    return failure('It answered 401: it does not accept the key.', next, name)
  }
  const next = `Check that the resource is in tenant ${who.tenantId} and has a subdomain of its own, and instances.${name}.scope (${written.scope}).`
  return failure(`It answered 401: it does not accept the token for ${who.audience ?? 'no audience'}.`, next, name)
}

function roleAdvice({ objectId }: Who, name: string): string {
  if (objectId === null) return `Use a key of the resource itself for ${name}.`
  return `Assign the role Cognitive Services OpenAI User to ${objectId} on the resource of ${name}; it takes some minutes to count.`
}
