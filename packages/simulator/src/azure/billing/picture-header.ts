/** Format and size of a picture that comes as a data URL, read from the header of its file. */
export interface PictureHeader {
  readonly format: 'png' | 'jpeg' | 'gif' | 'webp' | 'bmp'
  /** Pixels; null when the header does not have them. */
  readonly widthPx: number | null
  readonly heightPx: number | null
}

type Size = readonly [widthPx: number, heightPx: number]

/** A JPEG has its size after its metadata; only this much of a file is read. */
const readBytesMax = 262_144

/** Null for other URLs, and for bytes of none of the formats. */
export function pictureHeader(url: string): PictureHeader | null {
  const encoded = /^data:[^,]{0,256};base64,/i.exec(url)?.[0]
  if (encoded === undefined) return null
  const bytes = Buffer.from(url.slice(encoded.length, encoded.length + readBytesMax), 'base64')
  const found = formats.find(({ magic }) => bytes.subarray(magic[0]).toString('latin1').startsWith(magic[1]))
  if (found === undefined) return null
  const [widthPx, heightPx] = sizeOf(bytes, found.size)
  return { format: found.format, widthPx, heightPx }
}

function sizeOf(bytes: Buffer, read: (bytes: Buffer) => Size): readonly [number | null, number | null] {
  try {
    const [widthPx, heightPx] = read(bytes)
    return widthPx > 0 && heightPx > 0 ? [widthPx, heightPx] : [null, null]
  } catch {
    // Thrown by a read beyond the end of a file that was cut.
    return [null, null]
  }
}

const formats: readonly {
  readonly format: PictureHeader['format']
  readonly magic: readonly [offset: number, text: string]
  readonly size: (bytes: Buffer) => Size
}[] = [
  { format: 'png', magic: [0, '\x89PNG'], size: bytes => [bytes.readUInt32BE(16), bytes.readUInt32BE(20)] },
  { format: 'jpeg', magic: [0, '\xff\xd8'], size: jpegSize },
  { format: 'gif', magic: [0, 'GIF8'], size: bytes => [bytes.readUInt16LE(6), bytes.readUInt16LE(8)] },
  { format: 'webp', magic: [8, 'WEBP'], size: webpSize },
  { format: 'bmp', magic: [0, 'BM'], size: bytes => [bytes.readInt32LE(18), Math.abs(bytes.readInt32LE(22))] },
]

/** ITU T.81: segments follow one another; the first start-of-frame segment has the size. */
function jpegSize(bytes: Buffer): Size {
  let at = 2
  for (;;) {
    while (bytes.readUInt8(at + 1) === 0xff) at += 1
    const marker = bytes.readUInt8(at + 1)
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return [bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5)]
    at += 2 + bytes.readUInt16BE(at + 2)
  }
}

function webpSize(bytes: Buffer): Size {
  switch (bytes.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return [bytes.readUInt16LE(26) % 0x4000, bytes.readUInt16LE(28) % 0x4000]
    case 'VP8L': {
      const bits = bytes.readUInt32LE(21)
      return [1 + (bits % 0x4000), 1 + (Math.floor(bits / 0x4000) % 0x4000)]
    }
    default:
      return [1 + bytes.readUIntLE(24, 3), 1 + bytes.readUIntLE(27, 3)]
  }
}
