import { readFileSync } from 'node:fs'
import { type Catalogue, parseCatalogue, shippedCatalogue } from '../config/catalogue.ts'
import { fileFault } from '../config/expressions.ts'
import { ConfigError, formatPath, printable } from '../config/messages.ts'
import type { Config, PriceConfig } from '../config/schema/index.ts'
import type { Log } from '../log.ts'
import type { Price, PriceBook, PricesObserver } from './index.ts'

export interface PricesParts {
  readonly log?: Log | null
  readonly observer?: PricesObserver | null
  /** Text of `prices.catalogue`. Default: from the disk. */
  readonly readFile?: (path: string) => string
}

/**
 * Opens the price book: the catalogue, overridden by the configuration.
 * @throws ConfigError when `prices.catalogue` cannot be used. It was readable when the configuration was loaded, so it
 *   has changed since.
 */
export function openPrices(prices: Config['prices'], parts: PricesParts = {}): PriceBook {
  const { catalogue: path } = prices
  if (path === undefined) return bookOf(shippedCatalogue(), prices.models, parts)
  const { catalogue, problems } = parseCatalogue(textOf(path, parts.readFile ?? (file => readFileSync(file, 'utf8'))))
  if (catalogue === null) throw new ConfigError('config_invalid', path, problems)
  return bookOf(catalogue, prices.models, parts)
}

function textOf(path: string, read: (path: string) => string): string {
  try {
    return read(path)
  } catch (cause) {
    const seen = `${printable(path)}: ${fileFault(cause)}`
    const expected = 'a price catalogue that can be read'
    const problem = {
      code: 'missing_file',
      path: 'prices.catalogue',
      line: null,
      column: null,
      seen,
      expected,
      nearest: null,
    } as const
    throw new ConfigError('config_unreadable', path, [problem])
  }
}

/** A price and when it begins, milliseconds since the epoch. */
interface Dated {
  readonly fromMs: number
  readonly price: Price
}

/** Most models that are remembered: their names come from answers. It is more than any configuration has. */
const modelsSaidMax = 1_000

export function bookOf(
  catalogue: Catalogue,
  models: Config['prices']['models'],
  { log = null, observer = null }: Pick<PricesParts, 'log' | 'observer'> = {},
): PriceBook {
  const known = new Map<string, readonly Dated[]>()
  for (const [model, written] of Object.entries(catalogue.models)) {
    const dated = latestFirst(listOf(written).map(one => ofCatalogue(model, one, catalogue.asOf)))
    known.set(model.toLowerCase(), dated)
  }
  for (const [model, written] of Object.entries(models)) {
    const dated = latestFirst(listOf(written).map(one => ofConfiguration(model, one)))
    // Before the first day in the configuration, the catalogue's price applies.
    known.set(model.toLowerCase(), [...dated, ...(known.get(model.toLowerCase()) ?? [])])
  }
  const said = new Set<string>()
  return {
    currency: catalogue.currency,
    priceOf(servedModel, model, atMs) {
      const served =
        servedModel === null ? null : at(known.get(servedModel) ?? known.get(servedModel.toLowerCase()), atMs)
      return served ?? at(known.get(model) ?? known.get(model.toLowerCase()), atMs)
    },
    unpriced(model, tier = null) {
      observer?.unpriced(model)
      const key = tier === null ? model : `${model} ${tier}`
      if (said.has(key) || said.size >= modelsSaidMax) return
      said.add(key)
      const path = ['prices', 'models', model]
      if (tier === null) log?.warn({ model, setting: formatPath(path) }, 'model_unpriced')
      else log?.warn({ model, tier, setting: formatPath([...path, 'tiers', tier]) }, 'tier_unpriced')
    },
  }
}

function at(prices: readonly Dated[] | undefined, atMs: number): Price | null {
  if (prices === undefined) return null
  for (const { fromMs, price } of prices) if (fromMs <= atMs) return price
  return null
}

function listOf<One>(written: One | readonly One[]): readonly One[] {
  return Array.isArray(written) ? written : [written as One]
}

function latestFirst(prices: readonly Dated[]): Dated[] {
  return [...prices].sort((a, b) => b.fromMs - a.fromMs)
}

/** First day of prices that name none. */
const always = '1970-01-01'

function ofCatalogue(model: string, written: Listed, asOf: string): Dated {
  const name = `${model} ${written.validFrom ?? asOf}`
  return { fromMs: Date.parse(written.validFrom ?? always), price: priceFrom(name, 'catalogue', written) }
}

function ofConfiguration(model: string, written: PriceConfig): Dated {
  const name = `${model} ${written.validFrom === always ? 'configured' : written.validFrom}`
  return { fromMs: Date.parse(written.validFrom), price: priceFrom(name, 'configuration', written) }
}

type Listed = Omit<PriceConfig, 'validFrom'> & { readonly validFrom?: string | undefined }

type Rates = Omit<Listed, 'tiers' | 'longContext' | 'batchShare' | 'validFrom'>

const noTiers: ReadonlyMap<string, Price> = new Map()

function priceFrom(name: string, from: Price['from'], written: Listed): Price {
  const { batchShare, longContext } = written
  const base = ratesFrom(name, from, written, batchShare)
  const long = longContext === undefined ? null : ratesFrom(`${name} long`, from, longContext, batchShare)
  const priced = { ...base, longContext: long === null ? null : { above: longContext?.above ?? 0, price: long } }
  const tiers = Object.entries(written.tiers).map(([tier, one]) => {
    const tierName = `${name} ${tier}`
    const price = 'times' in one ? multiplied(tierName, priced, one.times) : ratesFrom(tierName, from, one, batchShare)
    return [tier.toLowerCase(), price] as const
  })
  return tiers.length === 0 ? priced : { ...priced, tiers: new Map(tiers) }
}

function ratesFrom(name: string, from: Price['from'], written: Rates, batchShare: number): Price {
  const { input, output } = written
  return {
    name,
    from,
    inputNano: perToken(input),
    cachedInputNano: perToken(written.cachedInput ?? input),
    outputNano: perToken(output),
    reasoningNano: perToken(written.reasoning ?? output),
    audioInputNano: perToken(written.audioInput ?? input),
    audioOutputNano: perToken(written.audioOutput ?? output),
    imageInputNano: perToken(written.imageInput ?? input),
    imageOutputNano: perToken(written.imageOutput ?? output),
    batchShare,
    tiers: noTiers,
    longContext: null,
  }
}

function multiplied(name: string, price: Price, times: number): Price {
  const by = (nano: number): number => Math.round(nano * times * 1e3) / 1e3
  const long = price.longContext
  return {
    ...price,
    name,
    inputNano: by(price.inputNano),
    cachedInputNano: by(price.cachedInputNano),
    outputNano: by(price.outputNano),
    reasoningNano: by(price.reasoningNano),
    audioInputNano: by(price.audioInputNano),
    audioOutputNano: by(price.audioOutputNano),
    imageInputNano: by(price.imageInputNano),
    imageOutputNano: by(price.imageOutputNano),
    longContext: long === null ? null : { ...long, price: multiplied(`${name} long`, long.price, times) },
  }
}

/** Converts a price per million in units to nano per token, without the error of binary fractions: 0.15 is 150. */
function perToken(perMillion: number): number {
  return Math.round(perMillion * 1e6) / 1e3
}
