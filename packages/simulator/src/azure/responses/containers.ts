/** Containers, in which the code interpreter works, and their files. */
import { isRecord, type JsonRecord, listOf, numberOrNull, textOf, textOrNull } from '../../json.ts'
import { type Call, jsonInput, meaningOf } from '../call.ts'
import { invalidRequest, noSuchObject } from '../errors.ts'
import { sendJson, sendWhole } from '../http/answer.ts'
import { page, type StoredContainer, type StoredFile } from '../objects/store.ts'
import type { Draw } from '../seed.ts'
import type { Service } from '../service.ts'

/** A container that is not used for this long expires, with its files. */
const idleMinutes = 20

export interface ContainerAsk {
  readonly name: string
  readonly idleMinutes: number
  readonly memoryLimit: string
  /** Files of the resource that are copied into it. Throws 404 for others. */
  readonly fileIds: readonly string[]
}

export async function createContainer(call: Call): Promise<void> {
  const input = jsonInput(call)
  const name = textOrNull(input.name)
  if (name === null) throw invalidRequest("Missing required parameter: 'name'.", 'name', 'missing_required_parameter')
  const minutes = isRecord(input.expires_after) ? numberOrNull(input.expires_after.minutes) : null
  const container = makeContainer(call.service, call.service.drawFor('container', meaningOf(input)), {
    name,
    idleMinutes: minutes ?? idleMinutes,
    memoryLimit: textOrNull(input.memory_limit) ?? '1g',
    fileIds: listOf(input.file_ids).map(textOf),
  })
  return sendJson(call, describe(call.service, container))
}

/** For the tool's own request: `auto` with files, or nothing at all. */
export function automaticContainer(service: Service, draw: Draw, container: unknown): StoredContainer {
  const { file_ids, memory_limit } = isRecord(container) ? container : {}
  return makeContainer(service, draw, {
    name: 'CodeInterpreter',
    idleMinutes,
    memoryLimit: textOrNull(memory_limit) ?? '1g',
    fileIds: listOf(file_ids).map(textOf),
  })
}

function makeContainer(service: Service, draw: Draw, ask: ContainerAsk): StoredContainer {
  const container: StoredContainer = {
    id: draw.hexId('cntr_', 48),
    name: ask.name,
    memoryLimit: ask.memoryLimit,
    idleMinutes: ask.idleMinutes,
    createdAtSeconds: service.createdAtSeconds(draw),
    usedAtMs: service.clock(),
    files: new Map(),
  }
  for (const id of ask.fileIds) {
    const file = service.store.files.get(id)
    if (!file) throw noSuchObject(`No such File object: ${id}`, 'file_ids')
    putFile(service, container, { name: textOf(file.object.filename), bytes: file.bytes, source: 'user' })
  }
  service.store.containers.put(container.id, container)
  return container
}

export interface NewFile {
  readonly name: string
  readonly bytes: Buffer
  readonly source: 'user' | 'assistant'
}

export function putFile(service: Service, container: StoredContainer, { name, bytes, source }: NewFile): StoredFile {
  const draw = service.drawFor('container file', container.id, name)
  const object = {
    id: draw.hexId('cfile_', 48),
    object: 'container.file',
    created_at: service.createdAtSeconds(draw),
    bytes: bytes.length,
    container_id: container.id,
    path: `/mnt/data/${name}`,
    source,
  }
  const file = { object, bytes, expiresAtMs: null }
  container.files.set(object.id, file)
  return file
}

/** The container of that id, and marks it as used now. Throws 404 when there is none, 400 when it has expired. */
export function usedContainer(service: Service, id: string): StoredContainer {
  const container = service.store.containers.get(id)
  if (container === null) throw noSuchObject(`Container with id '${id}' not found.`, null)
  if (isExpired(service, container)) throw invalidRequest('Container is expired.', null, null)
  container.usedAtMs = service.clock()
  return container
}

function isExpired(service: Service, { usedAtMs, idleMinutes }: StoredContainer): boolean {
  return service.clock() > usedAtMs + idleMinutes * 60_000
}

export async function listContainers(call: Call): Promise<void> {
  const containers = call.service.store.containers.newest().map(each => describe(call.service, each))
  return sendJson(call, page(containers, call.route.query))
}

export async function getContainer(call: Call): Promise<void> {
  return sendJson(call, describe(call.service, containerOf(call)))
}

export async function deleteContainer(call: Call): Promise<void> {
  const { id } = containerOf(call)
  call.service.store.containers.delete(id)
  return sendJson(call, { id, object: 'container.deleted', deleted: true })
}

/** A form with the file, or JSON with the id of one of the resource's files. */
export async function addContainerFile(call: Call): Promise<void> {
  const container = usedContainer(call.service, call.route.id ?? '')
  return sendJson(call, putFile(call.service, container, await newFile(call)).object)
}

async function newFile(call: Call): Promise<NewFile> {
  const file = call.input instanceof FormData ? call.input.get('file') : null
  if (file instanceof File) {
    return { name: file.name, bytes: Buffer.from(await file.arrayBuffer()), source: 'user' }
  }
  const id = call.input instanceof FormData ? textOf(call.input.get('file_id')) : textOf(jsonInput(call).file_id)
  const kept = call.service.store.files.get(id)
  if (!kept) throw noSuchObject(`No such File object: ${id}`, 'file_id')
  return { name: textOf(kept.object.filename), bytes: kept.bytes, source: 'user' }
}

export async function listContainerFiles(call: Call): Promise<void> {
  const { files } = usedContainer(call.service, call.route.id ?? '')
  return sendJson(call, page([...files.values()].map(file => file.object).reverse(), call.route.query))
}

export async function getContainerFile(call: Call): Promise<void> {
  return sendJson(call, fileOf(call).object)
}

export async function getContainerFileContent(call: Call): Promise<void> {
  const { bytes } = fileOf(call)
  return sendWhole(call, { contentType: 'application/octet-stream', bytes, spent: null, reportsUsage: false })
}

export async function deleteContainerFile(call: Call): Promise<void> {
  const { id } = fileOf(call).object
  usedContainer(call.service, call.route.id ?? '').files.delete(id)
  return sendJson(call, { id, object: 'container.file.deleted', deleted: true })
}

function fileOf(call: Call): StoredFile {
  const file = usedContainer(call.service, call.route.id ?? '').files.get(call.route.secondId ?? '')
  if (file) return file
  throw noSuchObject(`Container file with id '${call.route.secondId}' not found.`, null)
}

function describe(service: Service, container: StoredContainer): JsonRecord & { readonly id: string } {
  return {
    id: container.id,
    object: 'container',
    created_at: container.createdAtSeconds,
    status: isExpired(service, container) ? 'expired' : 'running',
    expires_after: { anchor: 'last_active_at', minutes: container.idleMinutes },
    last_active_at: Math.floor(container.usedAtMs / 1000),
    memory_limit: container.memoryLimit,
    name: container.name,
  }
}

function containerOf(call: Call): StoredContainer {
  const container = call.service.store.containers.get(call.route.id ?? '')
  if (container) return container
  throw noSuchObject(`Container with id '${call.route.id}' not found.`, null)
}
