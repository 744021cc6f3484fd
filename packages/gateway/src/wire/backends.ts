/**
 * How each kind of backend does it, a row each. Shared code asks the row of the instance and never compares the name of a kind.
 * Each fact is here once: addresses, the header fields for keys and figures, the words of refusals.
 */
import type { AnswerError } from './answer-error.ts'

/** Where a call goes on a backend, in checked parts; `resolve` reads it from the client's URL. */
export interface Address {
  /** True for `/openai/v1/…` and `/v1/…`; false for the dated API. */
  readonly isV1: boolean
  /** The deployment that the address names (`/deployments/{name}/`); null where the body names it, or nothing does. */
  readonly deployment: string | null
  /** The operation's own path, encoded: `chat/completions`, `files/file-1/content`. */
  readonly below: string
  /** The query as the client wrote it, without `?`. */
  readonly query: string
}

/** Header fields of an answer, names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Fields of an answer about limits, as OpenAI names them. The gateway reports its own limits in the same fields. */
export const limitFields = {
  prefix: 'x-ratelimit-',
  limitTokens: 'x-ratelimit-limit-tokens',
  remainingTokens: 'x-ratelimit-remaining-tokens',
  resetTokens: 'x-ratelimit-reset-tokens',
  limitRequests: 'x-ratelimit-limit-requests',
  remainingRequests: 'x-ratelimit-remaining-requests',
  resetRequests: 'x-ratelimit-reset-requests',
} as const
export type LimitFields = typeof limitFields

export interface BackendFacts {
  readonly kind: string
  /**
   * Path and query of an operation on the backend.
   * @param deployment name of the deployment on this backend, where the address names one and it differs; null leaves it as it is.
   */
  path(address: Address, deployment: string | null): string
  /** Lists models, is not billed, and is refused without a valid credential. */
  readonly probePath: string
  /** The header field that carries an API key. */
  keyField(key: string): { readonly name: string; readonly value: string }
  /** Entra audiences whose tokens the backend accepts, without a trailing slash. */
  readonly tokenAudiences: ReadonlySet<string>
  /** Fields of an answer that hold its request id, the best one first. */
  readonly requestIds: readonly string[]
  /** Field with the utilisation of provisioned throughput, in percent; null where none is reported. */
  readonly utilization: string | null
  /** Beginning of the field that names the deployment from which the backend itself spilled the call over; null where it never does. */
  readonly spilledFromPrefix: string | null
  /** Fields about the backend's own limits. */
  readonly limits: LimitFields
  /** Request fields that only this kind knows and that are harmless: they choose, sign in and address nothing. */
  readonly forwarded: readonly string[]
  /** Request fields that would choose another deployment than the one that was authorised. They can never be forwarded. */
  readonly choosingFields: readonly string[]
  /** Fields of an answer that would lead a client past the gateway. They do not come back. */
  readonly notReturned: readonly string[]
  /** Fields of an answer that pages in a browser may read. */
  readonly shownToPages: readonly string[]
  /** True when the answer says that the backend does not have the deployment. */
  lacksDeployment(status: number, error: AnswerError): boolean
  /** True when the answer says that the backend has nothing at this address: it does not know the version or the operation. */
  lacksAddress(status: number, error: AnswerError): boolean
  /** True when a 403 concerns the whole backend, whatever is asked for: a disabled account, a network rule. */
  refusesAll(error: AnswerError): boolean
}

/** Names the deployment on which the Responses tool `image_generation` runs. It is checked like `model`, and passed on when allowed. */
export const imageDeploymentField = 'x-ms-oai-image-generation-deployment'

const azureResource =
  /^(authenticationtypedisabled|authorizationfailed|accountdisabled|resourceblocked|subscription\w+)$/i
const azureNetwork = /virtual network|firewall|private endpoint|public (network )?access|trusted service/i

const azureOpenAI = {
  kind: 'azure-openai',
  path({ isV1, deployment, below, query }, name) {
    const under = deployment === null ? '' : `deployments/${encodeURIComponent(name ?? deployment)}/`
    const path = `${isV1 ? '/openai/v1/' : '/openai/'}${under}${below}`
    return query === '' ? path : `${path}?${query}`
  },
  probePath: '/openai/models?api-version=2024-10-21',
  keyField: key => ({ name: 'api-key', value: key }),
  // In the public and the sovereign clouds.
  tokenAudiences: new Set([
    'https://cognitiveservices.azure.com',
    'https://ai.azure.com',
    'https://cognitiveservices.azure.us',
    'https://ai.azure.us',
    'https://cognitiveservices.azure.cn',
  ]),
  // The first is the one that Microsoft's support asks for.
  requestIds: ['apim-request-id', 'x-request-id'],
  utilization: 'azure-openai-deployment-utilization',
  spilledFromPrefix: 'x-ms-spillover-from-',
  limits: limitFields,
  forwarded: [
    'x-ms-client-request-id',
    'x-ms-return-client-request-id',
    'x-ms-date',
    'x-ms-useragent',
    'x-ms-user-agent',
    'aoai-evals',
    imageDeploymentField,
  ],
  choosingFields: ['x-ms-spillover-deployment', 'azureml-model-deployment'],
  notReturned: ['operation-location', 'azure-asyncoperation'],
  shownToPages: [
    'apim-request-id',
    'x-request-id',
    'x-ms-client-request-id',
    'x-ms-region',
    'x-ms-served-model',
    'openai-processing-ms',
  ],
  // 404 DeploymentNotFound, or 400 "missing deployment".
  lacksDeployment(status, { code, message }) {
    if (status !== 404 && status !== 400) return false
    return code === 'DeploymentNotFound' || (message !== null && /^missing deployment\b/i.test(message))
  },
  lacksAddress: (status, { code, message }) =>
    status === 404 && code === '404' && message !== null && /^resource not found\b/i.test(message),
  refusesAll: ({ code, message }) => azureResource.test(code ?? '') || azureNetwork.test(message ?? ''),
} as const satisfies BackendFacts

export const backends = { 'azure-openai': azureOpenAI } as const satisfies Record<string, BackendFacts>

export type BackendKind = keyof typeof backends

export const allBackends: readonly BackendFacts[] = Object.values(backends)

/** First value of a header field; null where it is absent. */
export function firstValue(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null
}

/** The id by which the backend's operator finds the request; null where the answer has none. */
export function requestIdIn(headers: AnswerHeaders, { requestIds }: BackendFacts): string | null {
  for (const name of requestIds) {
    const id = firstValue(headers[name])
    if (id !== null) return id
  }
  return null
}

const nameCharactersMax = 64

/** The deployment from which the backend itself spilled the call over; null for nearly every answer. */
export function spilledFrom(headers: AnswerHeaders, { spilledFromPrefix }: BackendFacts): string | null {
  if (spilledFromPrefix === null) return null
  for (const name in headers) {
    if (!name.startsWith(spilledFromPrefix)) continue
    // `…-deployment: NAME` as captures have it, or `…-NAME` as the documentation does.
    const rest = name.slice(spilledFromPrefix.length)
    const value = firstValue(headers[name])
    return (rest === 'deployment' && value !== null ? value : rest).slice(0, nameCharactersMax)
  }
  return null
}
