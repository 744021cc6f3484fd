/**
 * Format and size from the first bytes of an image. Sizes in pixels; null where the header is missing, cut or of
 * another kind.
 */
export interface ImageHeader {
  readonly format: 'png' | 'jpeg' | 'gif' | 'webp' | 'bmp'
  readonly widthPx: number | null
  readonly heightPx: number | null
}

/** Bytes that are searched for a size. In JPEG it comes after the metadata, which thumbnails make long. */
const headerBytesMax = 262_144

/**
 * Reads the header of a base64 data URL (RFC 2397). Null for other URLs, other encodings, and bytes of no known image
 * format.
 */
export function dataUrlImageHeader(url: string): ImageHeader | null {
  const comma = url.indexOf(',')
  if (!/^data:/i.test(url) || comma < 0 || comma > 256 || !/;base64$/i.test(url.slice(0, comma))) return null
  const encoded = url.slice(comma + 1, comma + 1 + Math.ceil(headerBytesMax / 3) * 4)
  return imageHeader(Buffer.from(encoded, 'base64'))
}

/** Reads the header of PNG, JPEG, GIF, WebP and BMP bytes; null for other bytes. */
export function imageHeader(bytes: Uint8Array): ImageHeader | null {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (at.length < 4) return null
  if (at.readUInt32BE(0) === 0x89504e47) return sized('png', at, 24, () => [at.readUInt32BE(16), at.readUInt32BE(20)])
  if (at.readUInt16BE(0) === 0xffd8) return jpegHeader(at)
  const magic = at.toString('latin1', 0, 4)
  if (magic === 'GIF8') return sized('gif', at, 10, () => [at.readUInt16LE(6), at.readUInt16LE(8)])
  if (magic === 'RIFF' && at.toString('latin1', 8, 12) === 'WEBP') return webpHeader(at)
  if (magic.startsWith('BM')) return sized('bmp', at, 26, () => [at.readInt32LE(18), Math.abs(at.readInt32LE(22))])
  return null
}

function sized(
  format: ImageHeader['format'],
  at: Buffer,
  bytesNeeded: number,
  read: () => readonly [number, number],
): ImageHeader {
  const [widthPx, heightPx] = at.length >= bytesNeeded ? read() : [0, 0]
  return widthPx > 0 && heightPx > 0 ? { format, widthPx, heightPx } : { format, widthPx: null, heightPx: null }
}

/**
 * Walks the segments to the start-of-frame marker (ITU T.81, B.2.2): FFC0..FFCF except C4 (tables), C8 (reserved), CC
 * (coding).
 */
function jpegHeader(at: Buffer): ImageHeader {
  let offset = 2
  while (offset + 9 <= at.length && at[offset] === 0xff) {
    const marker = at[offset + 1] ?? 0
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
    if (isFrame) {
      const frame = offset
      return sized('jpeg', at, frame + 9, () => [at.readUInt16BE(frame + 7), at.readUInt16BE(frame + 5)])
    }
    // A marker may be preceded by fill bytes FF.
    offset += marker === 0xff ? 1 : 2 + at.readUInt16BE(offset + 2)
  }
  return { format: 'jpeg', widthPx: null, heightPx: null }
}

/**
 * The three kinds of WebP: lossy (key frame header), lossless (14-bit sizes less one), extended (24-bit sizes less
 * one).
 */
function webpHeader(at: Buffer): ImageHeader {
  const kind = at.toString('latin1', 12, 16)
  if (kind === 'VP8 ') return sized('webp', at, 30, () => [at.readUInt16LE(26) & 0x3fff, at.readUInt16LE(28) & 0x3fff])
  if (kind === 'VP8X') return sized('webp', at, 30, () => [at.readUIntLE(24, 3) + 1, at.readUIntLE(27, 3) + 1])
  if (kind !== 'VP8L') return { format: 'webp', widthPx: null, heightPx: null }
  return sized('webp', at, 25, () => {
    const bits = at.readUInt32LE(21)
    return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1]
  })
}
