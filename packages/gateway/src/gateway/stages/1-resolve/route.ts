/**
 * Routes: the grammar of addresses. Whether the named target and workload exist is decided by `authorize`, so that no
 * caller learns names without a token.
 */
import { type Address, allBackends } from '../../../wire/backends.ts'
import { type AddressForm, findOperation, type Operation } from '../../../wire/operations.ts'
import { Refusal } from '../../refusals.ts'
import { decodeSegment, splitPath, splitUrl } from './path.ts'

export interface Route {
  readonly operation: Operation
  /** From the address; null in the short forms, where the caller's workload decides. */
  readonly target: string | null
  readonly workload: string | null
  /** From the address (`/deployments/{name}/`); null when the body names it or there is none. */
  readonly deployment: string | null
  /** Value of the first `{id}` in the operation's path; null when it has none. */
  readonly objectId: string | null
  readonly isV1: boolean
  readonly apiVersion: string | null
  /** True when every kind of backend accepts `stream_options.include_usage` in this version of the API. */
  readonly includeUsageAccepted: boolean
  /** The checked parts of which each kind of backend makes its own path. */
  readonly address: Address
}

export const namePattern = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/
/** Credentials that Azure also takes from the query. They end up in access logs, so none is accepted there. */
const credentialParameters = new Set(['api-key', 'subscription-key', 'ocp-apim-subscription-key', 'access_token'])

const forms = 'Use /TARGET/WORKLOAD/openai/…, /openai/… or /v1/…; /openapi.json lists the operations.'

function nothingAt(path: string): Refusal {
  return new Refusal('route_unknown', { path, advice: forms })
}

/** @throws Refusal path_malformed, route_unknown, method_not_allowed, credential_in_query */
export function findRoute(method: string, url: string): Route {
  const { path, query } = splitUrl(url)
  // A person who opens the endpoint in a browser gets this refusal: it says which addresses there are.
  if (path === '/') throw nothingAt(path)
  const segments = splitPath(path)
  const place = splitAddress(segments, path)
  const operation = findOperation(place.rest, method, formOf(place))
  if (operation === null) throw nothingAt(path)
  if (!operation.methods.includes(method)) {
    const allowed = operation.methods.join(', ')
    throw new Refusal('method_not_allowed', { operation: operation.name, allowed, method })
  }
  const apiVersion = readQuery(query)
  return {
    operation,
    target: place.target,
    workload: place.workload,
    deployment: place.deployment,
    objectId: place.rest[operation.idAt] ?? null,
    isV1: place.isV1,
    apiVersion,
    includeUsageAccepted: allBackends.every(backend => backend.takesUsageOptions(apiVersion, place.isV1)),
    address: {
      isV1: place.isV1,
      deployment: place.deployment,
      below: place.rest.map(encodeURIComponent).join('/'),
      query,
    },
  }
}

interface AddressParts {
  readonly target: string | null
  readonly workload: string | null
  readonly isV1: boolean
  readonly deployment: string | null
  /** Decoded segments of the operation. */
  readonly rest: readonly string[]
}

function formOf({ isV1, deployment }: AddressParts): AddressForm {
  if (isV1) return 'v1'
  return deployment === null ? 'dated' : 'deployment'
}

/** Reads the three forms: `/{target}/{workload}/openai/…`, `/openai/…`, `/v1/…`. */
function splitAddress(segments: readonly string[], path: string): AddressParts {
  const short = segments[0] === 'openai' || segments[0] === 'v1'
  const names = short ? { target: null, workload: null } : readNames(segments, path)
  const below = short ? segments : segments.slice(2)
  if (below[0] !== 'openai' && !(short && below[0] === 'v1')) throw nothingAt(path)
  const inside = below[0] === 'openai' ? below.slice(1) : below
  const isV1 = inside[0] === 'v1'
  const rest = isV1 ? inside.slice(1) : inside
  if (!isV1 && rest[0] === 'deployments' && rest.length > 2) {
    return { ...names, isV1, deployment: rest[1] as string, rest: rest.slice(2) }
  }
  return { ...names, isV1, deployment: null, rest }
}

function readNames(segments: readonly string[], path: string): { target: string; workload: string } {
  const [target, workload] = segments
  if (segments.length < 4 || target === undefined || workload === undefined) {
    throw nothingAt(path)
  }
  for (const name of [target, workload]) {
    if (!namePattern.test(name)) throw new Refusal('path_malformed', { reason: `"${name}" is not a name` })
  }
  return { target, workload }
}

/** @returns api-version, null when there is none. */
function readQuery(query: string): string | null {
  if (query === '') return null
  // The query of nearly every call. Any other query is parsed in full.
  const plain = /^api-version=([A-Za-z0-9.-]{1,64})$/.exec(query)
  if (plain) return plain[1] as string
  if (/[^\x21-\x7e]/.test(query))
    throw new Refusal('path_malformed', { reason: 'the query has characters that must be encoded' })
  let apiVersion: string | null = null
  for (const pair of query.split('&')) {
    const [rawName = '', rawValue = ''] = pair.split('=', 2)
    const name = decodeSegment(rawName.replaceAll('+', ' '))
    if (credentialParameters.has(name.toLowerCase())) throw new Refusal('credential_in_query', { parameter: name })
    if (name === 'api-version') {
      if (apiVersion !== null) throw new Refusal('path_malformed', { reason: 'api-version stands twice' })
      apiVersion = decodeSegment(rawValue)
    }
  }
  return apiVersion
}
