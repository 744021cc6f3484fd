/** Vector stores: files that can be searched. The search compares whole words, not meanings. */
import { isRecord, type JsonRecord, listOf, numberOrNull, textOf, textOrNull } from '../../json.ts'
import { type Call, jsonInput, meaningOf } from '../call.ts'
import { invalidRequest, noSuchObject } from '../errors.ts'
import { sendJson } from '../http/answer.ts'
import { page, type StoredFile, type StoredVectorStore } from '../objects/store.ts'

const chunking = { type: 'static', static: { max_chunk_size_tokens: 800, chunk_overlap_tokens: 400 } }
const searchedMax = 50

export async function createVectorStore(call: Call): Promise<void> {
  const input = call.input === null ? {} : jsonInput(call)
  const draw = call.service.drawFor('vector store', meaningOf(input))
  const store: StoredVectorStore = {
    id: draw.hexId('vs_', 32),
    createdAtSeconds: call.service.createdAtSeconds(draw),
    name: textOrNull(input.name),
    metadata: isRecord(input.metadata) ? input.metadata : {},
    files: new Map(),
    batches: new Map(),
  }
  for (const id of idsOf(input.file_ids)) addFile(call, store, id, {})
  call.service.store.vectorStores.put(store.id, store)
  return sendJson(call, describe(store))
}

export async function listVectorStores(call: Call): Promise<void> {
  return sendJson(call, page(call.service.store.vectorStores.newest().map(describe), call.route.query))
}

export async function getVectorStore(call: Call): Promise<void> {
  return sendJson(call, describe(storeOf(call)))
}

export async function updateVectorStore(call: Call): Promise<void> {
  const store = storeOf(call)
  const input = jsonInput(call)
  if (input.name !== undefined) store.name = textOrNull(input.name)
  if (isRecord(input.metadata)) store.metadata = input.metadata
  return sendJson(call, describe(store))
}

export async function deleteVectorStore(call: Call): Promise<void> {
  const { id } = storeOf(call)
  call.service.store.vectorStores.delete(id)
  return sendJson(call, { id, object: 'vector_store.deleted', deleted: true })
}

