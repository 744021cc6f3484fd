/** Image generation and editing: small valid pictures of the size asked for. */
import type { JsonRecord } from '../../wire/json.ts'
import { sendJson } from './answer.ts'
import { pngBytes } from './answers/index.ts'
import { countText } from './billing/index.ts'
import { admit, type Call, formInput, jsonInput, meaningOf, type Spent, type Work, workOf } from './call.ts'
import { integerIn } from './chatInput.ts'
import { invalidRequest, noSuchObject } from './errors.ts'
import { completionFilter } from './filter.ts'

const picturePath = '/_simulator/pictures/'
/** The published rule of gpt-image-1 for a square picture at each quality; other sizes in proportion to their area. */
const tokensPerSquare: Readonly<Record<string, number>> = { low: 272, medium: 1_056, high: 4_160, auto: 1_056 }

interface ImageAsk {
  readonly prompt: string
  readonly widthPx: number
  readonly heightPx: number
  readonly count: number
  readonly quality: string
  readonly asUrl: boolean
}

export async function generateImages(call: Call): Promise<void> {
  const input = jsonInput(call)
  const work = workOf(call, meaningOf(input))
  return drawImages(call, work, imageAsk(work, input))
}

export async function editImages(call: Call): Promise<void> {
  const form = formInput(call)
  const fields = Object.fromEntries([...form].filter(([, value]) => typeof value === 'string'))
  const pictures = [...form.values()].filter(value => typeof value !== 'string')
  if (pictures.length === 0) {
    throw invalidRequest("Missing required parameter: 'image'.", 'image', 'missing_required_parameter')
  }
  const n = fields.n === undefined ? {} : { n: Number(fields.n) }
  const work = workOf(call, JSON.stringify([fields, pictures.map(picture => picture.size)]))
  return drawImages(call, work, imageAsk(work, { ...fields, ...n }))
}

function imageAsk(work: Work, input: JsonRecord): ImageAsk {
  const { prompt, size, quality } = input
  if (typeof prompt !== 'string' || prompt === '') {
    throw invalidRequest("Missing required parameter: 'prompt'.", 'prompt', 'missing_required_parameter')
  }
  const named = size === undefined || size === null || size === 'auto' ? '1024x1024' : size
  const [, width, height] = /^(\d{2,4})x(\d{2,4})$/.exec(String(named)) ?? []
  if (width === undefined || height === undefined) {
    throw invalidRequest(
      `Invalid value: '${String(size)}'. Supported values are: '1024x1024', '1024x1536', '1536x1024', and 'auto'.`,
      'size',
      'invalid_value',
    )
  }
  const isDallE = /^dall-e/i.test(work.deployment.model)
  return {
    prompt,
    widthPx: Number(width),
    heightPx: Number(height),
    count: integerIn(input, 'n', 1, isDallE ? 1 : 10) ?? 1,
    quality: typeof quality === 'string' ? quality : 'auto',
    asUrl: isDallE && input.response_format !== 'b64_json',
  }
}

function drawImages(call: Call, work: Work, ask: ImageAsk): Promise<void> {
  const promptTokens = countText(work.deployment.model, ask.prompt)
  admit(call, work, promptTokens, null)
  const seed = work.draw.number('picture')
  const base = `http://${call.request.headers.host ?? 'localhost'}${picturePath}`
  const safe = { content_filter_results: completionFilter, prompt_filter_results: completionFilter }
  const data = Array.from({ length: ask.count }, (_, at) => {
    if (ask.asUrl)
      return { ...safe, revised_prompt: ask.prompt, url: `${base}${ask.widthPx}x${ask.heightPx}-${seed + at}.png` }
    const picture = pngBytes({ width: ask.widthPx, height: ask.heightPx, seed: seed + at })
    return { ...safe, b64_json: picture.toString('base64'), revised_prompt: ask.prompt }
  })
  const created = work.createdAtSeconds
  if (/^dall-e/i.test(work.deployment.model)) return sendJson(call, { created, data })
  const spent = { promptTokens, completionTokens: pictureTokens(ask) * ask.count }
  return sendJson(
    call,
    { created, data, ...(work.reportsUsage ? { usage: usageOf(spent) } : {}) },
    spent,
    work.reportsUsage,
  )
}

function pictureTokens(ask: ImageAsk): number {
  const square = tokensPerSquare[ask.quality] ?? 1_056
  return Math.round((square * ask.widthPx * ask.heightPx) / 1024 ** 2)
}

function usageOf({ promptTokens, completionTokens }: Spent): JsonRecord {
  return {
    input_tokens: promptTokens,
    input_tokens_details: { image_tokens: 0, text_tokens: promptTokens },
    output_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
}

/** The target of a picture's URL, or null for other paths. */
export function pictureOf(
  target: string,
): { readonly width: number; readonly height: number; readonly seed: number } | null {
  if (!target.startsWith(picturePath)) return null
  const [, width, height, seed] = /^(\d{2,4})x(\d{2,4})-(\d{1,10})\.png$/.exec(target.slice(picturePath.length)) ?? []
  if (seed === undefined) throw noSuchObject('There is no such picture.', null)
  return { width: Number(width), height: Number(height), seed: Number(seed) }
}
