/**
 * What the gateway knows of Azure OpenAI's operations, a row each (STYLE: variants are rows). Shared code asks the row.
 * Paths and bodies: the data-plane specifications `azure/ai/openai` and the v1 API, as docs/operations.md lists them.
 */

/** How the answer reports usage. */
export type UsageShape = 'chat' | 'input-only' | 'responses' | 'audio' | 'none'

export interface OperationFacts {
  readonly methods: readonly string[]
  /** Path below `/openai` (dated) or `/openai/v1`; `{id}` stands for one segment. */
  readonly path: string
  /** Also reached as `/openai/deployments/{deployment}/…`. */
  readonly underDeployment: boolean
  /** Whether the call runs on a deployment: `required` in the path or as `model`; `none` for files, lists and the like. */
  readonly deployment: 'required' | 'none'
  readonly body: 'json' | 'multipart' | 'none'
  readonly usage: UsageShape
  /** Whether a stream reports usage only when asked (`stream_options.include_usage`), always, or there is no stream. */
  readonly usageInStream: 'opt-in' | 'always' | 'none'
  /** The object lives on the instance that made it: the pool's first member serves, so that it is found again. */
  readonly stateful: boolean
}

const onDeployment = { underDeployment: true, deployment: 'required', stateful: false } as const
const object = {
  underDeployment: false,
  deployment: 'none',
  usage: 'none',
  usageInStream: 'none',
  stateful: true,
} as const

export const operations = {
  'chat/completions': {
    ...onDeployment,
    methods: ['POST'],
    path: 'chat/completions',
    body: 'json',
    usage: 'chat',
    usageInStream: 'opt-in',
  },
  completions: {
    ...onDeployment,
    methods: ['POST'],
    path: 'completions',
    body: 'json',
    usage: 'chat',
    usageInStream: 'opt-in',
  },
  embeddings: {
    ...onDeployment,
    methods: ['POST'],
    path: 'embeddings',
    body: 'json',
    usage: 'input-only',
    usageInStream: 'none',
  },
  responses: {
    methods: ['POST'],
    path: 'responses',
    underDeployment: false,
    deployment: 'required',
    body: 'json',
    usage: 'responses',
    usageInStream: 'always',
    stateful: true,
  },
  'responses/compact': {
    methods: ['POST'],
    path: 'responses/compact',
    underDeployment: false,
    deployment: 'required',
    body: 'json',
    usage: 'responses',
    usageInStream: 'none',
    stateful: true,
  },
  'responses/{id}': { ...object, methods: ['GET', 'HEAD', 'DELETE'], path: 'responses/{id}', body: 'none' },
  'responses/{id}/input_items': {
    ...object,
    methods: ['GET', 'HEAD'],
    path: 'responses/{id}/input_items',
    body: 'none',
  },
  'responses/{id}/cancel': { ...object, methods: ['POST'], path: 'responses/{id}/cancel', body: 'json' },
  'images/generations': {
    ...onDeployment,
    methods: ['POST'],
    path: 'images/generations',
    body: 'json',
    usage: 'responses',
    usageInStream: 'always',
  },
  'images/edits': {
    ...onDeployment,
    methods: ['POST'],
    path: 'images/edits',
    body: 'multipart',
    usage: 'responses',
    usageInStream: 'always',
  },
  'audio/speech': {
    ...onDeployment,
    methods: ['POST'],
    path: 'audio/speech',
    body: 'json',
    usage: 'none',
    usageInStream: 'none',
  },
  'audio/transcriptions': {
    ...onDeployment,
    methods: ['POST'],
    path: 'audio/transcriptions',
    body: 'multipart',
    usage: 'audio',
    usageInStream: 'always',
  },
  'audio/translations': {
    ...onDeployment,
    methods: ['POST'],
    path: 'audio/translations',
    body: 'multipart',
    usage: 'audio',
    usageInStream: 'none',
  },
  models: { ...object, methods: ['GET', 'HEAD'], path: 'models', body: 'none' },
  'models/{id}': { ...object, methods: ['GET', 'HEAD'], path: 'models/{id}', body: 'none' },
  files: { ...object, methods: ['GET', 'HEAD', 'POST'], path: 'files', body: 'multipart' },
  'files/{id}': { ...object, methods: ['GET', 'HEAD', 'DELETE'], path: 'files/{id}', body: 'none' },
  'files/{id}/content': { ...object, methods: ['GET', 'HEAD'], path: 'files/{id}/content', body: 'none' },
  batches: { ...object, methods: ['GET', 'HEAD', 'POST'], path: 'batches', underDeployment: true, body: 'json' },
  'batches/{id}': { ...object, methods: ['GET', 'HEAD'], path: 'batches/{id}', body: 'none' },
  'batches/{id}/cancel': { ...object, methods: ['POST'], path: 'batches/{id}/cancel', body: 'json' },
} as const satisfies Record<string, OperationFacts>

export type OperationName = keyof typeof operations

export interface Operation extends OperationFacts {
  readonly name: OperationName
  readonly segments: readonly string[]
}

const all: readonly Operation[] = (Object.entries(operations) as [OperationName, OperationFacts][]).map(
  ([name, facts]) => ({ ...facts, name, segments: facts.path.split('/') }),
)

/** The operation whose path these segments are, or null. Literal rows win over `{id}` rows because they stand earlier. */
export function findOperation(segments: readonly string[]): Operation | null {
  return (
    all.find(
      operation =>
        operation.segments.length === segments.length &&
        operation.segments.every((part, index) => part === '{id}' || part === segments[index]),
    ) ?? null
  )
}

export const allOperations = all

/**
 * Whether `stream_options.include_usage` is accepted. Dated versions know it from 2024-09-01-preview on and answer 400
 * before; v1 has it. It is refused together with `data_sources` ("on your data").
 */
export function acceptsIncludeUsage(apiVersion: string | null, isV1: boolean): boolean {
  if (isV1 || apiVersion === null) return isV1
  return !/^\d{4}-\d{2}-\d{2}/.test(apiVersion) || apiVersion.slice(0, 10) >= '2024-09-01'
}
