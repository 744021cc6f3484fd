/** Pictures of an image model: size, cost and bytes, the same for the images API and the tool of Responses. */
import { createCipheriv } from 'node:crypto'
import { type JsonRecord, textOrNull } from '../../json.ts'
import { pngBytes, pngFilled } from '../answers/index.ts'
import { invalidRequest } from '../errors.ts'
import type { Service } from '../service.ts'

/**
 * The published rule of gpt-image-1 for a square picture at each quality; other sizes are in proportion to their area.
 */
const tokensPerSquare: Readonly<Record<string, number>> = { low: 272, medium: 1_056, high: 4_160, auto: 1_056 }
/** Additional cost of a partial picture of a stream. */
export const partialTokens = 100

export interface PictureSize {
  readonly widthPx: number
  readonly heightPx: number
  readonly quality: string
}

/** `size` and `quality` of a call or a tool. Throws 400 for a size that does not exist. */
export function pictureSize({ size, quality }: JsonRecord): PictureSize {
  const named = size === undefined || size === null || size === 'auto' ? '1024x1024' : size
  const [, width, height] = /^(\d{2,4})x(\d{2,4})$/.exec(String(named)) ?? []
  if (width === undefined || height === undefined) {
    throw invalidRequest(
      `Invalid value: '${String(size)}'. Supported values are: '1024x1024', '1024x1536', '1536x1024', and 'auto'.`,
      'size',
      'invalid_value',
    )
  }
  return { widthPx: Number(width), heightPx: Number(height), quality: textOrNull(quality) ?? 'auto' }
}

export function pictureTokens({ widthPx, heightPx, quality }: PictureSize): number {
  const square = tokensPerSquare[quality] ?? 1_056
  return Math.round((square * widthPx * heightPx) / 1024 ** 2)
}

/** A picture as base64, with at least the bytes that the instance is set to. */
export function drawnPicture(service: Service, { widthPx, heightPx }: PictureSize, seed: number): string {
  const picture = pngBytes({ width: widthPx, height: heightPx, seed })
  const missing = (service.pictureBytes ?? 0) - picture.length
  return (missing > 0 ? pngFilled(picture, noise(missing, seed)) : picture).toString('base64')
}

/** Bytes that no compression makes smaller; the same seed gives the same bytes. */
function noise(length: number, seed: number): Buffer {
  const key = Buffer.alloc(16)
  key.writeUInt32BE(seed >>> 0, 0)
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length))
}
