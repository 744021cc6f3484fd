import type { ServerResponse } from 'node:http'

/** The body of an answer whose chunks are the writer's own. */
export interface ChunkedBody {
  /** Puts one chunk on the wire; false when the socket asks to wait for `drain`. */
  write(text: string | Uint8Array): boolean
  end(): void
}

/**
 * Begins an answer in chunked coding (RFC 9112 section 7.1), framed here: Node joins what is written in one turn of the loop into
 * one chunk, and the service sends an event a chunk. Still one system call a turn. HTTP/1.0 knows no chunks and gets the bytes bare.
 */
export function beginChunks(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
): ChunkedBody {
  const bare = response.req.httpVersionMinor === 0
  response.writeHead(status, bare ? headers : { ...headers, 'transfer-encoding': 'chunked' })
  if (bare) return { write: text => response.write(text), end: () => response.end() }
  // From here on Node passes bytes through; the head has said what they are.
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
