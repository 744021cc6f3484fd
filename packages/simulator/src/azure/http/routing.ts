import { badRequest, resourceNotFound } from '../errors.ts'
import type { Ability } from '../models.ts'
import { isDatedVersion, isV1Version, knowsResponses } from './api-versions.ts'

export interface OperationFacts {
  readonly methods: readonly string[]
  /**
   * `path`: dated calls are below /openai/deployments/{deployment}; v1 names it in the body. `body`: always in the
   * body.
   */
  readonly deployment: 'path' | 'body' | 'none'
  /** The ability that its model needs; null when no model is involved. */
  readonly ability: Ability | null
  /** Name of the operation in the message that a model cannot do it. */
  readonly says: string
  /** Operation id, in messages of rate limits. */
  readonly azureName: string
  /** Path below `Microsoft.CognitiveServices/accounts/OpenAI/`. */
  readonly dataAction: string
}

const work = { methods: ['POST'], deployment: 'path' } as const
const object = { deployment: 'none', ability: null, says: '' } as const
const responses = { ...object, azureName: 'Responses', dataAction: 'responses' } as const
const files = { ...object, azureName: 'Files', dataAction: 'files' } as const
const stores = { ...object, azureName: 'VectorStores', dataAction: 'vector-stores' } as const
const containers = { ...object, azureName: 'Containers', dataAction: 'containers' } as const
const conversations = { ...object, azureName: 'Conversations', dataAction: 'conversations' } as const
const uploads = { ...object, azureName: 'Uploads', dataAction: 'uploads' } as const
const chats = { ...object, azureName: 'ChatCompletions_Stored', dataAction: 'stored-completions' } as const
const jobs = { ...object, azureName: 'FineTuning', dataAction: 'fine-tunes' } as const
const evals = { ...object, azureName: 'Evals', dataAction: 'evals' } as const
const videos = { ...object, azureName: 'Videos', dataAction: 'video-generations' } as const
const batches = { ...object, azureName: 'Batches', dataAction: 'batch-jobs' } as const

