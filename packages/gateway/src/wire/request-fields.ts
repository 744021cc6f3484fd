/**
 * Decides which header fields of a request may reach an instance. Azure lets header fields choose another deployment or
 * another content filter, and the gateway adds its credential to the call: so only fields that are known to be harmless
 * pass.
 */

import { allBackends, type BackendFacts, imageDeploymentField } from './backends.ts'

/** Fields that concern only one connection: RFC 9110 section 7.6.1. */
export const hopByHop: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]

/**
 * Fields that pass as they come: those of the answer's form, of tracing and of the SDKs. Each kind of backend adds its
 * own (`forwarded`).
 */
const harmless: readonly string[] = [
  'content-type',
  'content-encoding',
  'content-language',
  'content-disposition',
  'content-md5',
  'content-digest',
  'accept',
  'accept-language',
  'cache-control',
  'date',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'idempotency-key',
  'prefer',
  'range',
  'user-agent',
  'client-request-id',
  'x-client-request-id',
  'traceparent',
  'tracestate',
  'openai-beta',
  'openai-organization',
  'openai-project',
  'x-stainless-arch',
  'x-stainless-async',
  'x-stainless-helper-method',
  'x-stainless-lang',
  'x-stainless-os',
  'x-stainless-package-version',
  'x-stainless-poll-helper',
  'x-stainless-read-timeout',
  'x-stainless-retry-count',
  'x-stainless-runtime',
  'x-stainless-runtime-version',
  'x-stainless-timeout',
]

/** Prefixes of families to which every SDK version adds members. */
const harmlessPrefixes: readonly string[] = ['content-', 'openai-', 'x-stainless-']

/** Words in the names of fields that choose, sign in or address: no member of a family passes with one of them. */
const choosing =
  /deployment|model|policy|policies|override|auth|credential|secret|token|key|cookie|url|host|base|endpoint/

/** Reasons why a field can never be listed in `gateway.forwardHeaders`. Names in lower case. */
const neverNames: ReadonlyMap<string, string> = new Map<string, string>([
  ...hopByHop.map((name): [string, string] => [name, 'belongs to one connection']),
  ...['host', 'content-length', 'expect', 'accept-encoding'].map((name): [string, string] => [
    name,
    'is set by the gateway',
  ]),
  ...[
    'authorization',
    'api-key',
    'x-api-key',
    'ocp-apim-subscription-key',
    'cookie',
    'set-cookie',
    'x-functions-key',
    'x-ms-authorization-auxiliary',
  ].map((name): [string, string] => [name, 'is a credential; the gateway signs in itself']),
  ...[
    'forwarded',
    'via',
    'x-client-ip',
    'x-cluster-client-ip',
    'x-host',
    'x-original-host',
    'x-original-url',
    'x-real-ip',
    'x-rewrite-url',
    'true-client-ip',
    'cf-connecting-ip',
  ].map((name): [string, string] => [name, 'says where a client and its proxies are, or another address']),
  ...['x-http-method', 'x-http-method-override', 'x-method-override'].map((name): [string, string] => [
    name,
    'makes another call of the one that was allowed',
  ]),
  ...allBackends
    .flatMap(({ choosingFields }) => choosingFields)
    .map((name): [string, string] => [name, 'names another deployment, past what workloads may use']),
  [imageDeploymentField, 'passes without being listed: it is checked against the deployments of the workload'],
])

const neverPrefixes: readonly (readonly [string, string])[] = [
  ['proxy-', 'belongs to one connection'],
  ['x-forwarded-', 'says where a client and its proxies are'],
  ['x-gatehouse-', 'is the gateway’s own'],
  ['x-ms-client-principal', 'says who the caller is; the gateway has verified that itself'],
  ['x-ms-token-', 'is a credential; the gateway signs in itself'],
]

/**
 * The reason why an operator cannot let this field pass; null where the operator may decide. @param name in lower case
 */
export function neverForwarded(name: string): string | null {
  return neverNames.get(name) ?? neverPrefixes.find(([prefix]) => name.startsWith(prefix))?.[1] ?? null
}

/** For a kind of backend: decides whether a field, by its name in lower case, passes to it. */
export type Forwards = (backend: BackendFacts) => (name: string) => boolean

/** @param listed `gateway.forwardHeaders`: further names, in lower case, that pass. */
export function compileForwards(listed: readonly string[]): Forwards {
  const ofOperator = listed.filter(name => neverForwarded(name) === null)
  const compiled = new Map(allBackends.map(backend => [backend, forwardsTo(backend, ofOperator)]))
  return backend => compiled.get(backend) ?? forwardsTo(backend, ofOperator)
}

function forwardsTo(
  { forwarded, withheld, lacks }: BackendFacts,
  ofOperator: readonly string[],
): (name: string) => boolean {
  const never: ReadonlySet<string> = new Set([...withheld, ...lacks.fields])
  // One look-up finds nearly every name of nearly every call.
  const known = new Set([...harmless, ...forwarded, ...ofOperator].filter(name => !never.has(name)))
  return name => known.has(name) || (isOfFamily(name) && !never.has(name))
}

function isOfFamily(name: string): boolean {
  return (
    harmlessPrefixes.some(prefix => name.startsWith(prefix)) && !choosing.test(name) && neverForwarded(name) === null
  )
}
