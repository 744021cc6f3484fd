import { join } from 'node:path'

/**
 * Where the console's built page is: in the published package beside the built code, in the checkout where its own
 * package builds it. It may be missing there.
 */
export function consoleDirectory(): string {
  const isPublished = import.meta.filename.endsWith('.js')
  return isPublished
    ? join(import.meta.dirname, '..', 'console')
    : join(import.meta.dirname, '..', '..', '..', 'console', 'dist')
}
