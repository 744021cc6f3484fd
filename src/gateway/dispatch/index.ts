/**
 * Dispatch: sends the call to the chosen instance. The host comes from the instance's configuration; method, checked path,
 * filtered header fields and the body come from the call.
 */
import { Readable } from 'node:stream'
import { CredentialError } from '../../instances/credentials.ts'
import type { Instance } from '../../instances/index.ts'
import { chooseMember } from '../../instances/pool.ts'
import { LedgerError } from '../../ledger/index.ts'
import { ClientLeft } from '../call.ts'
import { captured } from '../endings.ts'
import { type Account, opened } from '../record/index.ts'
import { Refusal } from '../refusals.ts'
import { createsOf } from '../relay/births.ts'
import { Relay, type Relayed } from '../relay/index.ts'
import type { GatewayParts } from '../serve.ts'
import { requestHeaders } from './headers.ts'
import { uploadBody } from './upload.ts'

/**
 * @param home The instance where the objects of the call live, so that no other one can serve; null where any may.
 * @throws Refusal deployment_unknown, credential_unavailable, ledger_unwritable; ClientLeft. A backend that does not answer is no error
 *   here: it is an ending.
 */
export async function dispatch(account: Account, home: string | null, parts: GatewayParts): Promise<Relayed> {
  const { call, route, asked, grant } = account
  if (route === null || asked === null || grant === null) throw new TypeError('dispatch stands behind receive')
  const member = chooseMember(grant.target, asked.deployment, route.operation.stateful || home !== null)
  if (member === null) {
    const details = { target: grant.target.name, deployment: asked.deployment ?? '' }
    throw new Refusal('deployment_unknown', details, { param: 'model' })
  }
  const { instance } = member
  account.instance = instance
  const credential = await signIn(instance, account.token)
  // The record is with the kernel before the backend can begin to bill (P1): from here on a crash leaves a trace.
  await open(account, parts)
  const journal = grant.workload.capture === 'full' ? parts.journal : null
  const creates = createsOf(account, parts)
  const relay = new Relay({ call, asked, instance, creates, journal, clock: parts.clock, totalMs: parts.totalMs })
  const headers = requestHeaders(call.req.rawHeaders, credential, call.id, asked.decoded)
  const body =
    asked.send === 'upload' ? Readable.from(uploadBody(call, journal, parts.receiveLimits, relay)) : asked.send
  const length = asked.send === 'upload' ? call.req.headers['content-length'] : undefined
  if (length !== undefined) headers.push('content-length', length)
  instance.inFlight += 1
  try {
    instance.connections.dispatch({ method: call.method, path: route.backendPath, headers, body }, relay)
    return await relay.done
  } finally {
    instance.inFlight -= 1
  }
}

async function signIn(instance: Instance, token: string): Promise<{ name: string; value: string }> {
  try {
    return await instance.credential.header(token)
  } catch (cause) {
    if (!(cause instanceof CredentialError)) throw cause
    throw new Refusal('credential_unavailable', { instance: instance.name }, { cause })
  }
}

async function open(account: Account, parts: GatewayParts): Promise<void> {
  if (account.call.res.destroyed) throw new ClientLeft()
  try {
    await parts.journal.open(opened(account), captured(account))
    account.isOpen = true
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause
    if (!parts.continueUnrecorded) throw new Refusal('ledger_unwritable', {}, { cause })
    // Not lost yet: the end carries the whole record, should there be room again by then.
  }
}
