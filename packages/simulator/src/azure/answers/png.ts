import { crc32, deflateSync } from 'node:zlib'
import { dice } from './random.ts'

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const coloursMax = 16

/**
 * A valid PNG (ISO/IEC 15948): 8-bit palette, a pattern of overlapping waves in up to 16 colours, 5 to 60 KB at 1,024
 * by 1,024. The same size and seed give the same picture. Sizes are rounded to whole pixels and limited to 1 .. 4096.
 */
export function pngBytes(image: { readonly width: number; readonly height: number; readonly seed: number }): Buffer {
  const width = inBounds(image.width)
  const height = inBounds(image.height)
  const luck = dice(image.seed, `png ${width}x${height}`)
  const palette = Buffer.from(Array.from({ length: coloursMax * 3 }, () => luck.below(256)))
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // Bit depth 8, colour type 3 (palette), then deflate, adaptive filters, no interlace: all 0.
  header.set([8, 3, 0, 0, 0], 8)
  const scale = [1 + luck.below(4), 1 + luck.below(4), 1 + luck.below(3)] as const
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(pattern(width, height, scale), { level: 6 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** One filter byte (0, none) in front of each line; squares of eighths of the image keep it compressible. */
function pattern(width: number, height: number, scale: readonly [number, number, number]): Buffer {
  const lines = Buffer.alloc((width + 1) * height)
  const cell = Math.max(1, Math.floor(Math.max(width, height) / 64))
  for (let y = 0; y < height; y += 1) {
    const row = Math.floor(y / cell)
    const start = y * (width + 1) + 1
    for (let x = 0; x < width; x += 1) {
      const column = Math.floor(x / cell)
      const wave =
        Math.sin((column * scale[0]) / 9) + Math.sin((row * scale[1]) / 7) + Math.sin(((column + row) * scale[2]) / 11)
      lines[start + x] = Math.floor(((wave + 3) / 6) * (coloursMax - 1))
    }
  }
  return lines
}

function chunk(kind: string, content: Buffer): Buffer {
  const framed = Buffer.alloc(12 + content.length)
  framed.writeUInt32BE(content.length, 0)
  framed.write(kind, 4, 'latin1')
  framed.set(content, 8)
  framed.writeUInt32BE(crc32(framed.subarray(4, 8 + content.length)), 8 + content.length)
  return framed
}

function inBounds(pixels: number): number {
  return Math.min(4_096, Math.max(1, Math.floor(pixels) || 1))
}

/** The same picture with `filling` in it, in a private chunk that viewers skip. */
export function pngFilled(png: Buffer, filling: Buffer): Buffer {
  // IEND, the last chunk, is empty: length, name, checksum.
  return Buffer.concat([png.subarray(0, -12), chunk('fiLl', filling), png.subarray(-12)])
}
