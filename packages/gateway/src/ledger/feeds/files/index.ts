/**
 * The feed of kind `files`: writes records to a directory. A file appears under its name when it is whole and on the
 * disk, and never changes then. Each hour has a manifest.
 */
import { join } from 'node:path'
import { openFiling } from '../filing/index.ts'
import type { FilePlace } from '../filing/place.ts'
import { explainSystemError } from '../filing/system-errors.ts'
import type { Feed, FeedParts } from '../index.ts'
import { Hours, makeDirectory } from './hour.ts'
import type { FilesSettings } from './settings.ts'

/** @public Imported by the feed's thread. */
export function openFeed(settings: unknown, parts: FeedParts): Promise<Feed> {
  const { directory, ...filing } = settings as FilesSettings
  return openFiling(filing, parts, format => {
    const hours = new Hours(directory, parts.name, path => format.count(path))
    return directoryPlace(directory, parts.name, hours)
  })
}

function directoryPlace(directory: string, feed: string, hours: Hours): FilePlace {
  return {
    // In the same file system, because files are renamed.
    temporary: join(directory, `.${feed}.tmp`),
    async prepare() {
      // Not its parents: a file system that is not mounted must not be replaced by a directory of that name.
      await makeDirectory(directory)
    },
    async publish(files) {
      for (const file of files) await hours.publish(file)
    },
    explain: error => explainSystemError(error, directory),
  }
}
