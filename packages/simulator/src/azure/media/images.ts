/** Image generation and editing: valid pictures of the requested size, whole or with partial ones in a stream. */

import type { JsonRecord } from '../../json.ts'
import type { Spent } from '../billing/bill.ts'
import { countText } from '../billing/index.ts'
import { admit, type Call, formInput, jsonInput, meaningOf, type Work, workOf } from '../call.ts'
import { completionFilter } from '../chat/filter.ts'
import { integerIn } from '../chat/input.ts'
import { invalidRequest, noSuchObject } from '../errors.ts'
import { EventStream, sendJson } from '../http/answer.ts'
import { drawnPicture, type PictureSize, partialTokens, pictureSize, pictureTokens } from './pictures.ts'

const picturePath = '/_simulator/pictures/'

interface ImageAsk extends PictureSize {
  readonly prompt: string
  readonly count: number
  readonly asUrl: boolean
  readonly stream: boolean
  /** For each picture of a stream. */
  readonly partials: number
}

export async function generateImages(call: Call): Promise<void> {
  const input = jsonInput(call)
  const { partial_images: _, ...meaning } = input
  const work = workOf(call, meaningOf(meaning))
  return drawImages(call, work, imageAsk(work, input), 'image_generation')
}

export async function editImages(call: Call): Promise<void> {
  const form = formInput(call)
  const { partial_images, n, stream, ...fields } = Object.fromEntries(
    [...form].filter(([, value]) => typeof value === 'string'),
  )
  const pictures = [...form.values()].filter(value => typeof value !== 'string')
  if (pictures.length === 0) {
    throw invalidRequest("Missing required parameter: 'image'.", 'image', 'missing_required_parameter')
  }
  const numbers = Object.fromEntries(
    Object.entries({ partial_images, n }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Number(value)]],
    ),
  )
  const work = workOf(call, JSON.stringify([fields, n ?? 1, pictures.map(picture => picture.size)]))
  const ask = imageAsk(work, { ...fields, ...numbers, stream: stream === 'true' })
  return drawImages(call, work, ask, 'image_edit')
}

function imageAsk(work: Work, input: JsonRecord): ImageAsk {
  const { prompt } = input
  if (typeof prompt !== 'string' || prompt === '') {
    throw invalidRequest("Missing required parameter: 'prompt'.", 'prompt', 'missing_required_parameter')
  }
  const isDallE = /^dall-e/i.test(work.deployment.model)
  const partials = integerIn(input, 'partial_images', 0, 3) ?? 0
  const stream = input.stream === true
  if (stream && isDallE) throw invalidRequest("Unknown parameter: 'stream'.", 'stream', 'unknown_parameter')
  return {
    ...pictureSize(input),
    prompt,
    count: integerIn(input, 'n', 1, isDallE || stream ? 1 : 10) ?? 1,
    asUrl: isDallE && input.response_format !== 'b64_json',
    stream,
    partials,
  }
}

function drawImages(call: Call, work: Work, ask: ImageAsk, kind: string): Promise<void> {
  const promptTokens = countText(work.deployment.model, ask.prompt)
  admit(call, work, promptTokens, null)
  const seed = work.draw.number('picture')
  const isDallE = /^dall-e/i.test(work.deployment.model)
  const shown = ask.stream ? ask.partials * partialTokens : 0
  const spent = { promptTokens, completionTokens: pictureTokens(ask) * ask.count + shown }
  if (ask.stream) return streamImages(call, work, ask, spent, kind)
  const base = `http://${call.request.headers.host ?? 'localhost'}${picturePath}`
  const safe = { content_filter_results: completionFilter, prompt_filter_results: completionFilter }
  const data = Array.from({ length: ask.count }, (_, at) => {
    if (ask.asUrl)
      return { ...safe, revised_prompt: ask.prompt, url: `${base}${ask.widthPx}x${ask.heightPx}-${seed + at}.png` }
    return { ...safe, b64_json: drawnPicture(work.service, ask, seed + at), revised_prompt: ask.prompt }
  })
  const created = work.createdAtSeconds
  if (isDallE) return sendJson(call, { created, data })
  const { background, output_format, quality, size } = described(ask)
  const usage = work.reportsUsage ? { usage: usageOf(spent) } : {}
  const document = { created, background, data, output_format, quality, size, ...usage }
  return sendJson(call, document, spent, work.reportsUsage)
}

/** Each partial picture is as large as the last one. The last event has the usage, after the picture. */
async function streamImages(call: Call, work: Work, ask: ImageAsk, spent: Spent, kind: string): Promise<void> {
  const stream = await EventStream.open(call)
  const b64_json = drawnPicture(work.service, ask, work.draw.number('picture'))
  const shared = { b64_json, created_at: work.createdAtSeconds, ...described(ask) }
  const event = (type: string, fields: JsonRecord): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...shared, ...fields })}\n\n`
  for (let at = 0; at < ask.partials; at += 1) {
    const partial = event(`${kind}.partial_image`, { partial_image_index: at })
    if (!(await stream.send(partial, partialTokens))) return
  }
  if (!work.reportsUsage) return stream.end(event(`${kind}.completed`, {}), spent)
  await stream.report(event(`${kind}.completed`, { usage: usageOf(spent) }), spent)
  return stream.end('', spent)
}

function described(ask: PictureSize): JsonRecord {
  return {
    background: 'opaque',
    output_format: 'png',
    quality: ask.quality === 'auto' ? 'medium' : ask.quality,
    size: `${ask.widthPx}x${ask.heightPx}`,
  }
}

function usageOf({ promptTokens, completionTokens }: Spent): JsonRecord {
  return {
    input_tokens: promptTokens,
    input_tokens_details: { image_tokens: 0, text_tokens: promptTokens },
    output_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
}

/** The target of a picture's URL; null for other paths. */
export function pictureOf(
  target: string,
): { readonly width: number; readonly height: number; readonly seed: number } | null {
  if (!target.startsWith(picturePath)) return null
  const [, width, height, seed] = /^(\d{2,4})x(\d{2,4})-(\d{1,10})\.png$/.exec(target.slice(picturePath.length)) ?? []
  if (seed === undefined) throw noSuchObject('There is no such picture.', null)
  return { width: Number(width), height: Number(height), seed: Number(seed) }
}
