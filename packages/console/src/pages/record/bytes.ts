/** Bodies come in base64. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at)
  return bytes
}

/** The bytes as text; what is no UTF-8 is replaced. */
export function textOfBytes(bytes: Uint8Array<ArrayBuffer>): string {
  return new TextDecoder().decode(bytes)
}

/** The parsed text; null where it is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}
