/**
 * The feed of kind `blob`: writes the files of the kind `files` to a container of Azure Blob Storage. A batch is first
 * written on this machine, then uploaded. A blob appears when it is whole, and never changes then; each batch has a
 * manifest.
 */
import { openFiling } from '../filing/index.ts'
import type { Feed, FeedParts } from '../index.ts'
import { openContainer } from './client.ts'
import { ContainerPlace } from './container.ts'
import type { BlobSettings } from './settings.ts'

const contentTypes = { jsonl: 'application/x-ndjson', parquet: 'application/vnd.apache.parquet' } as const

/** @public Imported by the feed's thread. */
export function openFeed(settings: unknown, parts: FeedParts): Promise<Feed> {
  return openBlobFeed(settings as BlobSettings, parts, 120_000)
}

/** @param stallMs longest time without a block that arrives, in milliseconds. */
export function openBlobFeed(settings: BlobSettings, parts: FeedParts, stallMs: number): Promise<Feed> {
  const { account, container, prefix, credential: _, ...filing } = settings
  return openFiling(
    filing,
    parts,
    () =>
      new ContainerPlace({
        ...{ feed: parts.name, temporary: parts.temporary, stallMs },
        where: `${account === undefined ? 'container ' : `${withoutScheme(account)}/`}${container}`,
        prefix: prefix === '' ? '' : `${prefix.replace(/^\/+|\/+$/g, '')}/`,
        contentType: contentTypes[settings.format],
        open: () => openContainer(settings),
      }),
  )
}

const withoutScheme = (url: string): string => url.replace(/^https?:\/\//, '').replace(/\/+$/, '')
