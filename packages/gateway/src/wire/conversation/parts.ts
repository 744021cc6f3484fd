/** The content of a message: a text, or parts of several kinds (chat completions and Responses). */
import { isRecord, type JsonRecord, jsonText, listOf, textOf, textOrNull } from '../json.ts'
import { type Attachment, attachmentOf } from './message.ts'

export interface Content {
  readonly text: string
  readonly refusal: string
  readonly attachments: readonly Attachment[]
}

/** A part of a kind that is not known here is written as JSON up to this length. */
const unknownCharactersMax = 16_384

type Part = Partial<Content>

const partsByType: ReadonlyMap<string, (part: JsonRecord) => Part> = new Map<string, (part: JsonRecord) => Part>([
  ['text', textPart],
  ['input_text', textPart],
  ['output_text', textPart],
  ['summary_text', textPart],
  ['reasoning_text', textPart],
  ['refusal', part => ({ refusal: textOf(part.refusal) })],
  ['image_url', part => attached(imageOf(isRecord(part.image_url) ? part.image_url.url : part.image_url, part))],
  ['input_image', part => attached(imageOf(part.image_url, part))],
  ['input_audio', part => attached(audioOf(part.input_audio))],
  ['file', part => attached(fileOf(isRecord(part.file) ? part.file : part))],
  ['input_file', part => attached(fileOf(part))],
])

/** @param content a text, a list of parts, or anything else that was sent in their place. */
export function contentOf(content: unknown): Content {
  if (typeof content === 'string') return { text: content, refusal: '', attachments: [] }
  const parts = listOf(content).map(partOf)
  return {
    text: joined(parts.map(({ text }) => text)),
    refusal: joined(parts.map(({ refusal }) => refusal)),
    attachments: parts.flatMap(({ attachments = [] }) => attachments),
  }
}

function partOf(part: unknown): Part {
  if (typeof part === 'string') return { text: part }
  if (!isRecord(part)) return {}
  const type = textOf(part.type)
  return partsByType.get(type)?.(part) ?? unknownPart(type, part)
}

function textPart(part: JsonRecord): Part {
  return { text: textOf(part.text) }
}

function unknownPart(type: string, part: JsonRecord): Part {
  const json = jsonText(part)
  if (json.length <= unknownCharactersMax) return { text: json }
  return attached(attachmentOf('data', { name: type, bytes: json.length }))
}

function attached(attachment: Attachment): Part {
  return { attachments: [attachment] }
}

export function joined(texts: readonly (string | undefined)[]): string {
  return texts.filter(text => text !== undefined && text !== '').join('\n')
}

function imageOf(url: unknown, { file_id: fileId }: JsonRecord): Attachment {
  return attachmentOf('image', { ...addressed(textOf(url)), fileId: textOrNull(fileId) })
}

function audioOf(audio: unknown): Attachment {
  if (!isRecord(audio)) return attachmentOf('audio')
  const format = textOrNull(audio.format)
  return attachmentOf('audio', { mediaType: format && `audio/${format}`, bytes: base64Bytes(textOf(audio.data)) })
}

function fileOf(file: JsonRecord): Attachment {
  const data = addressed(textOf(file.file_data))
  const name = textOrNull(file.filename)
  return attachmentOf('file', { ...data, url: textOrNull(file.file_url), name, fileId: textOrNull(file.file_id) })
}

/** An address as it is; of a `data:` address (RFC 2397) only type and size. Bytes without an address: their size. */
function addressed(url: string): Pick<Attachment, 'mediaType' | 'bytes' | 'url'> {
  if (url === '') return {}
  if (/^data:/i.test(url)) {
    const comma = url.indexOf(',')
    const head = url.slice(5, comma === -1 ? url.length : comma)
    const content = comma === -1 ? 0 : url.length - comma - 1
    const isBase64 = /;base64$/i.test(head)
    const [mediaType = ''] = head.split(';')
    const bytes = isBase64 ? base64Bytes(url, comma + 1) : content
    return { ...(mediaType === '' ? {} : { mediaType }), bytes }
  }
  return /^[a-z][a-z0-9+.-]*:/i.test(url) ? { url } : { bytes: base64Bytes(url) }
}

/** Bytes that a base64 text stands for. @param from where the text begins. */
export function base64Bytes(text: string, from = 0): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  return Math.max(0, Math.floor(((text.length - from) * 3) / 4) - padding)
}
