import { crc32 } from 'node:zlib'

/** 31 bits of an object's id. The store looks for them first. */
export function objectHash(objectId: string): number {
  return crc32(objectId) >>> 1
}
