/** A mistake in `deploy/terraform` that a check must find. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A mistake: one place of one file, changed. */
export interface Mutation {
  readonly mistake: string
  /** Relative to `deploy/terraform`. */
  readonly file: string
  readonly from: string
  readonly to: string
  /** Whose values Terraform computes. Default: `minimal`. */
  readonly example?: string
  /** Part of the finding. */
  readonly found: RegExp
}

/** The mistakes of one module. */
export interface Mistakes {
  /** Found by the parser and the rules, on every machine. */
  readonly written: readonly Mutation[]
  /** Found by Terraform alone, from values that it computes. */
  readonly computed: readonly Mutation[]
}

/** Makes the mistake in a copy. @param directory the `terraform` directory of the copy. */
export function makeMistake(directory: string, { file, from, to }: Mutation): void {
  const path = join(directory, file)
  const text = readFileSync(path, 'utf8')
  assert.ok(text.includes(from), `${file} has no ${from}`)
  writeFileSync(
    path,
    text.replace(from, () => to),
  )
}
