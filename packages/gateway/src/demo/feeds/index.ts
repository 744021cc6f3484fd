/** What `--feed KIND` adds to the demonstration: a receiver that it starts itself, and the feed that ships into it. */
import { join } from 'node:path'
import type { ConfigInput } from '../../config/schema/index.ts'
import type { DemoFeedKind } from './kinds.ts'

export interface DemoFeed {
  /** The feed's section; its name is the kind. */
  readonly feed: NonNullable<ConfigInput['feeds']>[string]
  /** For the banner: where to look. */
  readonly where: string
  /** Stops the receiver. Called after the gateway has stopped. */
  close(): Promise<void>
}

export interface DemoFeedParts {
  readonly host: string
  readonly stateDirectory: string
}

/** By kind. Each loads what it needs when it is started. */
export const demoFeeds: Readonly<Record<DemoFeedKind, (parts: DemoFeedParts) => Promise<DemoFeed>>> = {
  async files({ stateDirectory }) {
    const directory = join(stateDirectory, 'files')
    // A person who watches the directory should not have to wait for a minute.
    const feed = { kind: 'files', directory, bodies: true, batch: { time: '3s' } } as const
    return { feed, where: directory, close: async () => {} }
  },
}
