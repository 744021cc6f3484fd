import { crc32 } from 'node:zlib'

/** 31 bits of an object's id: what the store looks for first. */
export function objectHash(objectId: string): number {
  return crc32(objectId) >>> 1
}
