/** A query in an address: as it is where it is short, compressed where it is not. */
import type { Address, Changes } from '../../app/address.ts'

/** Characters that the address may have for it: the gateway takes addresses of 4,096 in all. */
const lettersMax = 3_000

/** Members of the address that have the query; null for one that is too long for a link. */
export async function linkOf(sql: string): Promise<Changes | null> {
  if (encodeURIComponent(sql).length <= lettersMax) return { sql, z: undefined }
  const packed = await deflated(sql)
  return packed.length <= lettersMax ? { sql: undefined, z: packed } : null
}

/** The query of an address; null where it has none, or one that cannot be read. */
export async function sqlIn({ sql, z }: Address): Promise<string | null> {
  if (sql !== undefined) return sql
  return z === undefined ? null : inflated(z).catch(() => null)
}

async function deflated(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'))
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer())
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}

/** Longest query that the gateway takes. A link of little text may unpack to very much. */
const unitsMax = 20_000

async function inflated(packed: string): Promise<string> {
  const bytes = Uint8Array.from(atob(packed.replaceAll('-', '+').replaceAll('_', '/')), one => one.charCodeAt(0))
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  const reader = stream.getReader()
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += decoder.decode(part.value, { stream: true })
    if (text.length <= unitsMax) continue
    await reader.cancel()
    throw new RangeError('The query of the link is too long.')
  }
  return text + decoder.decode()
}
