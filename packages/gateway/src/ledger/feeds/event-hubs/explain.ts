/**
 * Words for what goes wrong at an event hub. They never hold the messages of the library: those may quote a connection
 * string.
 * https://learn.microsoft.com/azure/event-hubs/event-hubs-messaging-exceptions
 */
import { explainMissingToken } from '../managed-identity.ts'
import { networkAdvice, shownCode } from '../network-errors.ts'
import { RetryLaterError } from '../retry-later.ts'

/** The service asks clients to wait this long when it is busy, in milliseconds. */
const busyMs = 4_000

/** By the code that the library gives to a condition of the service, or by that of the system where more is known. */
const adviceByCode: Readonly<Record<string, string>> = {
  MessagingEntityNotFoundError: 'there is no such event hub. Create it, or correct `hub`',
  ServiceCommunicationError: 'there is no such event hub or namespace. Create it, or correct `hub` and `namespace`',
  ResourceDeletedError: 'the event hub was deleted. Create it again, or correct `hub`',
  MessagingEntityDisabledError: 'the event hub is disabled. Ask who administers the namespace',
  UnauthorizedError:
    'the namespace does not accept the credential. Give the identity the role Azure Event Hubs Data Sender (for a collector: Data Receiver), or check that the key may send (for a collector: listen) and was not rotated',
  QuotaExceededError: 'a quota of the namespace is used up. Ask who administers it',
  MessageTooLargeError:
    'the event hub refuses batches of the size that it announced. Ask who administers the namespace',
  ServerBusyError:
    'the namespace is busy: its throughput units are used up. The feed tries again; add units if this lasts',
  ServiceUnavailableError: 'the namespace did not answer in time. The feed tries again with growing pauses',
  OperationTimeoutError: 'the namespace did not answer in time. The feed tries again with growing pauses',
  OperationCancelledError: 'the namespace broke off. The feed tries again with growing pauses',
  InternalServerError: 'the namespace failed. The feed tries again with growing pauses',
  SenderBusyError: 'the namespace takes no more events now. The feed tries again with growing pauses',
  SenderNotReadyError: 'the link is not ready. The feed tries again with growing pauses',
  InsufficientCreditError: 'the namespace takes no more events now. The feed tries again with growing pauses',
  SendOperationFailedError: 'the link was closed while a batch was sent. The feed tries again with growing pauses',
  LinkClosedError: 'the link was closed while batches were on their way. The feed tries again with growing pauses',
  DetachForcedError: 'the namespace closed the link. The feed tries again with growing pauses',
  ConnectionForcedError: 'the connection broke, or nothing listens at that address. Check `namespace` and the network',
  ENOTFOUND: 'the name of the namespace cannot be resolved. Correct `namespace`, or check the name service',
  ECONNREFUSED: 'nothing listens at that address. Correct `namespace`',
  ETIMEDOUT: 'the namespace cannot be reached at port 5671. Check the network, its firewall and private endpoints',
  ProtocolError: 'what answers there is no event hub. Correct `namespace`, or check the proxies on the way',
  ERR_SSL_WRONG_VERSION_NUMBER:
    'what answers there speaks no TLS. Correct `namespace`, or check the proxies on the way',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name. Correct `namespace`',
}

/** @param place as `contoso.servicebus.windows.net/records`. */
export function explainEventHubError(error: unknown, place: string): Error {
  const [cause, code] = causeOf(error)
  const missing = explainMissingToken(cause, place)
  if (missing !== null) return missing
  const name = code ?? nameOf(cause)
  const text = `${place}: ${adviceByCode[name] ?? networkAdvice(name) ?? 'the request failed'} (${name}).`
  return code === 'ServerBusyError' ? new RetryLaterError(text, busyMs) : new Error(text)
}

/** The library bundles the errors of several attempts, and hides those of the system in others. */
function causeOf(error: unknown): readonly [cause: unknown, code: string | null] {
  let cause = error
  for (let depth = 0; depth < 8 && cause instanceof AggregateError; depth += 1) cause = cause.errors.at(-1)
  return [cause, shownCode(cause)]
}

/** An opening that takes too long has no name of its own. */
function nameOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'an unknown error'
  if (cause.name === 'Error' && /operation timeout|timed out/i.test(cause.message)) return 'OperationTimeoutError'
  return /^[A-Za-z0-9_]{1,64}$/.test(cause.name) ? cause.name : 'an unknown error'
}
