/**
 * Price catalogues: files that say what models cost. Gatehouse brings one; `prices.catalogue` names another. A
 * catalogue has the form of the configuration and is checked together with it, so its reader is here and not in
 * prices/.
 */
import { z } from 'zod'
import shipped from './catalogue.json' with { type: 'json' }
import { readDocument } from './document.ts'
import { findingsOf } from './issues.ts'
import type { SchemaView } from './json-schema.ts'
import type { Problem } from './messages.ts'
import { currency, price } from './schema/index.ts'

/** A price without a day of its own holds at all times: lists say what is paid, but seldom since when. */
const listed = price.extend({ validFrom: z.iso.date().optional().describe('First day of this price (UTC).') })

const catalogueSchema = z.strictObject({
  currency: currency.describe('Currency of all prices, as USD.'),
  asOf: z.iso.date().describe('Day of the list (UTC), as 2026-08-01: stands in records beside costs.'),
  source: z.string().min(1).max(500).describe('Where the figures come from, in words.'),
  models: z
    .record(
      z.string().min(1).max(128),
      z.union([listed, z.array(listed).min(1)], {
        error: 'a price with at least input and output, as { input: 2.5, output: 10 }, or a list of such prices',
      }),
    )
    .describe('Prices by model, per million tokens.'),
})

export type Catalogue = z.output<typeof catalogueSchema>

/** The catalogue that the package brings, catalogue.json. */
export function shippedCatalogue(): Catalogue {
  return catalogueSchema.parse(shipped)
}

/**
 * Reads a catalogue, YAML or JSON, as strictly as the configuration.
 * @returns null for the catalogue when there are problems; their positions are those in the catalogue's text.
 */
export function parseCatalogue(text: string): {
  readonly catalogue: Catalogue | null
  readonly problems: readonly Problem[]
} {
  const { document, problems } = readDocument(text)
  if (document === null) return { catalogue: null, problems }
  const read = catalogueSchema.safeParse(document.root)
  if (read.success) return { catalogue: problems.length === 0 ? read.data : null, problems }
  const schema = z.toJSONSchema(catalogueSchema, { io: 'input', reused: 'inline' }) as SchemaView
  const context = { root: document.root, origins: new Map<string, string>(), schema }
  const findings = read.error.issues.flatMap(issue => findingsOf(issue, context))
  return { catalogue: null, problems: [...problems, ...findings.map(document.locate)] }
}
