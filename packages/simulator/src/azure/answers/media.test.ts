import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { embed, pngBytes, type SpeechFormat, speechBytes, speechFormats, transcript } from './index.ts'

function cosine(left: string, right: string, dimensions = 1_536): number {
  const other = embed(right, dimensions)
  return embed(left, dimensions).reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0)
}

// Searches in demonstrations and tests must find texts with common words, or they show nothing.
test('texts that share words are near each other, others far', () => {
  assert.ok(cosine('parental leave policy', 'the policy for parental leave') > 0.9)
  assert.ok(cosine('approve the expense report', 'approval of expenses reports') > 0.5)
  assert.ok(cosine('How do I reset my password?', 'Password reset for employees') > 0.5)
  assert.ok(Math.abs(cosine('parental leave policy', 'kubernetes network debugging')) < 0.15)
  const query = 'Which insurance do we have abroad?'
  const documents = [
    'Travel insurance covers all trips abroad',
    'The canteen opens at noon',
    'Redis keeps data in memory',
  ]
  const ranked = documents.toSorted((left, right) => cosine(query, right) - cosine(query, left))
  assert.equal(ranked[0], documents[0])
})

test('embeddings have length 1 and are the same for the same text, in any dimension', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(1, 2, 8, 256, 1_536, 3_072), (text, dimensions) => {
      const vector = embed(text, dimensions)
      assert.equal(vector.length, dimensions)
      assert.ok(Math.abs(vector.reduce((sum, value) => sum + value * value, 0) - 1) < 1e-4)
      assert.deepEqual(vector, embed(text, dimensions))
    }),
    { numRuns: 200 },
  )
})

interface PngChunk {
  readonly kind: string
  readonly content: Buffer
}

/** Parses like a decoder: signature, lengths, checksums. */
function pngChunks(png: Buffer): PngChunk[] {
  assert.equal(png.subarray(0, 8).toString('hex'), '89504e470d0a1a0a')
  const chunks: PngChunk[] = []
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at)
    assert.equal(png.readUInt32BE(at + 8 + length), crc32(png.subarray(at + 4, at + 8 + length)))
    chunks.push({ kind: png.toString('latin1', at + 4, at + 8), content: png.subarray(at + 8, at + 8 + length) })
    at += 12 + length
  }
  return chunks
}

test('pictures are valid PNG files of the requested size', () => {
  for (const [width, height] of [
    [1_024, 1_024],
    [1_792, 1_024],
    [1, 1],
    [3, 500],
  ] as const) {
    const png = pngBytes({ width, height, seed: 7 })
    const chunks = pngChunks(png)
    assert.deepEqual(
      chunks.map(chunk => chunk.kind),
      ['IHDR', 'PLTE', 'IDAT', 'IEND'],
    )
    const [header, palette, pixels] = chunks
    assert.deepEqual([header?.content.readUInt32BE(0), header?.content.readUInt32BE(4)], [width, height])
    const lines = inflateSync(pixels?.content ?? Buffer.alloc(0))
    assert.equal(lines.length, (width + 1) * height)
    const colours = (palette?.content.length ?? 0) / 3
    for (let line = 0; line < height; line += 1) assert.equal(lines[line * (width + 1)], 0, 'no filter')
    assert.ok(lines.every(index => index < colours))
    assert.ok(png.length < 100_000)
  }
})

test('pictures of different seeds differ, pictures of the same seed do not', () => {
  const picture = (seed: number): Buffer => pngBytes({ width: 64, height: 64, seed })
  assert.deepEqual(picture(1), picture(1))
  assert.notDeepEqual(picture(1), picture(2))
})

const text = 'The quick brown fox jumps over the lazy dog'

function speech(format: SpeechFormat, spoken = text): Buffer {
  return speechBytes({ text: spoken, format, seed: 1 })
}