/** Keys are the paths below /openai, /openai/v1 or the deployment; `{id}` is one segment. */
export const operations = {
  'chat/completions': {
    ...work,
    // GET lists the stored ones.
    methods: ['GET', 'HEAD', 'POST'],
    ability: 'chat',
    says: 'chatCompletion',
    azureName: 'ChatCompletions_Create',
    dataAction: 'deployments/chat/completions/action',
  },
  'chat/completions/{id}': { ...chats, methods: ['GET', 'HEAD', 'POST', 'DELETE'] },
  'chat/completions/{id}/messages': { ...chats, methods: ['GET', 'HEAD'] },
  completions: {
    ...work,
    ability: 'completion',
    says: 'completion',
    azureName: 'Completions_Create',
    dataAction: 'deployments/completions/action',
  },
  embeddings: {
    ...work,
    ability: 'embeddings',
    says: 'embeddings',
    azureName: 'Embeddings_Create',
    dataAction: 'deployments/embeddings/action',
  },
  'images/generations': {
    ...work,
    ability: 'image',
    says: 'imageGenerations',
    azureName: 'ImageGenerations_Create',
    dataAction: 'deployments/images/generations/action',
  },
  'images/edits': {
    ...work,
    ability: 'image',
    says: 'imageEdits',
    azureName: 'ImageEdits_Create',
    dataAction: 'deployments/images/edits/action',
  },
  'audio/speech': {
    ...work,
    ability: 'speech',
    says: 'audioSpeech',
    azureName: 'AudioSpeech_Create',
    dataAction: 'deployments/audio/action',
  },
  'audio/transcriptions': {
    ...work,
    ability: 'transcription',
    says: 'audioTranscription',
    azureName: 'AudioTranscriptions_Create',
    dataAction: 'deployments/audio/action',
  },
  'audio/translations': {
    ...work,
    ability: 'transcription',
    says: 'audioTranslation',
    azureName: 'AudioTranslations_Create',
    dataAction: 'deployments/audio/action',
  },
  responses: {
    methods: ['POST'],
    deployment: 'body',
    ability: 'chat',
    says: 'responses',
    azureName: 'Responses_Create',
    dataAction: 'responses/write',
  },
  // Before the ids: a path that fits both is this one.
  'responses/compact': {
    methods: ['POST'],
    deployment: 'body',
    ability: 'chat',
    says: 'responses',
    azureName: 'Responses_Compact',
    dataAction: 'responses/write',
  },
  'responses/input_tokens': {
    methods: ['POST'],
    deployment: 'body',
    ability: 'chat',
    says: 'responses',
    azureName: 'Responses_InputTokens',
    dataAction: 'responses/write',
  },
  'responses/{id}': { ...responses, methods: ['GET', 'HEAD', 'DELETE'] },
  'responses/{id}/input_items': { ...responses, methods: ['GET', 'HEAD'] },
  'responses/{id}/cancel': { ...responses, methods: ['POST'] },
  models: { ...object, methods: ['GET', 'HEAD'], azureName: 'Models_List', dataAction: 'models/read' },
  'models/{id}': { ...object, methods: ['GET', 'HEAD'], azureName: 'Models_Get', dataAction: 'models/read' },
  files: { ...files, methods: ['GET', 'HEAD', 'POST'] },
  'files/{id}': { ...files, methods: ['GET', 'HEAD', 'DELETE'] },
  'files/{id}/content': { ...files, methods: ['GET', 'HEAD'] },
  batches: { ...batches, methods: ['GET', 'HEAD', 'POST'] },
  'batches/{id}': { ...batches, methods: ['GET', 'HEAD'] },
  'batches/{id}/cancel': { ...batches, methods: ['POST'] },
  vector_stores: { ...stores, methods: ['GET', 'HEAD', 'POST'] },
  'vector_stores/{id}': { ...stores, methods: ['GET', 'HEAD', 'POST', 'DELETE'] },
  'vector_stores/{id}/search': { ...stores, methods: ['POST'] },
  'vector_stores/{id}/files': { ...stores, methods: ['GET', 'HEAD', 'POST'] },
  'vector_stores/{id}/files/{id}': { ...stores, methods: ['GET', 'HEAD', 'POST', 'DELETE'] },
  'vector_stores/{id}/files/{id}/content': { ...stores, methods: ['GET', 'HEAD'] },
  'vector_stores/{id}/file_batches': { ...stores, methods: ['POST'] },
  'vector_stores/{id}/file_batches/{id}': { ...stores, methods: ['GET', 'HEAD'] },
  'vector_stores/{id}/file_batches/{id}/cancel': { ...stores, methods: ['POST'] },
  'vector_stores/{id}/file_batches/{id}/files': { ...stores, methods: ['GET', 'HEAD'] },
  uploads: { ...uploads, methods: ['POST'] },
  'uploads/{id}/parts': { ...uploads, methods: ['POST'] },
  'uploads/{id}/complete': { ...uploads, methods: ['POST'] },
  'uploads/{id}/cancel': { ...uploads, methods: ['POST'] },
  'fine_tuning/jobs': { ...jobs, methods: ['GET', 'HEAD', 'POST'] },
  'fine_tuning/jobs/{id}': { ...jobs, methods: ['GET', 'HEAD', 'DELETE'] },
  'fine_tuning/jobs/{id}/cancel': { ...jobs, methods: ['POST'] },
  'fine_tuning/jobs/{id}/pause': { ...jobs, methods: ['POST'] },
  'fine_tuning/jobs/{id}/resume': { ...jobs, methods: ['POST'] },
  'fine_tuning/jobs/{id}/events': { ...jobs, methods: ['GET', 'HEAD'] },
  'fine_tuning/jobs/{id}/checkpoints': { ...jobs, methods: ['GET', 'HEAD'] },
  evals: { ...evals, methods: ['GET', 'HEAD', 'POST'] },
  'evals/{id}': { ...evals, methods: ['GET', 'HEAD', 'POST', 'DELETE'] },
  'evals/{id}/runs': { ...evals, methods: ['GET', 'HEAD', 'POST'] },
  'evals/{id}/runs/{id}': { ...evals, methods: ['GET', 'HEAD', 'DELETE'] },
  'evals/{id}/runs/{id}/cancel': { ...evals, methods: ['POST'] },
  'evals/{id}/runs/{id}/output_items': { ...evals, methods: ['GET', 'HEAD'] },
  'evals/{id}/runs/{id}/output_items/{id}': { ...evals, methods: ['GET', 'HEAD'] },
  videos: {
    methods: ['GET', 'HEAD', 'POST'],
    deployment: 'body',
    ability: 'video',
    says: 'videoGenerations',
    azureName: 'Videos_Create',
    dataAction: 'video-generations/action',
  },
  'videos/{id}': { ...videos, methods: ['GET', 'HEAD', 'DELETE'] },
  'videos/{id}/content': { ...videos, methods: ['GET', 'HEAD'] },
  'videos/{id}/remix': { ...videos, ability: 'video', methods: ['POST'] },
  containers: { ...containers, methods: ['GET', 'HEAD', 'POST'] },
  'containers/{id}': { ...containers, methods: ['GET', 'HEAD', 'DELETE'] },
  'containers/{id}/files': { ...containers, methods: ['GET', 'HEAD', 'POST'] },
  'containers/{id}/files/{id}': { ...containers, methods: ['GET', 'HEAD', 'DELETE'] },
  'containers/{id}/files/{id}/content': { ...containers, methods: ['GET', 'HEAD'] },
  conversations: { ...conversations, methods: ['POST'] },
  'conversations/{id}': { ...conversations, methods: ['GET', 'HEAD', 'POST', 'DELETE'] },
  'conversations/{id}/items': { ...conversations, methods: ['GET', 'HEAD', 'POST'] },
  'conversations/{id}/items/{id}': { ...conversations, methods: ['GET', 'HEAD', 'DELETE'] },
} as const satisfies Record<string, OperationFacts>

