/**
 * What the gateway knows of Azure OpenAI's operations, a row each (STYLE: variants are rows). Shared code asks the row.
 * Paths and bodies: the data-plane specifications `azure/ai/openai` and the v1 API.
 */
import type { CreatedKind, ObjectKind } from './objects.ts'

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
  /** `either`: JSON, or a form where the client says so. */
  readonly body: 'json' | 'multipart' | 'either' | 'none'
  readonly usage: UsageShape
  /** Whether a stream reports usage only when asked (`stream_options.include_usage`), always, or there is no stream. */
  readonly usageInStream: 'opt-in' | 'always' | 'none'
  /** Of which kind the object is that the first `{id}` names; null where it names none. */
  readonly object: ObjectKind | null
  /** What the first `{id}` begins with; null where it may be anything. Other names are no route. */
  readonly idPrefix: string | null
  /** Kind of the ids that the answer of a POST tells; null when it creates nothing that can be referred to. */
  readonly creates: ObjectKind | 'parts' | null
  /** The same for the answer of any method: it is about an object that may have brought forth others meanwhile. */
  readonly tells: CreatedKind | null
  /** Kind of the objects that a GET lists, whoever made them; the gateway leaves in what is the workload's own. */
  readonly lists: ObjectKind | null
  /** True where the gateway itself answers and no instance is asked. */
  readonly answeredHere: boolean
  /** Words of which a JSON body that refers to objects has at least one, as it names them. Empty where none can. */
  readonly refersBy: readonly string[]
  /** Kind of what the answer makes when the body asks for it: a chat whose answer is stored. Null where nothing can be asked for. */
  readonly createsWhenAsked: ObjectKind | null
  /** `optional` only to workloads whose `operations` name it. */
  readonly offered: 'always' | 'optional'
  /** Under which name `operations` of a workload has it with its neighbours; null for the first segment of its path. */
  readonly family: string | null
}

const noObjects = {
  object: null,
  idPrefix: null,
  creates: null,
  tells: null,
  lists: null,
  answeredHere: false,
  refersBy: [],
  createsWhenAsked: null,
  offered: 'always',
  family: null,
} as const
const onDeployment = { ...noObjects, underDeployment: true, deployment: 'required' } as const
const object = {
  ...noObjects,
  underDeployment: false,
  deployment: 'none',
  usage: 'none',
  usageInStream: 'none',
} as const
/** `file_id` is also in `input_file_id` and `file_ids`, `"id"` in every item that is taken from an earlier answer by its id. */
const byFile = ['file_id'] as const
const byResponse = [
  'file_id',
  'vector_store_ids',
  'previous_response_id',
  'conversation',
  'container',
  'encrypted_content',
  'approval_request_id',
  '"id"',
] as const
/** An answer in sound is named by a later turn: `"audio": {"id": …}`. */
const byChat = ['file_id', '"audio"'] as const
const response = { ...object, object: 'response', idPrefix: 'resp_' } as const
const file = { ...object, object: 'file' } as const
const batch = { ...object, object: 'batch' } as const
const store = { ...object, object: 'vector_store', refersBy: byFile } as const
const conversation = { ...object, object: 'conversation', refersBy: byResponse } as const
const container = { ...object, object: 'container' } as const
const upload = { ...object, object: 'upload' } as const
const completion = { ...object, object: 'chat_completion', family: 'stored_completions' } as const
const job = { ...object, object: 'fine_tuning_job', offered: 'optional' } as const
const evaluation = { ...object, object: 'eval', offered: 'optional', refersBy: ['"id"', 'file_id'] } as const
const video = { ...object, object: 'video', offered: 'optional' } as const

