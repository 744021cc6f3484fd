/** Bodies without roles: documents, texts, and bytes that are only named. */
import { isEventStream, isJson } from '../media-types.ts'
import { type Attachment, attachmentOf, type Message, messageOf } from './message.ts'

export function isForm(contentType: string | null): contentType is string {
  return contentType !== null && /^\s*multipart\/form-data\s*;/i.test(contentType)
}

/** The text of a body; of bytes that are no UTF-8 text, or have a NUL among them, only type and size. */
export function documentMessage(role: string, contentType: string | null, bytes: Buffer): Message {
  const text = mayBeText(contentType) ? utf8Of(bytes) : null
  if (text !== null) return messageOf(role, { text })
  return messageOf(role, { attachments: [bytesAttachment(contentType, bytes.byteLength)] })
}

export function bytesAttachment(contentType: string | null, bytes: number, name: string | null = null): Attachment {
  const mediaType = contentType?.split(';')[0]?.trim() ?? null
  const kind = /^(image|audio|video)\//i.exec(mediaType ?? '')?.[1]?.toLowerCase()
  const isKnown = kind === 'image' || kind === 'audio' || kind === 'video'
  return attachmentOf(isKnown ? kind : name === null ? 'data' : 'file', { name, mediaType, bytes })
}

function mayBeText(contentType: string | null): boolean {
  if (contentType === null || isJson(contentType) || isEventStream(contentType)) return true
  return !/^\s*(?:image|audio|video|application\/(?:octet-stream|pdf|zip|gzip))/i.test(contentType)
}

function utf8Of(bytes: Buffer): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.includes('\0') ? null : text
  } catch {
    return null
  }
}
