/** How the model is asked: what is in the address, and the longer texts, which are not. */
import type { Address, Changes } from '../../app/address.ts'

export const operations = ['chat/completions', 'responses'] as const
export type Operation = (typeof operations)[number]

export const efforts = ['none', 'minimal', 'low', 'medium', 'high'] as const
export const formats = ['text', 'json_object', 'json_schema'] as const
export type Format = (typeof formats)[number]

/** Null leaves a choice to the model. */
export interface Settings {
  readonly operation: Operation
  /** 0 to 2. */
  readonly temperature: number | null
  /** 0 to 1. */
  readonly topP: number | null
  readonly tokensMax: number | null
  readonly effort: (typeof efforts)[number] | null
  readonly seed: number | null
  readonly format: Format
}

/** Texts that may say something of people, so they are in no address. */
export interface Texts {
  readonly instructions: string
  /** A JSON array of tools, as Chat Completions takes it; empty for none. */
  readonly tools: string
  /** A JSON schema. */
  readonly schema: string
}

export const noTexts: Texts = { instructions: '', tools: '', schema: '' }

/** Bounds of the numbers, by the names that they have in the address. */
export const bounds = {
  temperature: { least: 0, most: 2, step: 0.1 },
  topP: { least: 0, most: 1, step: 0.05 },
  tokensMax: { least: 1, most: 1_000_000, step: 1 },
  seed: { least: 0, most: 2_147_483_647, step: 1 },
} as const
export type NumberName = keyof typeof bounds

/** What is not of the allowed form counts as not there: an address is written by whoever sends the link. */
export function settingsOf(address: Address): Settings {
  return {
    operation: operations.find(one => one === address['api']) ?? 'chat/completions',
    temperature: numberOf('temperature', address),
    topP: numberOf('topP', address),
    tokensMax: numberOf('tokensMax', address),
    effort: efforts.find(one => one === address['effort']) ?? null,
    seed: numberOf('seed', address),
    format: formats.find(one => one === address['format']) ?? 'text',
  }
}

export function addressOfSettings(settings: Settings): Changes {
  const { operation, temperature, topP, tokensMax, effort, seed, format } = settings
  return {
    api: operation === 'chat/completions' ? undefined : operation,
    temperature: temperature?.toString(),
    topP: topP?.toString(),
    tokensMax: tokensMax?.toString(),
    effort: effort ?? undefined,
    seed: seed?.toString(),
    format: format === 'text' ? undefined : format,
  }
}

function numberOf(name: NumberName, address: Address): number | null {
  const written = address[name]
  if (written === undefined || !/^\d{1,10}(?:\.\d{1,4})?$/.test(written)) return null
  const { least, most, step } = bounds[name]
  const value = Number(written)
  return value >= least && value <= most && (step < 1 || Number.isInteger(value)) ? value : null
}

/** What is wrong with the texts; null for what can be sent. */
export interface TextFaults {
  readonly tools: 'json' | 'array' | null
  readonly schema: 'empty' | 'json' | 'object' | null
}

export function faultsOf({ tools, schema }: Texts, { format }: Pick<Settings, 'format'>): TextFaults {
  return {
    tools: tools.trim() === '' ? null : faultIn(tools, Array.isArray, 'array'),
    schema: format !== 'json_schema' ? null : schema.trim() === '' ? 'empty' : faultIn(schema, isObject, 'object'),
  }
}

function faultIn<Wrong extends string>(
  text: string,
  fits: (value: unknown) => boolean,
  wrong: Wrong,
): 'json' | Wrong | null {
  try {
    return fits(JSON.parse(text)) ? null : wrong
  } catch {
    return 'json'
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