export const operations = {
  'chat/completions': {
    ...onDeployment,
    createsWhenAsked: 'chat_completion',
    refersBy: byChat,
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
    ...noObjects,
    creates: 'response',
    refersBy: byResponse,
    methods: ['POST'],
    path: 'responses',
    underDeployment: false,
    deployment: 'required',
    body: 'json',
    usage: 'responses',
    usageInStream: 'always',
  },
  'responses/compact': {
    ...noObjects,
    creates: 'parts',
    refersBy: byResponse,
    methods: ['POST'],
    path: 'responses/compact',
    underDeployment: false,
    deployment: 'required',
    body: 'json',
    usage: 'responses',
    usageInStream: 'none',
  },
  // It says how many tokens such a call would read. Nothing is generated, and nothing billed.
  'responses/input_tokens': {
    ...noObjects,
    refersBy: byResponse,
    methods: ['POST'],
    path: 'responses/input_tokens',
    underDeployment: false,
    deployment: 'required',
    body: 'json',
    usage: 'none',
    usageInStream: 'none',
  },
  'responses/{id}': {
    ...response,
    tells: 'response_again',
    methods: ['GET', 'HEAD', 'DELETE'],
    path: 'responses/{id}',
    body: 'none',
  },
  'responses/{id}/input_items': {
    ...response,
    tells: 'content',
    methods: ['GET', 'HEAD'],
    path: 'responses/{id}/input_items',
    body: 'none',
  },
  'responses/{id}/cancel': {
    ...response,
    tells: 'response_again',
    methods: ['POST'],
    path: 'responses/{id}/cancel',
    body: 'json',
  },
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
    usage: 'audio',
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
  models: { ...object, answeredHere: true, methods: ['GET', 'HEAD'], path: 'models', body: 'none' },
  'models/{id}': { ...object, answeredHere: true, methods: ['GET', 'HEAD'], path: 'models/{id}', body: 'none' },
  files: {
    ...object,
    creates: 'file',
    lists: 'file',
    methods: ['GET', 'HEAD', 'POST'],
    path: 'files',
    body: 'multipart',
  },
  'files/{id}': { ...file, methods: ['GET', 'HEAD', 'DELETE'], path: 'files/{id}', body: 'none' },
  'files/{id}/content': { ...file, methods: ['GET', 'HEAD'], path: 'files/{id}/content', body: 'none' },
  batches: {
    ...object,
    creates: 'batch',
    lists: 'batch',
    refersBy: byFile,
    methods: ['GET', 'HEAD', 'POST'],
    path: 'batches',
    underDeployment: true,
    body: 'json',
  },
  'batches/{id}': { ...batch, tells: 'batch_again', methods: ['GET', 'HEAD'], path: 'batches/{id}', body: 'none' },
  'batches/{id}/cancel': {
    ...batch,
    tells: 'batch_again',
    methods: ['POST'],
    path: 'batches/{id}/cancel',
    body: 'json',
  },
  vector_stores: {
    ...object,
    creates: 'vector_store',
    lists: 'vector_store',
    refersBy: byFile,
    methods: ['GET', 'HEAD', 'POST'],
    path: 'vector_stores',
    body: 'json',
  },
  'vector_stores/{id}': {
    ...store,
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    path: 'vector_stores/{id}',
    body: 'json',
  },
  'vector_stores/{id}/search': { ...store, methods: ['POST'], path: 'vector_stores/{id}/search', body: 'json' },
  'vector_stores/{id}/files': {
    ...store,
    methods: ['GET', 'HEAD', 'POST'],
    path: 'vector_stores/{id}/files',
    body: 'json',
  },
  'vector_stores/{id}/files/{id}': {
    ...store,
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    path: 'vector_stores/{id}/files/{id}',
    body: 'json',
  },
  'vector_stores/{id}/files/{id}/content': {
    ...store,
    methods: ['GET', 'HEAD'],
    path: 'vector_stores/{id}/files/{id}/content',
    body: 'none',
  },
  'vector_stores/{id}/file_batches': {
    ...store,
    methods: ['POST'],
    path: 'vector_stores/{id}/file_batches',
    body: 'json',
  },
  'vector_stores/{id}/file_batches/{id}': {
    ...store,
    methods: ['GET', 'HEAD'],
    path: 'vector_stores/{id}/file_batches/{id}',
    body: 'none',
  },
  'vector_stores/{id}/file_batches/{id}/cancel': {
    ...store,
    methods: ['POST'],
    path: 'vector_stores/{id}/file_batches/{id}/cancel',
    body: 'json',
  },
  'vector_stores/{id}/file_batches/{id}/files': {
    ...store,
    methods: ['GET', 'HEAD'],
    path: 'vector_stores/{id}/file_batches/{id}/files',
    body: 'none',
  },
  conversations: {
    ...object,
    creates: 'conversation',
    refersBy: byResponse,
    methods: ['POST'],
    path: 'conversations',
    body: 'json',
  },
  'conversations/{id}': {
    ...conversation,
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    path: 'conversations/{id}',
    body: 'json',
  },
  'conversations/{id}/items': {
    ...conversation,
    tells: 'content',
    methods: ['GET', 'HEAD', 'POST'],
    path: 'conversations/{id}/items',
    body: 'json',
  },
  'conversations/{id}/items/{id}': {
    ...conversation,
    tells: 'content',
    methods: ['GET', 'HEAD', 'DELETE'],
    path: 'conversations/{id}/items/{id}',
    body: 'none',
  },
  containers: {
    ...object,
    creates: 'container',
    lists: 'container',
    refersBy: byFile,
    methods: ['GET', 'HEAD', 'POST'],
    path: 'containers',
    body: 'json',
  },
  'containers/{id}': { ...container, methods: ['GET', 'HEAD', 'DELETE'], path: 'containers/{id}', body: 'none' },
  'containers/{id}/files': {
    ...container,
    refersBy: byFile,
    methods: ['GET', 'HEAD', 'POST'],
    path: 'containers/{id}/files',
    body: 'either',
  },
  'containers/{id}/files/{id}': {
    ...container,
    methods: ['GET', 'HEAD', 'DELETE'],
    path: 'containers/{id}/files/{id}',
    body: 'none',
  },
  'containers/{id}/files/{id}/content': {
    ...container,
    methods: ['GET', 'HEAD'],
    path: 'containers/{id}/files/{id}/content',
    body: 'none',
  },
  uploads: { ...object, creates: 'upload', methods: ['POST'], path: 'uploads', body: 'json' },
  'uploads/{id}/parts': { ...upload, methods: ['POST'], path: 'uploads/{id}/parts', body: 'multipart' },
  'uploads/{id}/complete': {
    ...upload,
    tells: 'upload_again',
    methods: ['POST'],
    path: 'uploads/{id}/complete',
    body: 'json',
  },
  'uploads/{id}/cancel': { ...upload, methods: ['POST'], path: 'uploads/{id}/cancel', body: 'json' },
  'chat/completions (stored)': {
    ...completion,
    object: null,
    lists: 'chat_completion',
    methods: ['GET', 'HEAD'],
    path: 'chat/completions',
    body: 'none',
  },
  'chat/completions/{id}': {
    ...completion,
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    path: 'chat/completions/{id}',
    body: 'json',
  },
  'chat/completions/{id}/messages': {
    ...completion,
    methods: ['GET', 'HEAD'],
    path: 'chat/completions/{id}/messages',
    body: 'none',
  },
  'fine_tuning/jobs': {
    ...job,
    object: null,
    creates: 'fine_tuning_job',
    lists: 'fine_tuning_job',
    refersBy: ['training_file', 'validation_file', 'file_id'],
    methods: ['GET', 'HEAD', 'POST'],
    path: 'fine_tuning/jobs',
    body: 'json',
  },
  'fine_tuning/jobs/{id}': { ...job, methods: ['GET', 'HEAD', 'DELETE'], path: 'fine_tuning/jobs/{id}', body: 'none' },
  'fine_tuning/jobs/{id}/cancel': { ...job, methods: ['POST'], path: 'fine_tuning/jobs/{id}/cancel', body: 'json' },
  'fine_tuning/jobs/{id}/pause': { ...job, methods: ['POST'], path: 'fine_tuning/jobs/{id}/pause', body: 'json' },
  'fine_tuning/jobs/{id}/resume': { ...job, methods: ['POST'], path: 'fine_tuning/jobs/{id}/resume', body: 'json' },
  'fine_tuning/jobs/{id}/events': {
    ...job,
    methods: ['GET', 'HEAD'],
    path: 'fine_tuning/jobs/{id}/events',
    body: 'none',
  },
  'fine_tuning/jobs/{id}/checkpoints': {
    ...job,
    methods: ['GET', 'HEAD'],
    path: 'fine_tuning/jobs/{id}/checkpoints',
    body: 'none',
  },
  evals: {
    ...evaluation,
    object: null,
    creates: 'eval',
    lists: 'eval',
    methods: ['GET', 'HEAD', 'POST'],
    path: 'evals',
    body: 'json',
  },
  'evals/{id}': { ...evaluation, methods: ['GET', 'HEAD', 'POST', 'DELETE'], path: 'evals/{id}', body: 'json' },
  'evals/{id}/runs': { ...evaluation, methods: ['GET', 'HEAD', 'POST'], path: 'evals/{id}/runs', body: 'json' },
  'evals/{id}/runs/{id}': {
    ...evaluation,
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    path: 'evals/{id}/runs/{id}',
    body: 'json',
  },
  'evals/{id}/runs/{id}/cancel': {
    ...evaluation,
    methods: ['POST'],
    path: 'evals/{id}/runs/{id}/cancel',
    body: 'json',
  },
  'evals/{id}/runs/{id}/output_items': {
    ...evaluation,
    methods: ['GET', 'HEAD'],
    path: 'evals/{id}/runs/{id}/output_items',
    body: 'none',
  },
  'evals/{id}/runs/{id}/output_items/{id}': {
    ...evaluation,
    methods: ['GET', 'HEAD'],
    path: 'evals/{id}/runs/{id}/output_items/{id}',
    body: 'none',
  },
  videos: {
    ...video,
    object: null,
    creates: 'video',
    deployment: 'required',
    refersBy: byFile,
    methods: ['POST'],
    path: 'videos',
    body: 'either',
  },
  'videos (list)': {
    ...video,
    object: null,
    lists: 'video',
    methods: ['GET', 'HEAD'],
    path: 'videos',
    body: 'none',
  },
  'videos/{id}': { ...video, methods: ['GET', 'HEAD', 'DELETE'], path: 'videos/{id}', body: 'none' },
  'videos/{id}/content': { ...video, methods: ['GET', 'HEAD'], path: 'videos/{id}/content', body: 'none' },
  'videos/{id}/remix': { ...video, creates: 'video', methods: ['POST'], path: 'videos/{id}/remix', body: 'json' },
} as const satisfies Record<string, OperationFacts>

