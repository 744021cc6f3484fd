/** Rules of the addresses that feeds send to. */
import { isIP } from 'node:net'
import { addressClass } from '../../addresses.ts'
import { resourceOf } from '../../insights-resource.ts'
import { type Path, printable } from '../messages.ts'
import type { Config } from '../schema/index.ts'
import { conflict, type Notes, refuseDuplicates, shown, warnWritten } from './notes.ts'
import { isLoopback } from './stores.ts'
import { checkUrl } from './urls.ts'

type FeedConfig = Config['feeds'][string]

/** The account is named once: by its address or by a connection string. */
export function checkAccount(
  { account, credential }: FeedConfig & { readonly kind: 'blob' },
  path: Path,
  notes: Notes,
): void {
  const isNamed = typeof credential === 'object' && 'connectionString' in credential
  if (account === undefined) {
    const expected = 'its address, as https://contoso.blob.core.windows.net, or a connection string'
    if (!isNamed) conflict(notes, path, 'no account', expected)
    return
  }
  if (isNamed) conflict(notes, path, shown(account, path, notes), 'no account: the connection string names it')
  const origin = checkUrl(account, path, { path: true }, notes)
  const usesTokens =
    credential === 'managed-identity' || (typeof credential === 'object' && 'managedIdentity' in credential)
  if (usesTokens && origin?.startsWith('http:'))
    conflict(notes, path, shown(account, path, notes), 'https: a managed identity sends no token over plain http')
}

/**
 * The host of a webhook is the operator's. A private one is named twice, so that another address does not inherit the
 * allowance. What names resolve to is checked at each connection.
 */
export function checkReceiver(
  { url, privateHost }: FeedConfig & { readonly kind: 'webhook' },
  path: Path,
  notes: Notes,
): void {
  if (checkUrl(url, [...path, 'url'], { path: true, query: true }, notes) === null) return
  const { hostname } = new URL(url)
  if (privateHost !== undefined && privateHost !== hostname)
    conflict(notes, [...path, 'privateHost'], printable(privateHost), 'the host of `url` as it is there, or nothing')
  const literal = hostname.replace(/^\[|\]$/g, '')
  const found = isIP(literal) === 0 ? 'public' : addressClass(literal)
  if (found === 'never')
    conflict(
      notes,
      [...path, 'url'],
      hostname,
      'an address of a host; this one is link-local, reserved or for metadata',
    )
  if (found === 'private' && privateHost !== hostname)
    conflict(notes, [...path, 'url'], hostname, 'a public address, or the private one in `privateHost` as well')
}

type CollectorConfig = Pick<FeedConfig & { readonly kind: 'otlp' }, 'url' | 'protocol' | 'insecure' | 'credential'>

/** A collector may be in a network of its own, without TLS, where the configuration says so; never with a secret. */
export function checkCollector(
  { url, protocol, insecure, credential }: CollectorConfig,
  path: Path,
  notes: Notes,
): void {
  const at = [...path, 'url']
  const isPlain = url.startsWith('http:')
  const checked = insecure && isPlain ? url.replace('http:', 'https:') : url
  if (checkUrl(checked, at, { path: true, query: true }, notes) === null) return
  const { hostname, pathname, search } = new URL(url)
  if (protocol === 'grpc' && pathname + search !== '/')
    conflict(notes, at, shown(url, at, notes), 'the collector without a path: gRPC names the service by itself')
  checkReachable(hostname, at, notes)
  if (isPlain && credential !== undefined && !isLoopback(hostname))
    conflict(notes, at, shown(url, at, notes), 'https: without it the credential travels in clear')
}

/** A host of the operator's own may be private, but not an address that is never one of a host. */
function checkReachable(hostname: string, at: Path, notes: Notes): void {
  const literal = hostname.replace(/^\[|\]$/g, '')
  if (isIP(literal) !== 0 && addressClass(literal) === 'never')
    conflict(notes, at, hostname, 'an address of a host; this one is link-local, reserved or for metadata')
}

/** The endpoint in the connection string. What names resolve to is checked at each connection. */
export function checkConnectionString(
  {
    connectionString,
    credential,
  }: Pick<FeedConfig & { readonly kind: 'application-insights' }, 'connectionString' | 'credential'>,
  path: Path,
  notes: Notes,
): void {
  const at = [...path, 'connectionString']
  // Where an identity signs in, the text says where to send to.
  warnWritten(credential === 'connection-string', at, notes)
  const resource = resourceOf(connectionString)
  if (resource === null) {
    const expected =
      'InstrumentationKey=GUID;IngestionEndpoint=https://REGION.in.applicationinsights.azure.com/, as the resource shows it'
    conflict(notes, at, 'another text', expected)
    return
  }
  const { hostname, protocol } = new URL(resource.endpoint)
  checkReachable(hostname, at, notes)
  if (protocol === 'http:' && !isLoopback(hostname))
    conflict(notes, at, hostname, 'an IngestionEndpoint with https: what is sent must not travel in clear')
}

/** What would let others on the way sign in as the gateway needs TLS; SCRAM sends no password. */
export function checkBrokers(
  { brokers, tls, credential }: Pick<FeedConfig & { kind: 'kafka' }, 'brokers' | 'tls' | 'credential'>,
  path: Path,
  notes: Notes,
): void {
  refuseDuplicates(brokers, [...path, 'brokers'], notes)
  const isOpen = typeof credential === 'object' && 'mechanism' in credential && credential.mechanism !== 'plain'
  const isNear = brokers.every(broker => isLoopback(broker.replace(/:\d+$/, '')))
  if (tls === false && credential !== undefined && !isOpen && !isNear)
    conflict(notes, [...path, 'tls'], 'false', 'TLS: without it the credential travels in clear')
}

/** The namespace is named once, and so is the hub: a connection string may name both. */
export function checkNamespace(
  feed: Pick<FeedConfig & { kind: 'event-hubs' }, 'namespace' | 'hub' | 'credential'>,
  path: Path,
  notes: Notes,
): void {
  const { namespace, hub, credential } = feed
  const at = [...path, 'namespace']
  if (typeof credential !== 'object' || !('connectionString' in credential)) {
    if (namespace === undefined)
      conflict(notes, at, 'no namespace', 'its host, as contoso.servicebus.windows.net, or a connection string')
    return
  }
  if (namespace !== undefined)
    conflict(notes, at, shown(namespace, at, notes), 'no namespace: the connection string names it')
  const named = /(?:^|;)\s*EntityPath=([^;]+)/i.exec(credential.connectionString)?.[1]
  if (named !== undefined && named.toLowerCase() !== hub.toLowerCase())
    conflict(
      notes,
      [...path, 'hub'],
      shown(hub, [...path, 'hub'], notes),
      'the hub that the connection string names in EntityPath, or a connection string of the namespace',
    )
}
