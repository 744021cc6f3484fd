/** The cost of pictures and sounds in a prompt. */
import { pictureHeader } from './picture-header.ts'

/**
 * OpenAI's published rules: squares of 512 pixels after scaling, or patches of 32 pixels times a factor of the model.
 */
type Rule = { readonly base: number; readonly tile: number } | { readonly patch: number }

const rules: readonly (readonly [RegExp, Rule])[] = [
  [/^gpt-(4\.1|5(\.\d+)?)-mini/i, { patch: 1.62 }],
  [/^gpt-(4\.1|5(\.\d+)?)-nano/i, { patch: 2.46 }],
  [/^o4-mini/i, { patch: 1.72 }],
  [/^gpt-4o-mini/i, { base: 2_833, tile: 5_667 }],
  [/^gpt-5/i, { base: 70, tile: 140 }],
  [/^o\d/i, { base: 75, tile: 150 }],
  [/(?:)/, { base: 85, tile: 170 }],
]

const patchesMax = 1_536
/** Side of a picture of unknown size, and of one that is read with low detail by patches. */
const unknownPx = 1_024
const lowPx = 512

/** `detail` of the part: `low`; every other value counts as high. */
export function pictureTokens(model: string, url: string, detail: string): number {
  const rule = rules.find(([names]) => names.test(model))?.[1] ?? { base: 85, tile: 170 }
  const isLow = detail === 'low'
  if ('tile' in rule && isLow) return rule.base
  const header = isLow ? null : pictureHeader(url)
  const otherwise = isLow ? lowPx : unknownPx
  const size = [header?.widthPx ?? otherwise, header?.heightPx ?? otherwise] as const
  return 'tile' in rule ? rule.base + rule.tile * tilesOf(...size) : Math.ceil(rule.patch * patchesOf(...size))
}

/** Scaled into a square of 2,048 pixels, then to a shorter side of 768 at most, then cut into tiles of 512. */
function tilesOf(width: number, height: number): number {
  const first = Math.min(1, 2_048 / Math.max(width, height))
  const scale = Math.min(first, 768 / Math.min(width, height))
  return steps(width * scale, 512) * steps(height * scale, 512)
}

function patchesOf(width: number, height: number): number {
  const all = steps(width, 32) * steps(height, 32)
  if (all <= patchesMax) return all
  const fit = Math.sqrt((patchesMax * 32 * 32) / (width * height))
  const columns = (width * fit) / 32
  const rows = (height * fit) / 32
  const whole = fit * Math.min(Math.floor(columns) / columns, Math.floor(rows) / rows)
  return Math.min(patchesMax, Math.max(1, steps(width * whole, 32) * steps(height * whole, 32)))
}

/** Number of parts of `length` that begin; a rounding error begins none. */
const steps = (total: number, length: number): number => Math.ceil(Math.round((total / length) * 1e6) / 1e6)

const soundTokensPerSecond = 10
/** For the formats that chat takes; mp3 of spoken words. */
const bytesPerSecondOf: Readonly<Record<string, number>> = { wav: 32_000, mp3: 8_000 }

/** Ten tokens for each second that begins. `data` is base64; a WAV has its own byte rate in its header. */
export function soundTokens(data: string, format: string): number {
  const bytes = Math.floor((data.length * 3) / 4)
  const head = Buffer.from(data.slice(0, 64), 'base64')
  const said = head.length >= 32 && head.toString('latin1', 0, 4) === 'RIFF' ? head.readUInt32LE(28) : 0
  const bytesPerSecond = said > 0 ? said : (bytesPerSecondOf[format] ?? 16_000)
  return Math.ceil((bytes / bytesPerSecond) * soundTokensPerSecond)
}