export type OperationName = keyof typeof operations

export interface Operation extends OperationFacts {
  readonly name: OperationName
  readonly family: string
  readonly segments: readonly string[]
  /** Place of the first `{id}` among the segments; -1 where there is none. */
  readonly idAt: number
  /** True where a DELETE ends the object that `{id}` names, and not only something inside of it. */
  readonly endsObject: boolean
}

const all: readonly Operation[] = (Object.entries(operations) as [OperationName, OperationFacts][]).map(
  ([name, facts]) => {
    const segments = facts.path.split('/')
    const idAt = segments.indexOf('{id}')
    const endsObject = facts.object !== null && idAt === segments.length - 1
    return { ...facts, name, family: facts.family ?? segments[0] ?? '', segments, idAt, endsObject }
  },
)

/** By the first segment and the number of segments: `responses 3`. */
const byShape: ReadonlyMap<string, readonly Operation[]> = Map.groupBy(all, shapeOf)

function shapeOf({ segments }: { readonly segments: readonly string[] }): string {
  return `${segments[0]} ${segments.length}`
}

/** Form of an address: `/openai/…`, `/openai/deployments/{deployment}/…`, `/openai/v1/…`. */
export type AddressForm = 'dated' | 'deployment' | 'v1'

/**
 * The operation whose path these segments are, or null. Literal rows win over `{id}` rows because they stand earlier; of rows with the same
 * path the one that takes the method.
 */
