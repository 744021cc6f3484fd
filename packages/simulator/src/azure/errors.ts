/**
 * Azure's error answers, as its services send them. The bodies come from recorded answers in public issue threads and
 * from Microsoft's troubleshooting pages. The service uses several shapes, so each answer is a function of its own
 * here.
 */

/** An answer that is not a success. `message` is the public text, `body` is what is sent. */
export class AzureError extends Error {
  /** HTTP status. */
  readonly status: number
  /** The `code` in the body, or the status as text when the body has none. */
  readonly code: string
  /** A value that is sent as JSON, or a text that is sent as it is. */
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>
  constructor(status: number, code: string, message: string, body: unknown, headers: Record<string, string> = {}) {
    super(message)
    this.name = 'AzureError'
    this.status = status
    this.code = code
    this.body = body
    this.headers = headers
  }
}

function coded(status: number, code: string, message: string, headers: Record<string, string> = {}): AzureError {
  return new AzureError(status, code, message, { error: { code, message } }, headers)
}

/** The shape of the model's own front end: `{error: {message, type, param, code}}`, with status 400 by default. */
export function invalidRequest(message: string, param: string | null, code: string | null): AzureError {
  return new AzureError(400, code ?? 'invalid_request_error', message, {
    error: { message, type: 'invalid_request_error', param, code },
  })
}

/** Deployments of other makers check bodies by a schema of their own and have messages of their own: 422. */
export function extraForbidden(member: string, input: unknown): AzureError {
  const names = typeof input === 'object' && input !== null ? Object.keys(input) : []
  const detail = [member, ...names].map(name => `'${name}'`).join(', ')
  const message = `[{'type': 'extra_forbidden', 'loc': ('body', '${member}'), 'msg': 'Extra inputs are not permitted', 'input': (${detail})}]`
  return new AzureError(422, 'Invalid input', message, { error: { code: 'Invalid input', message, status: 422 } })
}

/** For unknown paths, unknown methods, and a missing or unknown `api-version`. */
export const resourceNotFound = (): AzureError => coded(404, '404', 'Resource not found')

export const deploymentNotFound = (): AzureError =>
  coded(
    404,
    'DeploymentNotFound',
    'The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.',
  )

export const missingDeployment = (): AzureError =>
  coded(400, 'BadRequest', 'Missing deployment: the request names no deployment that this resource has.')

export const badRequest = (message: string): AzureError => coded(400, 'BadRequest', message)

/** For a missing token, or one that does not verify. The endpoint's API decides which audience the text names. */
export function tokenRefused(isV1: boolean): AzureError {
  const audience = isV1 ? 'https://ai.azure.com' : 'https://cognitiveservices.azure.com'
  const message = `Unauthorized. Access token is missing, invalid, audience is incorrect (${audience}), or have expired.`
  return new AzureError(401, '401', message, { statusCode: 401, message })
}

export const keyRefused = (): AzureError =>
  coded(
    401,
    '401',
    'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.',
  )

/** For a principal that is known and has no role with `dataAction`. */
export function permissionDenied(objectId: string, dataAction: string, operation: string): AzureError {
  return coded(
    401,
    'PermissionDenied',
    `The principal \`${objectId}\` lacks the required data action \`${dataAction}\` to perform \`${operation}\` operation.`,
  )
}

/** `operation` is Azure's name, as chatCompletion. */
export function operationNotSupported(operation: string, model: string): AzureError {
  return coded(
    400,
    'OperationNotSupported',
    `The ${operation} operation does not work with the specified model, ${model}. Please choose different model and try again.`,
  )
}

/** Details of a call, for the message of its 429. */
export interface CallDetails {
  /** Azure's name, as ChatCompletions_Create. */
  readonly operation: string
  /** Null on v1; the service then names the version that v1 represents. */
  readonly apiVersion: string | null
  readonly deployment: string
  readonly model: string
  /** Display name, as Sweden Central. */
  readonly region: string
}

export interface Throttling {
  readonly details: CallDetails
  /** The limit that has run out. */
  readonly rate: 'tokens' | 'requests' | 'capacity'
  readonly retryAfterMs: number
}

const currentVersion = '2025-04-01-preview'

/**
 * 429 with `retry-after` in whole seconds (rounded up, at least 1) and `retry-after-ms`, in the wording of 2025 and
 * 2026.
 */
export function throttled({ details, rate, retryAfterMs }: Throttling): AzureError {
  const { operation, apiVersion, deployment, model, region } = details
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000))
  const request = `This request was for ${operation} under Azure OpenAI API version ${apiVersion ?? currentVersion}.`
  const retry = `Please retry after ${seconds} second${seconds === 1 ? '' : 's'}.`
  const used = `Your requests to ${deployment} for ${model} in ${region} have exceeded the`
  const times = {
    'retry-after': String(seconds),
    'retry-after-ms': String(Math.max(0, Math.ceil(retryAfterMs))),
  }
  if (rate === 'capacity') {
    return coded(429, '429', `${used} provisioned throughput of your deployment. ${request} ${retry}`, times)
  }
  const limit = rate === 'tokens' ? 'token rate limit' : 'call rate limit'
  const message =
    `${used} ${limit} for your current AIServices S0 pricing tier. ${request} ${retry} ` +
    'To increase your default rate limit, visit: https://aka.ms/oai/quotaincrease.'
  return coded(429, 'RateLimitReached', message, { ...times, 'x-ratelimit-type': rate })
}

export function promptFiltered(): AzureError {
  const message =
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry. To learn more about our content filtering policies please read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766"
  const safe = { filtered: false, severity: 'safe' }
  return new AzureError(400, 'content_filter', message, {
    error: {
      message,
      type: null,
      param: 'prompt',
      code: 'content_filter',
      status: 400,
      innererror: {
        code: 'ResponsibleAIPolicyViolation',
        content_filter_result: {
          hate: safe,
          jailbreak: { filtered: true, detected: true },
          self_harm: safe,
          sexual: safe,
          violence: safe,
        },
      },
    },
  })
}

/**
 * The content filter's answer in the Responses API: written over several lines, and without the findings of the filter.
 */
export function responseFiltered(): AzureError {
  const message =
    'The response was filtered due to the prompt triggering Azure OpenAI\u2019s content management policy. Please modify your prompt and retry. To learn more about our content filtering policies please read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766'
  const error = { message, type: 'invalid_request_error', param: null, code: 'content_filter' }
  return new AzureError(400, 'content_filter', message, JSON.stringify({ error }, null, 2))
}

export const timedOut = (): AzureError => coded(408, 'Timeout', 'The operation was timeout.')

export const internalError = (): AzureError =>
  coded(500, 'InternalServerError', 'The server had an error while processing your request. Sorry about that!')

export const unavailable = (): AzureError =>
  coded(503, 'ServiceUnavailable', 'The service is temporarily unable to process your request. Please try again later.')

/** For a body beyond `limitBytes`. */
export function tooLarge(limitBytes: number, readBytes: number): AzureError {
  const message = `Maximum content size limit (${limitBytes}) exceeded (${readBytes} bytes read)`
  return new AzureError(413, '413', message, { error: { message, type: 'server_error', param: null, code: null } })
}

/** For an object (file, batch, response, model) that does not exist. */
export function noSuchObject(message: string, param: string | null): AzureError {
  return new AzureError(404, 'not_found', message, {
    error: { message, type: 'invalid_request_error', param, code: null },
  })
}
