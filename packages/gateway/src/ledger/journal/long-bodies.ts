import { frameBodyBytesMax, frameKind } from './frame.ts'
import { type EntryGroup, type FrameFacts, sizeOf } from './group.ts'
import type { MetadataBlock } from './metadata.ts'

const noMetadata: readonly MetadataBlock[] = []

/** Appends an entry, or several where the body is longer than one: only the first has the metadata then. */
export function appendAny(
  group: EntryGroup,
  facts: FrameFacts,
  metadata: readonly MetadataBlock[],
  body: readonly Uint8Array[],
): void {
  if (sizeOf(body) <= frameBodyBytesMax) group.append(facts, metadata, body)
  else appendLong(group, facts, metadata, body)
}

function appendLong(
  group: EntryGroup,
  facts: FrameFacts,
  metadata: readonly MetadataBlock[],
  body: readonly Uint8Array[],
): void {
  const rest = facts.kind === frameKind.opened ? frameKind.requestBytes : facts.kind
  piecesOf(body).forEach((piece, index) => {
    if (index === 0) group.append(facts, metadata, piece)
    else group.append({ ...facts, kind: rest, flags: 0 }, noMetadata, piece)
  })
}

/** Cuts a body into pieces of at most one entry. */
function piecesOf(body: readonly Uint8Array[]): Uint8Array[][] {
  const pieces: Uint8Array[][] = []
  let piece: Uint8Array[] = []
  let room = frameBodyBytesMax
  for (const part of body) {
    for (let from = 0; from < part.byteLength; ) {
      const taken = part.subarray(from, from + room)
      piece.push(taken)
      from += taken.byteLength
      room -= taken.byteLength
      if (room > 0) continue
      pieces.push(piece)
      piece = []
      room = frameBodyBytesMax
    }
  }
  if (piece.length > 0) pieces.push(piece)
  return pieces
}
