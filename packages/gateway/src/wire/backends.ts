/**
 * The kinds of backends, a row each: their addresses, their header fields for keys and figures, and the words of their
 * errors. Shared code asks the row of the instance and never compares the name of a kind.
 */
import { type AnswerError, noError } from './answer-error.ts'

/** The address of a call on a backend, in checked parts. `resolve` reads it from the client's URL. */
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

/**
 * Fields of an answer about limits, as OpenAI names them; every kind of backend uses these names. The gateway reports
 * its own limits in the same fields.
 */
export const limitFields = {
  prefix: 'x-ratelimit-',
  limitTokens: 'x-ratelimit-limit-tokens',
  remainingTokens: 'x-ratelimit-remaining-tokens',
  resetTokens: 'x-ratelimit-reset-tokens',
  limitRequests: 'x-ratelimit-limit-requests',
  remainingRequests: 'x-ratelimit-remaining-requests',
  resetRequests: 'x-ratelimit-reset-requests',
} as const

export interface BackendFacts {
  /** As `instances.X.kind` has it. */
  readonly kind: string
  /** The kind as refusals and warnings name it. */
  readonly title: string
  /** The kind as OpenTelemetry names it: `gen_ai.provider.name`. */
  readonly provider: string
  /** False for the kind that an instance has unless the configuration says otherwise: reports name only the others. */
  readonly isNamed: boolean
  /**
   * Path and query of an operation on the backend.
   * @param deployment name of the deployment on this backend, where the address names one and it differs; null leaves
   *   it as it is.
   */
  path(address: Address, deployment: string | null): string
  /** False where `model` in the body decides in every form of address. */
  readonly deploymentInAddress: boolean
  /** Lists models, is not billed, and is refused without a valid credential. */
  readonly probePath: string
  /** The header field that carries an API key. */
  keyField(key: string): { readonly name: string; readonly value: string }
  /** Entra audiences whose tokens the backend accepts, without a trailing slash; empty where only a key signs in. */
  readonly tokenAudiences: ReadonlySet<string>
  /** Fields of an answer that hold its request id, the best one first. */
  readonly requestIds: readonly string[]
  /** Field with the utilisation of provisioned throughput, in percent; null where none is reported. */
  readonly utilization: string | null
  /**
   * Beginning of the field that names the deployment from which the backend itself spilled the call over; null where it
   * never does.
   */
  readonly spilledFromPrefix: string | null
  /** True when this version of the API accepts `stream_options.include_usage`. */
  takesUsageOptions(apiVersion: string | null, isV1: boolean): boolean
  /** Members of a JSON body and request fields that this kind does not have. */
  readonly lacks: { readonly members: readonly string[]; readonly fields: readonly string[] }
  /** Request fields that only this kind knows and that are harmless: they choose, sign in and address nothing. */
  readonly forwarded: readonly string[]
  /** Request fields that never reach this kind: they would choose who pays. */
  readonly withheld: readonly string[]
  /**
   * Request fields that would choose another deployment than the one that was authorised. They can never be forwarded.
   */
  readonly choosingFields: readonly string[]
  /** Fields of an answer that would lead a client past the gateway. They do not come back. */
  readonly notReturned: readonly string[]
  /** Fields of an answer that pages in a browser may read. */
  readonly shownToPages: readonly string[]
  /** True when the answer says that the backend does not have the deployment. */
  lacksDeployment(status: number, error: AnswerError): boolean
  /**
   * True when the answer says that the backend has nothing at this address: it does not know the version or the
   * operation.
   */
  lacksAddress(status: number, error: AnswerError): boolean
  /** True where servers of this kind may offer only a part of the API. */
  readonly mayLackOperations: boolean
  /** Statuses of answers that may be about the gateway's own account instead of the call; the body says which. */
  readonly refusing: ReadonlySet<number>
  /**
   * Says what an answer refuses that is about the gateway's own account and not about the call.
   * @param error null when the body is not known.
   * @returns null when the answer is not about the account.
   */
  refusal(status: number, error: AnswerError | null): RefusalScope | null
}

/**
 * `backend`: every call is refused, for a wrong key, an account that is disabled or has no credit left, a network rule.
 * `operation`: the credential is valid, but not for what this call asks for. `unknown`: it may be either.
 */
export type RefusalScope = 'backend' | 'operation' | 'unknown'

/**
 * Names the deployment on which the Responses tool `image_generation` runs. It is checked like `model`, and passed on
 * when allowed.
 */
export const imageDeploymentField = 'x-ms-oai-image-generation-deployment'

const azureResource =
  /^(authenticationtypedisabled|authorizationfailed|accountdisabled|resourceblocked|subscription\w+)$/i
const azureNetwork = /virtual network|firewall|private endpoint|public (network )?access|trusted service/i

const azureOpenAI = {
  kind: 'azure-openai',
  title: 'Azure OpenAI',
  provider: 'azure.ai.openai',
  isNamed: false,
  deploymentInAddress: true,
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
  takesUsageOptions: azureTakesUsageOptions,
  lacks: { members: [], fields: [] },
  withheld: [],
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
  // All operations for objects exist everywhere; a version or a region may lack newer ones.
  mayLackOperations: false,
  refusing: new Set([401, 403]),
  refusal(status, error) {
    if (status === 401) return 'backend'
    if (status !== 403) return null
    return azureResource.test(error?.code ?? '') || azureNetwork.test(error?.message ?? '') ? 'backend' : 'unknown'
  },
} as const satisfies BackendFacts

