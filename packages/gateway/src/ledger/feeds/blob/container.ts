import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import {
  type BlockBlobClient,
  type BlockBlobParallelUploadOptions,
  type ContainerClient,
  RestError,
} from '@azure/storage-blob'
import { type Clock, systemClock } from '../../../clock.ts'
import { uuidV7 } from '../../../ids.ts'
import type { FilePlace, FinishedFile } from '../filing/place.ts'
import { explainSystemError } from '../filing/system-errors.ts'
import { explainStorageError, StalledError } from './explain.ts'

export interface ContainerPlaceOptions {
  readonly feed: string
  /** Directory of unfinished files. */
  readonly temporary: string
  /** As `contoso.blob.core.windows.net/ledger`, for messages. */
  readonly where: string
  /** Empty, or ends with a slash. */
  readonly prefix: string
  readonly contentType: string
  /** Called once, with the first batch. */
  readonly open: () => Promise<ContainerClient>
  /** Longest time without a block that arrives, in milliseconds. */
  readonly stallMs: number
  readonly clock?: Clock
}

/** Of the blocks that are in memory at a time there are as many as requests. A file of one block is sent at once. */
const blockBytes = 4 * 1_048_576
const requestsMax = 2

/**
 * A container of Azure Blob Storage. A file is uploaded in blocks and committed in one step under a name of its own,
 * with `If-None-Match: *`. A batch has a manifest, an immutable blob as well: an appended one would need a blob type
 * that not all accounts and retention policies allow, and a repeated append would name a file twice.
 */
export class ContainerPlace implements FilePlace {
  readonly temporary: string
  readonly #options: ContainerPlaceOptions
  readonly #newId: () => string
  #container: ContainerClient | null = null

  constructor(options: ContainerPlaceOptions) {
    this.temporary = options.temporary
    this.#options = options
    this.#newId = uuidV7(options.clock ?? systemClock)
  }

  async prepare(): Promise<void> {
    this.#container ??= await this.#options.open()
    await mkdir(dirname(this.temporary), { recursive: true, mode: 0o700 })
  }

  async publish(files: readonly FinishedFile[]): Promise<void> {
    const { feed, contentType } = this.#options
    for (const file of files) await this.#upload(file, contentType)
    const manifest = {
      feed,
      files: files.map(({ hour, name, temporary: _, ...facts }) => ({ file: `${hour}/${name}`, ...facts })),
    }
    await this.#put(`_manifests/${feed}-${this.#newId()}.json`, Buffer.from(JSON.stringify(manifest)))
  }

  explain(error: unknown): unknown {
    // The account first: a firewall answers a connection with the codes of a directory that may not be written.
    const explained = explainStorageError(error, this.#options.where)
    return explained === error ? explainSystemError(error, dirname(this.temporary)) : explained
  }

  async #upload({ temporary, hour, name, bytes }: FinishedFile, contentType: string): Promise<void> {
    const hash = createHash('md5')
    await pipeline(createReadStream(temporary), hash)
    const md5 = hash.digest()
    const blob = this.#blob(`${hour}/${name}`)
    await this.#create(blob, bytes, md5, contentType, options =>
      blob.uploadFile(temporary, {
        ...{ blockSize: blockBytes, maxSingleShotSize: blockBytes, concurrency: requestsMax },
        ...options,
      }),
    )
  }

  async #put(name: string, content: Buffer): Promise<void> {
    const blob = this.#blob(name)
    const md5 = createHash('md5').update(content).digest()
    await this.#create(blob, content.byteLength, md5, 'application/json', options => blob.uploadData(content, options))
  }

  /** Runs one upload that never writes over a blob, and gives up when nothing arrives any more. */
  async #create(
    blob: BlockBlobClient,
    bytes: number,
    blobContentMD5: Uint8Array,
    blobContentType: string,
    upload: (options: BlockBlobParallelUploadOptions) => Promise<unknown>,
  ): Promise<void> {
    const { stallMs } = this.#options
    const stalled = new AbortController()
    const timer = setTimeout(() => stalled.abort(), stallMs)
    try {
      await upload({
        abortSignal: stalled.signal,
        conditions: { ifNoneMatch: '*' },
        blobHTTPHeaders: { blobContentMD5, blobContentType },
        onProgress: () => timer.refresh(),
      })
    } catch (error) {
      if (stalled.signal.aborted) throw new StalledError(stallMs)
      if (!(await wasCreated(error, blob, bytes, blobContentMD5))) throw error
    } finally {
      clearTimeout(timer)
    }
  }

  #blob(name: string): BlockBlobClient {
    if (this.#container === null) throw new TypeError('The place was not prepared.')
    return this.#container.getBlockBlobClient(this.#options.prefix + name)
  }
}

/** True where the blob was created by an earlier try of the same upload, of which the answer was lost. */
async function wasCreated(error: unknown, blob: BlockBlobClient, bytes: number, md5: Uint8Array): Promise<boolean> {
  if (!(error instanceof RestError) || (error.statusCode !== 409 && error.statusCode !== 412)) return false
  const found = await blob.getProperties().catch(() => null)
  return found?.contentLength === bytes && found.contentMD5 !== undefined && Buffer.from(md5).equals(found.contentMD5)
}