export type OperationName = keyof typeof operations

export interface Route {
  readonly operation: OperationName
  readonly facts: OperationFacts
  readonly method: string
  /** From the path; null when the body names it or none is needed. */
  readonly deployment: string | null
  /** First variable part of the path: a file, batch, response, model, vector store or conversation. */
  readonly id: string | null
  /** The second one: something inside of the first. */
  readonly secondId: string | null
  /** The third one: an output item of an evaluation's run. */
  readonly thirdId: string | null
  /** Null on v1. */
  readonly apiVersion: string | null
  readonly query: URLSearchParams
}

const patterns = (Object.keys(operations) as OperationName[]).map(name => ({ name, parts: name.split('/') }))

/**
 * Finds the operation of a request target. Throws 404 `Resource not found` for paths and methods that do not exist and
 * for dated paths without a known `api-version`; 400 when the version exists but the operation is newer. A null method
 * is any method.
 */
export function route(method: string | null, target: string): Route {
  const mark = target.indexOf('?')
  const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1))
  const parts = (mark < 0 ? target : target.slice(0, mark)).split('/').slice(1)
  // The portal shows endpoints with a slash at their end, and older clients add one more.
  if (parts[0] === '' && parts[1] === 'openai') parts.shift()
  if (parts[0] !== 'openai') throw resourceNotFound()
  const isV1 = parts[1] === 'v1'
  const underDeployment = !isV1 && parts[1] === 'deployments'
  const rest = parts.slice(isV1 ? 2 : underDeployment ? 3 : 1)
  const apiVersion = isV1 ? v1Version(query) : datedVersion(query)
  const found = match(rest)
  if (!found) throw resourceNotFound()
  const facts: OperationFacts = operations[found.name]
  const pathAgrees = isV1 || (facts.deployment === 'path') === underDeployment || found.name === 'batches'
  // Only v1 lists stored chats.
  const isLater = found.name === 'chat/completions' && method !== 'POST' && !isV1
  const isKnown = method === null || (facts.methods.includes(method) && !isLater)
  if (!isKnown || !pathAgrees) throw resourceNotFound()
  if (found.name.startsWith('responses') && !knowsResponses(apiVersion)) {
    throw badRequest('Azure OpenAI Responses API is enabled only for api-version 2025-03-01-preview and later')
  }
  const deployment = underDeployment ? decode(parts[2] ?? '') : null
  return {
    operation: found.name,
    facts,
    method: method ?? 'OPTIONS',
    deployment,
    id: found.id,
    secondId: found.secondId,
    thirdId: found.thirdId,
    apiVersion,
    query,
  }
}

function datedVersion(query: URLSearchParams): string {
  const version = query.get('api-version')
  if (version === null || !isDatedVersion(version)) throw resourceNotFound()
  return version
}

function v1Version(query: URLSearchParams): null {
  const version = query.get('api-version')
  if (version !== null && !isV1Version(version)) throw badRequest('API version not supported')
  return null
}

function match(
  segments: readonly string[],
): (Pick<Route, 'id' | 'secondId' | 'thirdId'> & { readonly name: OperationName }) | null {
  const found = patterns.find(
    ({ parts }) =>
      parts.length === segments.length &&
      parts.every((part, at) => (part === '{id}' ? segments[at] !== '' : part === segments[at])),
  )
  if (!found) return null
  const [id = null, secondId = null, thirdId = null] = segments
    .filter((_, at) => found.parts[at] === '{id}')
    .map(decode)
  return { name: found.name, id, secondId, thirdId }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw resourceNotFound()
  }
}
