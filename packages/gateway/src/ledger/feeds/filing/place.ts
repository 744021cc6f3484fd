/** The port of where files go: a directory, or a container of Azure Blob Storage. */

/** A file that is written whole on this machine and that no reader sees yet. */
export interface FinishedFile {
  /** Path of the unfinished file on this machine. */
  readonly temporary: string
  /** `day=2026-11-26/hour=14`, in UTC. */
  readonly hour: string
  readonly name: string
  readonly records: number
  readonly bytes: number
  readonly firstEndedAtMs: number
  readonly lastEndedAtMs: number
}

export interface FilePlace {
  /** Directory of unfinished files on this machine, for this feed alone. */
  readonly temporary: string
  /** Called before each batch. Rejects when the place cannot take files. */
  prepare(): Promise<void>
  /**
   * Makes the files of a batch visible, each in one step, whole, and never in the place of another file. Resolves when
   * they are kept for good and a manifest names them.
   */
  publish(files: readonly FinishedFile[]): Promise<void>
  /** The error with the place, the reason and what to do, where these are known. It never holds a credential. */
  explain(error: unknown): unknown
}

/** `day=2026-11-26/hour=14`, in UTC. */
export function hourOf(ms: number): string {
  const [day, time] = new Date(ms).toISOString().split('T')
  return `day=${day}/hour=${time?.slice(0, 2)}`
}
