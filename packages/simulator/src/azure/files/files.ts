/** Files: input and output of batches, input of fine-tuning. */
import type { JsonRecord } from '../../json.ts'
import { type Call, formInput } from '../call.ts'
import { invalidRequest, noSuchObject } from '../errors.ts'
import { sendJson, sendWhole } from '../http/answer.ts'
import { page, type StoredFile } from '../objects/store.ts'
import type { Service } from '../service.ts'

const purposes = ['assistants', 'batch', 'evals', 'fine-tune', 'user_data', 'vision']

export async function uploadFile(call: Call): Promise<void> {
  const form = formInput(call)
  const file = form.get('file')
  const purpose = form.get('purpose')
  if (!(file instanceof File))
    throw invalidRequest("Missing required parameter: 'file'.", 'file', 'missing_required_parameter')
  if (typeof purpose !== 'string' || !purposes.includes(purpose)) {
    const said = typeof purpose === 'string' ? `Invalid value: '${purpose}'.` : "Missing required parameter: 'purpose'."
    throw invalidRequest(
      `${said} Supported values are: ${purposes.map(each => `'${each}'`).join(', ')}.`,
      'purpose',
      'invalid_value',
    )
  }
  const bytes = Buffer.from(await file.arrayBuffer())
  const stored = keepFile(call.service, file.name, purpose, bytes, lifetimeSeconds(form))
  // The dated API answers an upload with 201, v1 with 200.
  const status = call.route.apiVersion === null ? 200 : 201
  const json = Buffer.from(JSON.stringify(stored.object))
  return sendWhole(call, {
    status,
    contentType: 'application/json; charset=utf-8',
    bytes: json,
    spent: null,
    reportsUsage: false,
  })
}

const lifetimeLeast = 3_600
const lifetimeMost = 2_592_000

/**
 * `expires_after` of a form; null for a file that does not expire. Throws 400 for an anchor or a time that does not
 * exist.
 */
function lifetimeSeconds(form: FormData): number | null {
  const [anchor, text] = [form.get('expires_after[anchor]'), form.get('expires_after[seconds]')]
  if (anchor === null && text === null) return null
  if (anchor !== 'created_at') {
    throw invalidRequest(
      "Invalid value for 'expires_after.anchor'. Supported values are: 'created_at'.",
      'expires_after.anchor',
      'invalid_value',
    )
  }
  const seconds = Number(text)
  if (Number.isInteger(seconds) && seconds >= lifetimeLeast && seconds <= lifetimeMost) return seconds
  const message = `Invalid 'expires_after.seconds': expected an integer between ${lifetimeLeast} and ${lifetimeMost}.`
  throw invalidRequest(message, 'expires_after.seconds', 'invalid_value')
}

/** With a seed, the id follows from name, purpose and content: equal uploads get equal answers. */
export function keepFile(
  service: Service,
  filename: string,
  purpose: string,
  bytes: Buffer,
  lifetimeSeconds: number | null = null,
): StoredFile {
  const draw = service.drawFor('file', filename, purpose, bytes.toString('latin1'))
  const createdAtSeconds = service.createdAtSeconds(draw)
  const object = {
    id: draw.hexId('file-', 32),
    object: 'file',
    bytes: bytes.length,
    created_at: createdAtSeconds,
    ...(lifetimeSeconds === null ? {} : { expires_at: createdAtSeconds + lifetimeSeconds }),
    filename,
    purpose,
    status: 'processed',
  }
  const expiresAtMs = lifetimeSeconds === null ? null : service.clock() + lifetimeSeconds * 1000
  const stored = { object, bytes, expiresAtMs }
  service.store.files.put(object.id, stored)
  return stored
}

export async function listFiles(call: Call): Promise<void> {
  const purpose = call.route.query.get('purpose')
  const kept = call.service.store.files.newest().filter(file => isKept(call.service, file))
  const objects: JsonRecord[] = kept.map(file => file.object)
  const wanted = purpose === null ? objects : objects.filter(each => each.purpose === purpose)
  return sendJson(call, page(wanted, call.route.query, 100))
}

export async function getFile(call: Call): Promise<void> {
  return sendJson(call, fileOf(call).object)
}

export async function getFileContent(call: Call): Promise<void> {
  const { bytes } = fileOf(call)
  return sendWhole(call, { contentType: 'application/octet-stream', bytes, spent: null, reportsUsage: false })
}

export async function deleteFile(call: Call): Promise<void> {
  const { id } = fileOf(call).object
  call.service.store.files.delete(id)
  return sendJson(call, { id, object: 'file', deleted: true })
}

function isKept(service: Service, { expiresAtMs }: StoredFile): boolean {
  return expiresAtMs === null || service.clock() < expiresAtMs
}

function fileOf(call: Call): StoredFile {
  const file = call.service.store.files.get(call.route.id ?? '')
  if (file && isKept(call.service, file)) return file
  throw noSuchObject(`No such File object: ${call.route.id}`, 'id')
}