/** Lines of files that contain words of the query; those with the most words first. */
export async function searchVectorStore(call: Call): Promise<void> {
  const store = storeOf(call)
  const input = jsonInput(call)
  const queries = typeof input.query === 'string' ? [input.query] : listOf(input.query).map(textOf)
  const words = queries.flatMap(text => text.toLowerCase().match(/\p{L}{3,}/gu) ?? [])
  if (words.length === 0)
    throw invalidRequest("Missing required parameter: 'query'.", 'query', 'missing_required_parameter')
  const most = Math.min(searchedMax, numberOrNull(input.max_num_results) ?? 10)
  const data = [...store.files.values()]
    .flatMap(({ id, attributes }) => {
      const file = call.service.store.files.get(id)
      return file ? [found(file, attributes, words)] : []
    })
    .filter(each => each.score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
  return sendJson(call, {
    object: 'vector_store.search_results.page',
    search_query: queries,
    data,
    has_more: false,
    next_page: null,
  })
}

function found(file: StoredFile, attributes: JsonRecord, words: readonly string[]): JsonRecord & { score: number } {
  const lines = file.bytes.toString('utf8').split('\n')
  const hits = (text: string): number => words.filter(word => text.toLowerCase().includes(word)).length
  const best = lines.reduce((best, line) => (hits(line) > hits(best) ? line : best), '')
  const score = hits(best) / words.length
  return { file_id: file.object.id, filename: file.object.filename, score, attributes, content: textParts(best) }
}

const textParts = (text: string): JsonRecord[] => [{ type: 'text', text }]

export async function addVectorStoreFile(call: Call): Promise<void> {
  const store = storeOf(call)
  const { file_id, attributes } = jsonInput(call)
  addFile(call, store, textOf(file_id), isRecord(attributes) ? attributes : {})
  return sendJson(call, describeFile(store, textOf(file_id)))
}

export async function listVectorStoreFiles(call: Call): Promise<void> {
  const store = storeOf(call)
  return sendJson(call, page([...store.files.keys()].map(id => describeFile(store, id)).reverse(), call.route.query))
}

export async function getVectorStoreFile(call: Call): Promise<void> {
  const store = storeOf(call)
  return sendJson(call, describeFile(store, fileIn(call, store)))
}

export async function updateVectorStoreFile(call: Call): Promise<void> {
  const store = storeOf(call)
  const id = fileIn(call, store)
  const { attributes } = jsonInput(call)
  store.files.set(id, { id, attributes: isRecord(attributes) ? attributes : {} })
  return sendJson(call, describeFile(store, id))
}

/** The file itself is kept. */
export async function deleteVectorStoreFile(call: Call): Promise<void> {
  const store = storeOf(call)
  const id = fileIn(call, store)
  store.files.delete(id)
  return sendJson(call, { id, object: 'vector_store.file.deleted', deleted: true })
}

export async function getVectorStoreFileContent(call: Call): Promise<void> {
  const file = call.service.store.files.get(fileIn(call, storeOf(call)))
  const data = textParts(file?.bytes.toString('utf8') ?? '')
  return sendJson(call, { object: 'vector_store.file_content.page', data, has_more: false, next_page: null })
}

export async function createFileBatch(call: Call): Promise<void> {
  const store = storeOf(call)
  const input = jsonInput(call)
  const files = listOf(input.files).filter(isRecord)
  const ids = [...idsOf(input.file_ids), ...files.map(each => textOf(each.file_id))]
  for (const id of ids) addFile(call, store, id, {})
  const draw = call.service.drawFor('file batch', store.id, ...ids)
  const batch = { id: draw.hexId('vsfb_', 32), createdAtSeconds: call.service.createdAtSeconds(draw), files: ids }
  store.batches.set(batch.id, batch)
  return sendJson(call, describeBatch(store, batch.id))
}

/** Cancelling changes nothing, because every batch is over at once. */
export async function getFileBatch(call: Call): Promise<void> {
  const store = storeOf(call)
  return sendJson(call, describeBatch(store, call.route.secondId ?? ''))
}

export async function listFileBatchFiles(call: Call): Promise<void> {
  const store = storeOf(call)
  const files = store.batches.get(call.route.secondId ?? '')?.files ?? []
  const kept = files.filter(id => store.files.has(id)).map(id => describeFile(store, id))
  return sendJson(call, page(kept, call.route.query))
}

function addFile(call: Call, store: StoredVectorStore, id: string, attributes: JsonRecord): void {
  if (call.service.store.files.get(id) === null) throw noSuchObject(`No such File object: ${id}`, 'file_id')
  store.files.set(id, { id, attributes })
}

function idsOf(value: unknown): string[] {
  return listOf(value).map(textOf)
}

function counts(total: number): JsonRecord {
  return { in_progress: 0, completed: total, failed: 0, cancelled: 0, total }
}

function describe(store: StoredVectorStore): JsonRecord & { readonly id: string } {
  return {
    id: store.id,
    object: 'vector_store',
    created_at: store.createdAtSeconds,
    name: store.name,
    usage_bytes: 0,
    file_counts: counts(store.files.size),
    status: 'completed',
    expires_after: null,
    expires_at: null,
    last_active_at: store.createdAtSeconds,
    metadata: store.metadata,
  }
}

function describeFile(store: StoredVectorStore, id: string): JsonRecord & { readonly id: string } {
  return {
    id,
    object: 'vector_store.file',
    usage_bytes: 0,
    created_at: store.createdAtSeconds,
    vector_store_id: store.id,
    status: 'completed',
    last_error: null,
    chunking_strategy: chunking,
    attributes: store.files.get(id)?.attributes ?? {},
  }
}

function describeBatch(store: StoredVectorStore, id: string): JsonRecord {
  const batch = store.batches.get(id)
  if (!batch) throw noSuchObject(`No file batch found with id '${id}'.`, 'batch_id')
  return {
    id,
    object: 'vector_store.file_batch',
    created_at: batch.createdAtSeconds,
    vector_store_id: store.id,
    status: 'completed',
    file_counts: counts(batch.files.length),
  }
}

function storeOf(call: Call): StoredVectorStore {
  const store = call.service.store.vectorStores.get(call.route.id ?? '')
  if (store) return store
  throw noSuchObject(`Vector store with id '${call.route.id}' not found.`, 'vector_store_id')
}

function fileIn(call: Call, store: StoredVectorStore): string {
  const id = call.route.secondId ?? ''
  if (store.files.has(id)) return id
  throw noSuchObject(`No file found with id '${id}' in vector store '${store.id}'.`, 'file_id')
}
