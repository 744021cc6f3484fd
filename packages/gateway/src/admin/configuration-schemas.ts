/** What goes in and out of the routes of the configuration. */
import { z } from '@hono/zod-openapi'
import { configBytesMax } from '../config/document.ts'
import type { Applied, Checked, ConfigurationReport, Version, VersionText } from '../config/in-force/index.ts'

/** Longest JSON that carries a configuration, in bytes: each of its characters may be escaped. */
export const configurationJsonBytesMax = 2 * configBytesMax

const text = z
  .string()
  .max(configBytesMax, `at most ${configBytesMax} characters`)
  .openapi({ description: 'The whole text, YAML. A secret that was left out, as "${kept:…}", stays what it is.' })

export const checkBody = z.strictObject({ text })

export const applyBody = z.strictObject({
  text,
  expectedHash: z
    .string()
    .regex(/^[0-9a-f]{32}$/, 'expected the `file.hash` of GET /api/v1/config')
    .openapi({
      description: '`file.hash` as it was when the change began: another file since then is not overwritten.',
    }),
})

export const versionParameter = z.strictObject({
  version: z
    .string()
    .regex(/^\d{1,9}$/, 'expected the `id` of a version')
    .transform(Number)
    .openapi({ type: 'string' }),
})

const string = z.string().nullable()
const how = z.enum(['start', 'file', 'apply'])

export const problem = z
  .strictObject({
    code: z.enum([
      ...([
        'unreadable',
        'syntax',
        'duplicate_key',
        'unknown_key',
        'missing_key',
        'wrong_type',
        'wrong_value',
      ] as const),
      ...(['reserved_name', 'unknown_name', 'duplicate', 'conflict', 'expression', 'missing_variable'] as const),
      ...(['missing_file', 'risk'] as const),
    ]),
    path: z.string().openapi({ example: 'workloads.hr-bot.callers[0].user' }),
    line: z.int().nullable(),
    column: z.int().nullable(),
    seen: string,
    expected: z.string(),
    nearest: string,
  })
  .openapi('ConfigurationProblem')

const value = z
  .strictObject({
    path: z.string(),
    value: string.openapi({ description: 'As it is written in YAML; null where it is not given out.' }),
    source: z.enum(['file', 'environment', 'secret-file', 'default']),
    from: string.openapi({ description: 'The variable or file that the text names.', example: 'env REDIS_PASSWORD' }),
    line: z.int().nullable(),
    needsRestart: z.boolean(),
  })
  .openapi('ConfigurationValue')

const report = z
  .strictObject({
    inForce: z.strictObject({
      hash: z.string(),
      version: z.int().nullable().openapi({ description: 'Its number in the history.' }),
      takenAtMs: z.number().nullable(),
      how: how.nullable(),
      by: string,
      name: string,
      text: z.string().openapi({ description: 'Without secrets.' }),
      values: z.array(value),
      waitForRestart: z.array(z.string()),
    }),
    file: z.strictObject({
      path: z.string(),
      state: z.enum(['in_force', 'not_taken', 'refused', 'unreadable']),
      hash: string,
      text: string,
      problems: z.array(problem),
    }),
    apply: z.enum(['allowed', 'off', 'read_only', 'no_permission']),
  })
  .openapi('Configuration')
export const configurationAnswer: z.ZodType<ConfigurationReport> = report

const checked = z
  .strictObject({
    problems: z.array(problem),
    problemCount: z.int(),
    warnings: z.array(problem).openapi({ description: 'As far as they can be told while there are problems.' }),
    unchecked: z
      .array(z.string())
      .openapi({ description: 'What could not be checked because of the problems, and why; a line each.' }),
    waitForRestart: z.array(z.string()),
  })
  .openapi('ConfigurationCheck')
export const checkedAnswer: z.ZodType<Checked> = checked

const version = z.strictObject({
  id: z.int(),
  hash: z.string(),
  takenAtMs: z.number(),
  how,
  by: string,
  name: string,
})
const versions = z.strictObject({ versions: z.array(version).openapi({ description: 'Newest first.' }) })
export const historyAnswer: z.ZodType<{ readonly versions: readonly Version[] }> =
  versions.openapi('ConfigurationHistory')

const versionText = version.extend({ text: z.string() }).openapi('ConfigurationVersion')
export const versionAnswer: z.ZodType<VersionText> = versionText

const applied = z
  .strictObject({ hash: z.string(), waitForRestart: z.array(z.string()) })
  .openapi('ConfigurationApplied')
export const appliedAnswer: z.ZodType<Applied> = applied

export const schemaAnswer = z.record(z.string(), z.unknown()).openapi('ConfigurationSchema')
