import type { RecordSettings } from '../forms.ts'

/** Records that are sent: those that meet every part that is there. */
export interface OnlyRecords {
  /** The record's code is one of these. */
  readonly codes?: readonly string[] | undefined
  /** The call used at least as many tokens. */
  readonly tokens?: number | undefined
  /** The call cost at least as much, in this currency. */
  readonly cost?: { readonly nano: number; readonly currency: string } | undefined
}

/** Settings of a feed of kind `webhook`. */
export interface WebhookSettings extends RecordSettings {
  /** https; http only to this machine itself. */
  readonly url: string
  /** Each as `whsec_` and a key in base64. */
  readonly credential: {
    readonly secret: string
    /** Signs as well, while receivers change to the other one. */
    readonly previous?: string | undefined
  }
  /** The host of `url` where it may have private addresses. */
  readonly privateHost?: string | undefined
  /** Milliseconds for a request and its answer. */
  readonly timeout: number
  readonly only?: OnlyRecords | undefined
}
