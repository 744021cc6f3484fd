import type { ServerResponse } from 'node:http'

/** The body of an answer in which the writer decides the chunks. */
export interface ChunkedBody {
  /** Sends one chunk; false when the caller must wait for `drain`. */
  write(text: string | Uint8Array): boolean
  end(): void
}

/**
 * Begins an answer in chunked coding (RFC 9112 section 7.1). The framing is done here: Node joins everything that is
 * written in one turn of the event loop into one chunk, but the service sends one event per chunk. There is still one
 * system call per turn. HTTP/1.0 has no chunks and gets the plain bytes.
 */
export function beginChunks(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
): ChunkedBody {
  const bare = response.req.httpVersionMinor === 0
  response.writeHead(status, bare ? headers : { ...headers, 'transfer-encoding': 'chunked' })
  if (bare) return { write: text => response.write(text), end: () => response.end() }
  // From here on Node passes bytes through; the head already announced the coding.
  response.chunkedEncoding = false
  return {
    write: text => {
      if (text.length === 0) return true
      if (typeof text === 'string') return response.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)
      response.write(`${text.length.toString(16)}\r\n`, 'latin1')
      response.write(text)
      return response.write('\r\n', 'latin1')
    },
    end: () => response.end('0\r\n\r\n', 'latin1'),
  }
}
