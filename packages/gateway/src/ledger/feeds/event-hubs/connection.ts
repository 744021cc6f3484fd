/** How clients of Event Hubs find a hub and sign in. */
import type { TokenCredential } from '@azure/identity'
import { tokensOf } from '../managed-identity.ts'
import type { EventHubAddress } from './settings.ts'

/** The arguments of a client's constructor after its own: a connection string, or a namespace and a credential. */
export type ConnectionArguments =
  | readonly [connectionString: string, hub: string]
  | readonly [namespace: string, hub: string, credential: TokenCredential]

/** @throws Error when the address names no namespace. */
export async function connectionOf({ namespace, hub, credential }: EventHubAddress): Promise<ConnectionArguments> {
  if (typeof credential === 'object' && 'connectionString' in credential) return [credential.connectionString, hub]
  if (namespace === undefined) throw new Error('Neither `namespace` nor a connection string names the namespace.')
  return [namespace, hub, await tokensOf(credential)]
}

/** `contoso.servicebus.windows.net/records`, for messages. */
export function placeOf({ namespace, hub, credential }: EventHubAddress): string {
  const isString = typeof credential === 'object' && 'connectionString' in credential
  const host = isString
    ? /(?:^|;)\s*Endpoint=\w+:\/\/([\w.-]+(?::\d+)?)/i.exec(credential.connectionString)?.[1]
    : namespace
  return `${host ?? 'the namespace'}/${hub}`
}

/** Longest wait for a client that closes, in milliseconds. One whose namespace is gone would wait for ever. */
const closeMsMax = 2_000

/** Closes clients, receivers and the like, and never rejects. */
export async function closeAll(closing: readonly { close(): Promise<unknown> }[]): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, closeMsMax)
  const closed = Promise.all(closing.map(one => one.close().catch(() => {})))
  await Promise.race([closed, late])
  clearTimeout(timer)
}