export function findOperation(segments: readonly string[], method: string, form: AddressForm): Operation | null {
  let found: Operation | null = null
  for (const operation of byShape.get(shapeOf({ segments })) ?? []) {
    if (!isServedAs(operation, form) || !isAt(operation, segments)) continue
    if (found !== null && found.path !== operation.path) continue
    if (operation.methods.includes(method)) return operation
    found ??= operation
  }
  return found
}

function isServedAs({ underDeployment, deployment }: Operation, form: AddressForm): boolean {
  if (form === 'deployment') return underDeployment
  return form === 'v1' || !underDeployment || deployment === 'none'
}

function isAt({ segments: parts, idAt, idPrefix }: Operation, segments: readonly string[]): boolean {
  return parts.every((part, at) =>
    part === '{id}'
      ? at !== idAt || idPrefix === null || segments[at]?.startsWith(idPrefix) === true
      : part === segments[at],
  )
}

/** In a workload's list of operations: all that are offered to every workload. */
export const standardOperations = 'standard'

/** Names that a workload's list of operations may have. */
export const operationNames: readonly string[] = [
  ...new Set([standardOperations, ...all.flatMap(({ name, family }) => [family, name])]),
]

/** Whether a list of operations has this one, by its name, with its family, or because all workloads have it. */
export function namesOperation(names: readonly string[], { name, family, offered }: Operation): boolean {
  return names.some(one => one === name || one === family || (one === standardOperations && offered === 'always'))
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
