/** Uploads: files that arrive in parts. */
import { isRecord, type JsonRecord, listOf, numberOrNull, textOf, textOrNull } from '../../json.ts'
import { type Call, formInput, jsonInput, meaningOf } from '../call.ts'
import { invalidRequest, noSuchObject } from '../errors.ts'
import { sendJson } from '../http/answer.ts'
import type { StoredUpload } from '../objects/store.ts'
import { keepFile } from './files.ts'

/** Lifetime from its creation to its last part. */
const lifetimeSeconds = 3_600
const partBytesMax = 64 * 1024 * 1024

export async function createUpload(call: Call): Promise<void> {
  const input = jsonInput(call)
  const [filename, purpose, bytes] = [textOrNull(input.filename), textOrNull(input.purpose), numberOrNull(input.bytes)]
  if (filename === null || purpose === null || bytes === null || textOrNull(input.mime_type) === null) {
    const missing = ['bytes', 'filename', 'mime_type', 'purpose'].find(name => input[name] === undefined) ?? 'bytes'
    throw invalidRequest(`Missing required parameter: '${missing}'.`, missing, 'missing_required_parameter')
  }
  const draw = call.service.drawFor('upload', meaningOf(input))
  const createdAtSeconds = call.service.createdAtSeconds(draw)
  const object = {
    id: draw.hexId('upload_', 32),
    object: 'upload',
    bytes,
    created_at: createdAtSeconds,
    expires_at: createdAtSeconds + lifetimeSeconds,
    filename,
    purpose,
    status: 'pending',
    file: null,
  }
  const { expires_after } = input
  const fileSeconds = isRecord(expires_after) ? numberOrNull(expires_after.seconds) : null
  call.service.store.uploads.put(object.id, { object, parts: new Map(), fileSeconds })
  return sendJson(call, object)
}

export async function addUploadPart(call: Call): Promise<void> {
  const upload = pendingUpload(call)
  const part = formInput(call).get('data')
  if (!(part instanceof File)) {
    throw invalidRequest("Missing required parameter: 'data'.", 'data', 'missing_required_parameter')
  }
  if (part.size > partBytesMax) throw invalidRequest('A part has 64 MB at most.', 'data', null)
  const draw = call.service.drawFor('part', textOf(upload.object.id), String(upload.parts.size))
  const object = {
    id: draw.hexId('part_', 32),
    object: 'upload.part',
    created_at: call.service.createdAtSeconds(draw),
    upload_id: upload.object.id,
  }
  upload.parts.set(object.id, Buffer.from(await part.arrayBuffer()))
  return sendJson(call, object)
}

/** The file consists of the parts in the order in which the call names them. */
export async function completeUpload(call: Call): Promise<void> {
  const upload = pendingUpload(call)
  const parts = listOf(jsonInput(call).part_ids).map(id => {
    const part = upload.parts.get(textOf(id))
    if (part) return part
    throw noSuchObject(`No such Part object: ${textOf(id)}`, 'part_ids')
  })
  const bytes = Buffer.concat(parts)
  if (bytes.length !== upload.object.bytes) {
    const message = `Upload has ${bytes.length} bytes, expected ${String(upload.object.bytes)}.`
    throw invalidRequest(message, 'bytes', 'invalid_value')
  }
  const { filename, purpose } = upload.object
  const file = keepFile(call.service, textOf(filename), textOf(purpose), bytes, upload.fileSeconds)
  return sendJson(call, become(upload, { status: 'completed', file: file.object }))
}

export async function cancelUpload(call: Call): Promise<void> {
  return sendJson(call, become(pendingUpload(call), { status: 'cancelled' }))
}

function become(upload: StoredUpload, change: JsonRecord): JsonRecord {
  upload.object = { ...upload.object, ...change }
  upload.parts.clear()
  return upload.object
}

function pendingUpload(call: Call): StoredUpload {
  const upload = call.service.store.uploads.get(call.route.id ?? '')
  if (!upload) throw noSuchObject(`No such Upload object: ${call.route.id}`, 'upload_id')
  const { status, expires_at } = upload.object
  if (status !== 'pending') throw invalidRequest(`Upload is ${String(status)}.`, 'upload_id', null)
  const isLate = call.service.seed === null && call.service.clock() > Number(expires_at) * 1000
  if (isLate) throw invalidRequest('Upload is expired.', 'upload_id', null)
  return upload
}
