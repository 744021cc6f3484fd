/** What every client of a topic is opened with. */
import type { BaseOptions, SASLOptions } from '@platformatic/kafka'
import { readSdk, type TokenReader } from '../../../instances/managed-identity.ts'
import type { KafkaConnection, KafkaCredential } from './settings.ts'

/** Longest wait for a broker's answer, in milliseconds, and for replicas, which the broker waits for. */
const requestMsMax = 30_000
const replicasMsMax = 20_000
const connectMsMax = 10_000

export interface KafkaClientParts {
  /** Default: the managed identity that `@azure/identity` finds in the environment of the process. */
  readonly readToken?: (clientId: string | null, scope: string) => TokenReader
}

/**
 * Options of a producer, a consumer or an administrator. A failed request is sent again a few times within a second or
 * two, with the same sequence number; longer outages are left to the caller.
 */
export function clientOptions(connection: KafkaConnection, { readToken = readSdk }: KafkaClientParts = {}) {
  const { brokers, tls, credential } = connection
  return {
    clientId: 'gatehouse',
    bootstrapBrokers: [...brokers],
    requestTimeout: requestMsMax,
    timeout: replicasMsMax,
    connectTimeout: connectMsMax,
    retries: 3,
    retryDelay: (_client: object, _operation: string, attempt: number) => 100 * 2 ** attempt,
    ...(tls === false ? {} : { tls: tls === true ? {} : { ca: tls.ca } }),
    ...(credential === undefined ? {} : { sasl: saslOf(credential, brokers, readToken) }),
  } satisfies BaseOptions
}

function saslOf(
  credential: KafkaCredential,
  brokers: readonly string[],
  readToken: NonNullable<KafkaClientParts['readToken']>,
): SASLOptions {
  if (typeof credential === 'object' && 'mechanism' in credential) {
    const { username, password } = credential
    const mechanism = ({ plain: 'PLAIN', 'scram-sha-256': 'SCRAM-SHA-256', 'scram-sha-512': 'SCRAM-SHA-512' } as const)[
      credential.mechanism
    ]
    return { mechanism, username, password }
  }
  const clientId = credential === 'managed-identity' ? null : credential.managedIdentity
  const read = readToken(clientId, tokenScope(brokers))
  return {
    mechanism: 'OAUTHBEARER',
    token: async () => (await read()).token,
    // A broker that refuses the token answers with its reason, one that takes it with nothing (RFC 7628, 3.2).
    authBytesValidator: (answer, done) =>
      answer.byteLength === 0 ? done(null, answer) : done(new Error('the token was refused'), answer),
  }
}

/**
 * Scope of the token for a namespace.
 * https://learn.microsoft.com/azure/event-hubs/azure-event-hubs-apache-kafka-overview#oauth-20
 */
export function tokenScope(brokers: readonly string[]): string {
  const host = (brokers[0] ?? '').replace(/:\d+$/, '')
  return `https://${host}/.default`
}
