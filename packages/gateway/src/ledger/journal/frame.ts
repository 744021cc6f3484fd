/**
 * One entry of the journal:
 *
 *      0  8 bytes  marker     random per segment, so that no body can forge an entry in a damaged journal
 *      8  u32      headCrc    CRC-32 of bytes 12 to the end of the metadata
 *     12  u32      bodyCrc    CRC-32 of the body
 *     16  u32      metaBytes
 *     20  u32      bodyBytes
 *     24  u32      requestBytes  `closed`: the first bytes of the body that are the request's
 *     28  u8 u8 u16  kind, flags, format of the metadata
 *     32  f64      writtenAtMs
 *     40  16 bytes id
 *     56  metadata, then the body as it was received
 *
 * Two checksums, so that the store follows the journal without reading bodies. Numbers are little-endian.
 */
export const frameHeadBytes = 56
export const frameKind = { opened: 1, requestBytes: 2, responseBytes: 3, closed: 4 } as const
export type FrameKind = (typeof frameKind)[keyof typeof frameKind]

/**
 * Largest body of one entry. Longer bodies continue in further entries, so that a reader needs no more memory than
 * this.
 */
export const frameBodyBytesMax = 8 * 1024 * 1024
/**
 * Bytes with larger metadata are not an entry: 35 texts of 65,534 units at three bytes each do not reach half of it.
 * The other half is the room of a body that was erased (erased-entry.ts).
 */
export const frameMetaBytesMax = 16 * 1024 * 1024

export const at = {
  headCrc: 8,
  bodyCrc: 12,
  metaBytes: 16,
  bodyBytes: 20,
  requestBytes: 24,
  kind: 28,
  flags: 29,
  version: 30,
  writtenAtMs: 32,
  id: 40,
} as const
