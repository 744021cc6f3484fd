/** Media types: the same in either case, with or without parameters (RFC 9110, section 8.3.1). */

/** @param contentType value of a Content-Type field, null where there is none. */
export function isEventStream(contentType: string | null | undefined): boolean {
  return contentType != null && /^\s*text\/event-stream\s*(?:;|$)/i.test(contentType)
}

/** `application/json` and all types that end in `+json`. */
export function isJson(contentType: string | null | undefined): boolean {
  return contentType != null && /^\s*application\/(?:json|[\w.+-]+\+json)\s*(?:;|$)/i.test(contentType)
}
