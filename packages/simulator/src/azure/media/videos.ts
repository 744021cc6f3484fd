/** Videos: made by a deployment, in the background. A video is in progress until it has been read once. */
import { type JsonRecord, textOrNull } from '../../json.ts'
import { admit, type Call, jsonInput, meaningOf, type Work, workOf } from '../call.ts'
import { invalidRequest, noSuchObject } from '../errors.ts'
import { sendJson, sendWhole } from '../http/answer.ts'
import { page } from '../objects/store.ts'

type Video = JsonRecord & { readonly id: string }

const lifetimeSeconds = 86_400
const lengths = ['4', '8', '12']
const sizes = ['720x1280', '1280x720', '1024x1792', '1792x1024']

export async function createVideo(call: Call): Promise<void> {
  const fields = call.input instanceof FormData ? Object.fromEntries(call.input) : jsonInput(call)
  const texts: JsonRecord = Object.fromEntries(Object.entries(fields).filter(([, value]) => typeof value === 'string'))
  const work = workOf(call, meaningOf(texts))
  const prompt = textOrNull(texts.prompt)
  if (prompt === null) {
    throw invalidRequest("Missing required parameter: 'prompt'.", 'prompt', 'missing_required_parameter')
  }
  // Billed by the second, not by tokens.
  admit(call, work, 0, null)
  return sendJson(call, keep(call, work, prompt, texts, null))
}

/** Makes another video from an existing one, on the same deployment. */
export async function remixVideo(call: Call): Promise<void> {
  const before = videoOf(call)
  const { prompt } = jsonInput(call)
  if (textOrNull(prompt) === null) {
    throw invalidRequest("Missing required parameter: 'prompt'.", 'prompt', 'missing_required_parameter')
  }
  call.line.deployment = String(before.model)
  const work = workOf(call, JSON.stringify([before.id, prompt]))
  return sendJson(call, keep(call, work, String(prompt), before, before.id))
}

function keep(call: Call, work: Work, prompt: string, { seconds, size }: JsonRecord, from: string | null): Video {
  const video = {
    id: work.draw.hexId('video_', 48),
    object: 'video',
    completed_at: null,
    created_at: work.createdAtSeconds,
    error: null,
    expires_at: null,
    model: work.deployment.name,
    progress: 0,
    prompt,
    remixed_from_video_id: from,
    seconds: oneOf('seconds', seconds ?? '4', lengths),
    size: oneOf('size', size ?? '720x1280', sizes),
    status: 'queued',
  }
  call.service.store.videos.put(video.id, video)
  return video
}

function oneOf(name: string, value: unknown, known: readonly string[]): string {
  const found = known.find(each => each === value)
  if (found !== undefined) return found
  const message = `Invalid value: '${String(value)}'. Supported values are: ${known.map(each => `'${each}'`).join(', ')}.`
  throw invalidRequest(message, name, 'invalid_value')
}

export async function listVideos(call: Call): Promise<void> {
  return sendJson(call, page(call.service.store.videos.newest(), call.route.query))
}

export async function getVideo(call: Call): Promise<void> {
  const video = videoOf(call)
  const at = Number(video.created_at)
  const working = { status: 'in_progress', progress: 50 }
  const ended = { status: 'completed', progress: 100, completed_at: at + 60, expires_at: at + 60 + lifetimeSeconds }
  const now = { ...video, ...(video.status === 'queued' ? working : ended) }
  call.service.store.videos.put(video.id, now)
  return sendJson(call, now)
}

export async function deleteVideo(call: Call): Promise<void> {
  const { id } = videoOf(call)
  call.service.store.videos.delete(id)
  return sendJson(call, { id, object: 'video.deleted', deleted: true })
}

/** An MP4 with a valid header and without any frame. */
export async function getVideoContent(call: Call): Promise<void> {
  const video = videoOf(call)
  if (video.status !== 'completed') throw invalidRequest('Video is not ready yet.', null, null)
  const bytes = Buffer.concat([box('ftyp', 'isom\0\0\0\0isommp42'), box('free', video.id)])
  return sendWhole(call, { contentType: 'video/mp4', bytes, spent: null, reportsUsage: false })
}

function box(kind: string, content: string): Buffer {
  const bytes = Buffer.from(`....${kind}${content}`, 'latin1')
  bytes.writeUInt32BE(bytes.length, 0)
  return bytes
}

function videoOf(call: Call): Video {
  const video = call.service.store.videos.get(call.route.id ?? '')
  if (video) return video
  throw noSuchObject(`Video with id '${call.route.id}' not found.`, 'video_id')
}
