import { dice, hash32 } from './random.ts'
import { wordsOf } from './words.ts'

/** The values of `response_format` of speech in the service. */
export const speechFormats = ['mp3', 'opus', 'aac', 'flac', 'wav', 'pcm'] as const
export type SpeechFormat = (typeof speechFormats)[number]

/** As in the service: 24 kHz, one channel, 16 bit. */
const sampleRateHz = 24_000
const secondsMax = 3

/**
 * A small valid file: a tone per word for wav and pcm, silence of the same length for the compressed formats. It lasts
 * a quarter of a second and an eighth per word, at most 3 seconds. The same text and seed give the same file.
 */
export function speechBytes(speech: {
  readonly text: string
  readonly format: SpeechFormat
  readonly seed: number
}): Buffer {
  const words = wordsOf(speech.text)
  const seconds = Math.min(secondsMax, 0.25 + words.length / 8)
  switch (speech.format) {
    case 'wav':
      return wav(tones(words, seconds, speech.seed))
    case 'pcm':
      return tones(words, seconds, speech.seed)
    case 'mp3':
      return mp3(seconds)
    case 'aac':
      return aac(seconds)
    case 'flac':
      return flac(seconds)
    case 'opus':
      return oggOpus(seconds, hash32(speech.text, speech.seed))
    default:
      return speech.format satisfies never
  }
}

/** Signed 16-bit little endian; each word has a pitch of its own and fades out. */
function tones(words: readonly string[], seconds: number, seed: number): Buffer {
  const samples = Math.round(seconds * sampleRateHz)
  const perWord = Math.ceil(samples / Math.max(1, words.length))
  const pcm = Buffer.alloc(samples * 2)
  const pitches = words.map(word => 110 + dice(seed, word).below(180))
  for (let at = 0; at < samples; at += 1) {
    const pitch = pitches[Math.floor(at / perWord)] ?? 0
    const fade = 1 - (at % perWord) / perWord
    pcm.writeInt16LE(Math.round(Math.sin((2 * Math.PI * pitch * at) / sampleRateHz) * 9_000 * fade), at * 2)
  }
  return pcm
}

/** RIFF with `fmt ` (PCM) and `data`. */
function wav(pcm: Buffer): Buffer {
  const header = Buffer.alloc(44)
  header.write('RIFF', 0, 'latin1')
  header.writeUInt32LE(36 + pcm.length, 4)
  header.write('WAVEfmt ', 8, 'latin1')
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(sampleRateHz, 24)
  header.writeUInt32LE(sampleRateHz * 2, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36, 'latin1')
  header.writeUInt32LE(pcm.length, 40)
  return Buffer.concat([header, pcm])
}

/**
 * MPEG-1 layer III, 32 kbit/s, 44.1 kHz, mono: 104 bytes and 1,152 samples a frame; zeroed side information is silence.
 */
function mp3(seconds: number): Buffer {
  const frame = Buffer.alloc(104)
  frame.set([0xff, 0xfb, 0x10, 0xc4])
  return repeated(frame, (seconds * 44_100) / 1_152)
}

/** ADTS, AAC-LC, 24 kHz, mono: 1,024 samples a frame; one channel element without scale factor bands, then the end. */
function aac(seconds: number): Buffer {
  return repeated(
    Buffer.from([0xff, 0xf1, 0x58, 0x40, 0x01, 0x7f, 0xfc, 0x00, 0x00, 0x00, 0x07]),
    (seconds * sampleRateHz) / 1_024,
  )
}

function repeated(frame: Buffer, times: number): Buffer {
  return Buffer.concat(Array.from({ length: Math.max(1, Math.ceil(times)) }, () => frame))
}

/** RFC 9639: STREAMINFO, then frames of 4,096 samples with one constant subframe. */
function flac(seconds: number): Buffer {
  const blockSamples = 4_096
  const frames = Math.max(1, Math.ceil((seconds * sampleRateHz) / blockSamples))
  const info = Buffer.alloc(42)
  info.write('fLaC', 0, 'latin1')
  info.set([0x80, 0, 0, 34], 4)
  info.writeUInt16BE(blockSamples, 8)
  info.writeUInt16BE(blockSamples, 10)
  // 20 bits of rate, 3 of channels less one, 5 of bits a sample less one, 36 of samples.
  info.writeUInt32BE(((sampleRateHz << 12) | (15 << 4)) >>> 0, 18)
  info.writeUInt32BE(frames * blockSamples, 22)
  const body = Array.from({ length: frames }, (_, index) => {
    // Sync, fixed blocks; 4,096 samples, rate from STREAMINFO; mono, 16 bits; the frame's number (below 128, one byte).
    const head = Buffer.from([0xff, 0xf8, 0xc0, 0x08, index])
    const frame = Buffer.from([...head, crc(head, 8, 0x07), 0x00, 0x00, 0x00])
    const check = Buffer.alloc(2)
    check.writeUInt16BE(crc(frame, 16, 0x8005))
    return Buffer.concat([frame, check])
  })
  return Buffer.concat([info, ...body])
}

/** RFC 3533 and 7845: identification, comment, then packets of 20 ms of silence. */
function oggOpus(seconds: number, serial: number): Buffer {
  const head = Buffer.alloc(19)
  head.write('OpusHead', 0, 'latin1')
  head.set([1, 1], 8)
  head.writeUInt32LE(sampleRateHz, 12)
  const vendor = Buffer.from('simulator')
  const tags = Buffer.concat([Buffer.from('OpusTags'), uint32(vendor.length), vendor, uint32(0)])
  const packets = Math.min(255, Math.max(1, Math.ceil(seconds * 50)))
  const silence = Array.from({ length: packets }, () => Buffer.from([0xf8, 0xff, 0xfe]))
  // Positions count samples at 48 kHz, whatever the input was.
  return Buffer.concat([
    oggPage([head], { flags: 2, position: 0, serial, number: 0 }),
    oggPage([tags], { flags: 0, position: 0, serial, number: 1 }),
    oggPage(silence, { flags: 4, position: packets * 960, serial, number: 2 }),
  ])
}

interface OggPageFields {
  /** 2 begins a stream, 4 ends it. */
  readonly flags: number
  readonly position: number
  readonly serial: number
  readonly number: number
}

function oggPage(packets: readonly Buffer[], fields: OggPageFields): Buffer {
  const head = Buffer.alloc(27)
  head.write('OggS', 0, 'latin1')
  head[5] = fields.flags
  head.writeBigUInt64LE(BigInt(fields.position), 6)
  head.writeUInt32LE(fields.serial, 14)
  head.writeUInt32LE(fields.number, 18)
  head[26] = packets.length
  const page = Buffer.concat([head, Buffer.from(packets.map(packet => packet.length)), ...packets])
  page.writeUInt32LE(crc(page, 32, 0x04c11db7), 22)
  return page
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** Cyclic redundancy check, most significant bit first, starting at 0, as FLAC (8, 16) and Ogg (32) define theirs. */
function crc(bytes: Buffer, bits: 8 | 16 | 32, polynomial: number): number {
  const top = 2 ** (bits - 1)
  const mask = 2 ** bits - 1
  let value = 0
  for (const byte of bytes) {
    value = (value ^ (byte << (bits - 8))) >>> 0
    for (let bit = 0; bit < 8; bit += 1) {
      value = value >= top ? ((value << 1) ^ polynomial) >>> 0 : (value << 1) >>> 0
      value = (value & mask) >>> 0
    }
  }
  return value
}