test('speech as wav is RIFF with PCM and correct sizes, and pcm has the same samples', () => {
  const wav = speech('wav')
  assert.equal(wav.toString('latin1', 0, 4) + wav.toString('latin1', 8, 16), 'RIFFWAVEfmt ')
  assert.equal(wav.readUInt32LE(4), wav.length - 8)
  assert.deepEqual(
    [wav.readUInt16LE(20), wav.readUInt16LE(22), wav.readUInt32LE(24), wav.readUInt32LE(28), wav.readUInt16LE(34)],
    [1, 1, 24_000, 48_000, 16],
  )
  assert.equal(wav.toString('latin1', 36, 40), 'data')
  assert.equal(wav.readUInt32LE(40), wav.length - 44)
  assert.deepEqual(wav.subarray(44), speech('pcm'))
  assert.ok(
    speech('pcm').some(byte => byte !== 0),
    'not silent',
  )
})

test('speech in the compressed formats is frame after frame to the last byte', () => {
  const mp3 = speech('mp3')
  assert.equal(mp3.length % 104, 0)
  // Sync, version 1, layer III, 32 kbit/s, 44.1 kHz: 144 * 32000 / 44100 = 104 bytes a frame.
  for (let at = 0; at < mp3.length; at += 104) assert.equal(mp3.readUInt32BE(at) >>> 8, 0xfffb10)
  const aac = speech('aac')
  for (let at = 0; at < aac.length; ) {
    assert.equal(aac.readUInt16BE(at) & 0xfff6, 0xfff0)
    at += (aac.readUInt32BE(at + 2) >>> 5) & 0x1fff || aac.length
    assert.ok(at <= aac.length)
  }
  const flac = speech('flac')
  assert.equal(flac.toString('latin1', 0, 4), 'fLaC')
  assert.equal(flac.readUInt32BE(18) >>> 12, 24_000)
  assert.equal(flac.readUInt16BE(42) & 0xfffe, 0xfff8)
})

// Two published check values: without them the sums could be consistent and still wrong.
test('speech as opus is Ogg pages with their table and checksum', () => {
  const opus = speech('opus')
  const flags: (number | undefined)[] = []
  for (let at = 0; at < opus.length; ) {
    assert.equal(opus.toString('latin1', at, at + 4), 'OggS')
    const segments = opus[at + 26] ?? 0
    const table = opus.subarray(at + 27, at + 27 + segments)
    const end = at + 27 + segments + table.reduce((sum, size) => sum + size, 0)
    const page = Buffer.from(opus.subarray(at, end))
    const checksum = page.readUInt32LE(22)
    page.writeUInt32LE(0, 22)
    assert.equal(checksum, oggChecksum(page))
    flags.push(opus[at + 5])
    at = end
  }
  assert.deepEqual(flags, [2, 0, 4])
  assert.equal(oggChecksum(Buffer.from('123456789')), 0x89a1897f)
})

/** Polynomial 04C11DB7, not reflected, starting at 0 (RFC 3533): by long division, bit by bit. */
function oggChecksum(page: Buffer): number {
  let rest = 0n
  for (const byte of Buffer.concat([page, Buffer.alloc(4)])) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      rest = (rest << 1n) | BigInt((byte >> bit) & 1)
      if (rest >> 32n) rest ^= 0x104c11db7n
    }
  }
  return Number(rest)
}

test('speech is small, longer for longer texts, and the same for the same text', () => {
  for (const format of speechFormats) {
    assert.deepEqual(speech(format), speech(format))
    assert.ok(speech(format).length < 150_000, format)
    assert.ok(speech(format).length > 0 && speech(format, '').length > 0)
    assert.ok(speech(format).length > speech(format, 'short').length, format)
  }
})

test('recordings are transcribed to sentences, and different recordings to different ones', () => {
  const transcribed = Array.from({ length: 20 }, (_, at) => transcript(Buffer.from(`recording ${at}`), 1))
  assert.ok(new Set(transcribed).size >= 15)
  for (const sentence of transcribed) assert.match(sentence, /^[A-Z].*[.?]$/)
  assert.equal(transcript(Buffer.from('a'), 1), transcript(Buffer.from('a'), 1))
})
