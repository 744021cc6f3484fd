/** Names of the GenAI conventions: those of 1.41, those of the conventions' own repository (0.1), or both. */
export type GenAiFamily = 'v1_41' | 'v0_1' | 'both'

/** Which records become spans. Those that went wrong always do. */
export interface SampleSettings {
  /** 0..1: share of the records. */
  readonly share: number
  /** Milliseconds: every record that took as long becomes spans. */
  readonly slowerThan?: number | undefined
  /** By workload: its own share. */
  readonly workloads: Readonly<Record<string, number>>
}

/** What decides how a record becomes spans. */
export interface SpanSettings {
  readonly genai: GenAiFamily
  /** True to say who called: names, ids and addresses of callers. */
  readonly callers: boolean
  /** `gen_ai.provider.name` by instance; default `azure.ai.openai`. */
  readonly providers: Readonly<Record<string, string>>
}
