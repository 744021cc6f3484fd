/** What the process is told: the file, and the path of its copy, where there is no file yet. */
export interface CopyTask {
  readonly from: string
  readonly to: string
}
