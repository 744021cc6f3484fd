/** Section `prices`; the price catalogue has the same form. */
import { z } from 'zod'

const perMillion = z
  .number()
  .min(0)
  .max(1_000_000)
  .refine(amount => Number(amount.toFixed(6)) === amount, 'a price with at most six decimals')

/** Rates of one model. A rate that is left out is the rate of the kind of tokens that it is a part of. */
const rates = {
  input: perMillion.describe('Per million prompt tokens.'),
  cachedInput: perMillion.optional().describe('Per million cached prompt tokens. Default: as input.'),
  output: perMillion.default(0).describe('Per million completion tokens.'),
  reasoning: perMillion.optional().describe('Per million reasoning tokens. Default: as output.'),
  audioInput: perMillion.optional().describe('Per million audio prompt tokens. Default: as input.'),
  audioOutput: perMillion.optional().describe('Per million audio completion tokens. Default: as output.'),
  imageInput: perMillion.optional().describe('Per million image prompt tokens. Default: as input.'),
  imageOutput: perMillion.optional().describe('Per million image completion tokens. Default: as output.'),
}

/** What a model costs; the price catalogue has the same form. */
export const price = z.strictObject({
  ...rates,
  tiers: z
    .record(
      z.string().min(1).max(64),
      z.union([z.strictObject({ times: z.number().gt(0).max(100) }), z.strictObject(rates)], {
        error: 'a multiple of the price, as { times: 1.7 }, or rates of its own, as { input: 4.25, output: 17 }',
      }),
    )
    .default({})
    .describe(
      'Prices of service tiers, as priority and flex: a multiple of this price (`times`), or rates of their own. The tier that the answer names decides; a call of a tier without a price has no cost, and is reported as such.',
    ),
  longContext: z
    .strictObject({
      above: z
        .int()
        .min(1)
        .max(100_000_000)
        .describe('With more prompt tokens than this, the whole call costs these rates.'),
      ...rates,
    })
    .optional()
    .describe(
      'Rates of calls with a long prompt, for models that charge more for them. Default: the same as all calls.',
    ),
  batchShare: z.number().min(0).max(1).default(0.5).describe('Part of the price that calls of a batch pay.'),
  validFrom: z.iso.date().default('1970-01-01').describe('First day of this price (UTC), as 2026-01-01.'),
})

export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'a currency (ISO 4217), as USD')
  .meta({ title: 'currency' })

export const prices = z.strictObject({
  catalogue: z
    .string()
    .min(1)
    .optional()
    .describe(
      'YAML or JSON file that replaces the price catalogue that comes with Gatehouse, relative to the configuration file.',
    ),
  currency: currency
    .optional()
    .describe('Currency of `models` here and of cost limits. Default: that of the catalogue. Any other is an error.'),
  models: z
    .record(
      z.string().min(1).max(128),
      z.union([price, z.array(price).min(1)], {
        error: 'a price with at least input and output, as { input: 2.5, output: 10 }, or a list of such prices',
      }),
    )
    .default({})
    .describe(
      'Prices by model, per million tokens, instead of those of the catalogue; several with different `validFrom`.',
    ),
})

export type PriceConfig = z.output<typeof price>