/**
 * Members with data sources (Azure OpenAI On Your Data), in every spelling; versions before 2023-12-01-preview have
 * `dataSources`. They may hold the caller's key for a search service.
 */
export const dataSourceMembers = ['data_sources', 'dataSources'] as const
/** Members of a batch that is read from blob storage and written there. */
export const blobMembers = ['input_blob', 'output_folder'] as const
/** Members of bodies that only Azure OpenAI takes. */
const azureMembers = [...dataSourceMembers, 'user_security_context', ...blobMembers]
/** "The model `x` does not exist": vLLM and other servers, whose `code` is the status. */
const modelDoesNotExist = /^The model [`'"].{1,256}[`'"] does not exist/s
/** Codes and types of errors about the key or the account as a whole. */
const openAIAccount =
  /^(invalid_api_key|unsupported_country_region_territory|ip_not_authorized|account_deactivated|organization_deactivated|project_archived)$/
/** A 429 is either throttling or an account without credit; some compatible servers answer 402 to the latter. */
const openAIRefusing: ReadonlySet<number> = new Set([401, 402, 403, 429])
/** The account has no credit left, or has reached a limit of spending: only a person can change that. */
const openAIBilling =
  /^(insufficient_quota|credit_balance_exhausted|(organization|project)_(spend|usage)_limit_exceeded|billing_hard_limit_reached|billing_not_active)$/

/** OpenAI itself, and servers that offer the same API: vLLM and others. */
const openAI = {
  kind: 'openai',
  title: 'OpenAI',
  provider: 'openai',
  isNamed: true,
  deploymentInAddress: false,
  path({ below, query }) {
    const rest = query.includes('api-version') ? withoutApiVersion(query) : query
    return rest === '' ? `/v1/${below}` : `/v1/${below}?${rest}`
  },
  probePath: '/v1/models',
  keyField: key => ({ name: 'authorization', value: `Bearer ${key}` }),
  tokenAudiences: new Set<string>(),
  requestIds: ['x-request-id'],
  utilization: null,
  spilledFromPrefix: null,
  takesUsageOptions: () => true,
  lacks: { members: azureMembers, fields: [imageDeploymentField] },
  // An account's key may reach several organisations and projects.
  withheld: ['openai-organization', 'openai-project'],
  forwarded: [],
  choosingFields: [],
  // The operator's account, and the edge of OpenAI's network.
  notReturned: ['openai-organization', 'openai-project', 'cf-ray', 'cf-cache-status'],
  shownToPages: ['x-request-id', 'openai-processing-ms'],
  // 404 model_not_found, on some paths 400; 403 with the same code where the key's project may not use the model.
  lacksDeployment(status, { code, message, param }) {
    if (status !== 404 && status !== 403 && status !== 400) return false
    // Another member may name a model too, as that of a tool.
    if (param !== null && param !== '' && param !== 'model') return false
    return code === 'model_not_found' || (status === 404 && message !== null && modelDoesNotExist.test(message))
  },
  // "Invalid URL (POST /v1/x)"; FastAPI's "Not Found" of servers that offer only a part of the API.
  lacksAddress: (status, { code, message }) =>
    status === 404 && code === null && message !== null && /^(Invalid URL \(|Not Found$)/.test(message),
  mayLackOperations: true,
  refusing: openAIRefusing,
  refusal(status, error) {
    if (!openAIRefusing.has(status)) return null
    const { code, type, message } = error ?? noError
    if (openAIBilling.test(code ?? '') || openAIBilling.test(type ?? '')) return 'backend'
    if (status === 429) return null
    if (error === null) return 'unknown'
    if (openAIAccount.test(code ?? '')) return 'backend'
    // The answer to a restricted key, with a 401: "Missing scopes: api.responses.write".
    if (message !== null && /\bmissing scopes?:/i.test(message)) return 'operation'
    // vLLM answers a wrong key with a 401 that has neither.
    return status === 401 && code === null && message === null ? 'backend' : 'unknown'
  },
} as const satisfies BackendFacts

export const backends = { 'azure-openai': azureOpenAI, openai: openAI } as const satisfies Record<string, BackendFacts>

export type BackendKind = keyof typeof backends

export const allBackends: readonly BackendFacts[] = Object.values(backends)

export function backendOf(kind: BackendKind): BackendFacts {
  return backends[kind]
}

/** Members of a body that some kind of backend lacks. */
export const membersOfSomeKinds: readonly string[] = [...new Set(allBackends.flatMap(({ lacks }) => lacks.members))]

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

/** The query without the version, which this API does not have. */
function withoutApiVersion(query: string): string {
  return query
    .split('&')
    .filter(pair => !/^api-version(=|$)/.test(pair))
    .join('&')
}

/**
 * Dated versions accept it from
 * 2024-09-01-preview on and answer 400 before; v1 accepts it. It is refused together with `data_sources` ("on your
 * data").
 */
function azureTakesUsageOptions(apiVersion: string | null, isV1: boolean): boolean {
  if (isV1 || apiVersion === null) return isV1
  return !/^\d{4}-\d{2}-\d{2}/.test(apiVersion) || apiVersion.slice(0, 10) >= '2024-09-01'
}
