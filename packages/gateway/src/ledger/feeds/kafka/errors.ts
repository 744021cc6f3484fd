/** Failures of a topic as an operator reads them: what failed, and what to do. */
import { codeOf } from '../../../errors.ts'
import { networkAdvice } from '../network-errors.ts'
import type { KafkaConnection } from './settings.ts'

/** By error code of the protocol. https://kafka.apache.org/protocol#protocol_error_codes */
const protocolReasons: Readonly<Record<string, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'does not exist. Make it, or correct `topic`',
  INVALID_TOPIC_EXCEPTION: 'has a name that the cluster does not allow. Correct `topic`',
  TOPIC_AUTHORIZATION_FAILED:
    'is closed to this credential. Grant it Write (Event Hubs: Data Sender), or for a collector Read (Data Receiver)',
  CLUSTER_AUTHORIZATION_FAILED: 'may not be written with sequence numbers. Grant the credential IdempotentWrite',
  MESSAGE_TOO_LARGE: 'takes no messages of this size. Lower `messageBytes`, or raise max.message.bytes of the topic',
  RECORD_LIST_TOO_LARGE: 'takes no batches of this size. Lower `messageBytes`, or raise segment.bytes of the topic',
  UNSUPPORTED_COMPRESSION_TYPE: 'does not take this compression. Change `compression`',
  INVALID_RECORD: 'refuses the messages. A compacted topic is not for records: use cleanup.policy=delete',
  UNSUPPORTED_FOR_MESSAGE_FORMAT: 'has an old format of messages that knows no sequence numbers',
  NOT_ENOUGH_REPLICAS: 'has too few replicas in step just now. It is tried again',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 'has too few replicas in step just now. It is tried again',
  NOT_LEADER_OR_FOLLOWER: 'changes its leader just now. It is tried again',
  LEADER_NOT_AVAILABLE: 'has no leader just now. It is tried again',
  FENCED_LEADER_EPOCH: 'changes its leader just now. It is tried again',
  REQUEST_TIMED_OUT: 'was not written by enough replicas in time. It is tried again',
  KAFKA_STORAGE_ERROR: 'cannot be written: a disk of its broker fails. It is tried again',
  POLICY_VIOLATION: 'refuses the messages because of a policy of the cluster',
  THROTTLING_QUOTA_EXCEEDED: 'is over its quota. It is tried again',
}

const untrusted =
  "its certificate is not signed by an authority that `tls` trusts. Put the authority's certificate into `tls.ca`"
/** Where more is known of the cause than `networkAdvice` says, by code of Node's errors. */
const networkReasons: Readonly<Record<string, string>> = {
  ECONNRESET: 'it closed the connection. Does it want TLS (`tls`) or a sign-in (`credential`)?',
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name. Use the name of the certificate in `brokers`',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS on this port. Correct the port, or set `tls: false`',
}

/**
 * The error as reports show it. Texts of brokers and of what they were sent are not in it: they may quote a credential
 * or a record.
 */
export function explainKafkaError(error: unknown, { brokers, topic }: KafkaConnection): Error {
  return new Error(reasonOf(error, brokers.join(', '), topic), { cause: error })
}

function reasonOf(error: unknown, brokers: string, topic: string): string {
  const causes = causesOf(error)
  const all = causes.map(cause => (cause instanceof Error ? cause.message : ''))
  for (const cause of causes) {
    const apiId = memberOf(cause, 'apiId')
    const reason = protocolReasons[apiId]
    if (reason !== undefined) return `Topic ${topic} ${reason} (${apiId}).`
    if (apiId === 'UNSUPPORTED_SASL_MECHANISM')
      return `Kafka ${brokers}: the brokers do not know this way to sign in. Change \`credential.mechanism\` (${apiId}).`
  }
  if (all.some(message => message.startsWith('Unknown topic ')))
    return `Topic ${topic} does not exist. Make it, or correct \`topic\` (UNKNOWN_TOPIC_OR_PARTITION).`
  if (all.some(message => message.includes('provider threw an error')))
    return `Kafka ${brokers}: there is no token of the managed identity to sign in with.`
  if (causes.some(cause => memberOf(cause, 'code') === 'PLT_KFK_AUTHENTICATION'))
    return `Kafka ${brokers}: the credential was refused. Check \`credential\`, and that it has not expired.`
  if (all.includes('Broker requires TLS.')) return `Kafka ${brokers}: it wants TLS on this port. Set \`tls: true\`.`
  for (const cause of causes) {
    const code = codeOf(cause)
    const reason = networkReasons[code ?? ''] ?? networkAdvice(code)
    if (reason !== null) return `Kafka ${brokers}: ${reason} (${code}).`
  }
  if (all.some(message => /TLS handshake failed/.test(message)))
    return `Kafka ${brokers}: it does not speak TLS on this port. Correct the port, or set \`tls: false\`.`
  if (all.some(message => /timed out/.test(message))) return `Kafka ${brokers}: a broker did not answer in time.`
  if (all.some(message => /closed|cluster metadata/i.test(message)))
    return `Kafka ${brokers}: a broker closed the connection. It may be restarting; or it wants TLS (\`tls\`) or a sign-in (\`credential\`).`
  const apiId = causes.map(cause => memberOf(cause, 'apiId')).find(text => text !== '')
  return `Kafka ${brokers}: the request for topic ${topic} failed (${apiId ?? codeOf(error) ?? 'no code'}).`
}

const causesMax = 50

/** The error, what it groups, and what caused it, the outermost first. */
function causesOf(error: unknown): readonly unknown[] {
  const found: unknown[] = [error]
  for (let at = 0; at < found.length && found.length < causesMax; at += 1) {
    const one = found[at]
    if (one instanceof AggregateError) found.push(...one.errors)
    if (one instanceof Error && one.cause !== undefined) found.push(one.cause)
  }
  return found
}

/** Empty when there is none. */
function memberOf(value: unknown, name: string): string {
  const member = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
  return typeof member === 'string' ? member : ''
}
