/**
 * The operations of the API, a row each. Shared code asks the row and never compares an operation's name.
 * Paths and bodies: the data-plane specifications `azure/ai/openai` and the v1 API.
 */
import type { CreatedKind, ObjectKind } from './objects.ts'

/** Shape of the usage in an answer. */
export type UsageShape = 'chat' | 'input-only' | 'responses' | 'audio' | 'none'

export interface OperationFacts {
  readonly methods: readonly string[]
  /** Path below `/openai` (dated) or `/openai/v1`; `{id}` is one segment. */
  readonly path: string
  /** True when it is also served at `/openai/deployments/{deployment}/…`. */
  readonly underDeployment: boolean
  /**
   * `required` when the call runs on a deployment, named in the path or as `model`; `none` for files, lists and the
   * like.
   */
  readonly deployment: 'required' | 'none'
  /** `either`: JSON, or a form when the client says so. */
  readonly body: 'json' | 'multipart' | 'either' | 'none'
  readonly usage: UsageShape
  /**
   * When a stream reports usage: only on request (`stream_options.include_usage`), always, or never because there is no
   * stream.
   */
  readonly usageInStream: 'opt-in' | 'always' | 'none'
  /** Kind of the object that the first `{id}` names; null where it names none. */
  readonly object: ObjectKind | null
  /** Prefix of the first `{id}`; null where it may be anything. Other names are no route. */
  readonly idPrefix: string | null
  /** Kind of the ids in the answer of a POST; null when it creates nothing that later calls can name. */
  readonly creates: ObjectKind | 'parts' | null
  /** The same for the answer of any method: it is about an object that may have created others since. */
  readonly tells: CreatedKind | null
  /** Kind of the objects that a GET lists, of all workloads; the gateway keeps only those of the workload. */
  readonly lists: ObjectKind | null
  /** True where the gateway answers by itself, without an instance. */
  readonly answeredHere: boolean
  /** Words of which a JSON body that refers to objects contains at least one. Empty where no body can refer to any. */
  readonly refersBy: readonly string[]
  /** Kind of the object that an answer creates only on request: a chat that is stored. Null where there is none. */
  readonly createsWhenAsked: ObjectKind | null
  /** `optional` operations are only for workloads whose `operations` name them. */
  readonly offered: 'always' | 'optional'
  /**
   * Name under which a workload's `operations` have it together with its neighbours; null for the first segment of its
   * path.
   */
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
/** `file_id` also finds `input_file_id` and `file_ids`; `"id"` is in every item that a client sends back by its id. */
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
/** A later turn can name an answer in sound: `"audio": {"id": …}`. */
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
  // It returns how many tokens such a call would read. Nothing is generated, and nothing is billed.
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
  /** Index of the first `{id}` among the segments; -1 where there is none. */
  readonly idAt: number
  /** True where a DELETE ends the object that `{id}` names, and not only a part of it. */
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
 * The operation with these segments, or null. Literal rows win over `{id}` rows because they come earlier; among rows
 * with the same path the one with the method wins.
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

/** Name in a workload's list of operations for all that every workload has. */
export const standardOperations = 'standard'

/** Names that a workload's list of operations may have. */
export const operationNames: readonly string[] = [
  ...new Set([standardOperations, ...all.flatMap(({ name, family }) => [family, name])]),
]

/** True when a list of operations contains this one: by its name, by its family, or because every workload has it. */
export function namesOperation(names: readonly string[], { name, family, offered }: Operation): boolean {
  return names.some(one => one === name || one === family || (one === standardOperations && offered === 'always'))
}

export const allOperations = all
