import { dataUrlImageHeader } from './image-header.ts'

/** Price of an image in tokens, as OpenAI publishes it ("Images and vision", calculating costs). */
type ImageRule =
  | { readonly by: 'tiles'; readonly baseTokens: number; readonly tileTokens: number }
  | { readonly by: 'patches'; readonly factor: number }

/** The first row that matches the model's name decides. */
const imageRules: readonly (readonly [RegExp, ImageRule])[] = [
  [/^(gpt-4\.1-mini|gpt-5(\.\d)?-mini)/i, { by: 'patches', factor: 1.62 }],
  [/^(gpt-4\.1-nano|gpt-5(\.\d)?-nano)/i, { by: 'patches', factor: 2.46 }],
  [/^o4-mini/i, { by: 'patches', factor: 1.72 }],
  [/^gpt-4o-mini/i, { by: 'tiles', baseTokens: 2_833, tileTokens: 5_667 }],
  [/^gpt-5/i, { by: 'tiles', baseTokens: 70, tileTokens: 140 }],
  [/^o[13]/i, { by: 'tiles', baseTokens: 75, tileTokens: 150 }],
  [/(?:)/, { by: 'tiles', baseTokens: 85, tileTokens: 170 }],
]

/** Assumed where the size is not known: an image at a URL, or an unreadable header. 765 tokens on gpt-4o. */
const assumedSizePx = 1_024
const patchesMax = 1_536

/**
 * Tokens of one image. The size comes from the header of a data URL; without one, 1,024 by 1,024 pixels are assumed.
 * @param detail as in the request: `low`, `high`, `auto` or null. `auto` is counted as `high`, as documented.
 */
export function imageTokens(model: string, url: string, detail: string | null): number {
  const rule = imageRules.find(([names]) => names.test(model))?.[1]
  if (rule === undefined) return 0
  if (rule.by === 'tiles' && detail === 'low') return rule.baseTokens
  const header = detail === 'low' ? null : dataUrlImageHeader(url)
  // Models that count patches look at 512 by 512 pixels for `low`.
  const standInPx = detail === 'low' ? 512 : assumedSizePx
  const widthPx = header?.widthPx ?? standInPx
  const heightPx = header?.heightPx ?? standInPx
  return rule.by === 'tiles'
    ? rule.baseTokens + rule.tileTokens * tiles(widthPx, heightPx)
    : Math.ceil(patches(widthPx, heightPx) * rule.factor)
}

/**
 * The image is fitted into 2,048 by 2,048, then its shorter side is reduced to 768, then squares of 512 are counted.
 */
function tiles(widthPx: number, heightPx: number): number {
  const fit = Math.min(1, 2_048 / Math.max(widthPx, heightPx))
  const shrink = fit * Math.min(1, 768 / (Math.min(widthPx, heightPx) * fit))
  return Math.ceil(rounded(widthPx * shrink) / 512) * Math.ceil(rounded(heightPx * shrink) / 512)
}

/** Squares of 32 pixels. An image with more than 1,536 of them is shrunk until they fit. */
function patches(widthPx: number, heightPx: number): number {
  const whole = Math.ceil(widthPx / 32) * Math.ceil(heightPx / 32)
  if (whole <= patchesMax) return whole
  const shrink = Math.sqrt((32 * 32 * patchesMax) / (widthPx * heightPx))
  const across = (widthPx * shrink) / 32
  const down = (heightPx * shrink) / 32
  const refit = Math.min(Math.floor(across) / across, Math.floor(down) / down)
  const fitted = Math.ceil(rounded(across * refit)) * Math.ceil(rounded(down * refit))
  return Math.min(patchesMax, Math.max(1, fitted))
}

/** 767.9999999 and 768.0000001 become 768: a rounding error of the scaling must not add a square. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6
}
