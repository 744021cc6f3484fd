/** Reads the bodies of errors that the gateway gets in answer to its own requests. */

/** Errors are short: what is longer is none. Bytes. */
const errorBytesMax = 65_536

export async function beginningOf(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > errorBytesMax) break
  }
  return Buffer.concat(chunks)
}
